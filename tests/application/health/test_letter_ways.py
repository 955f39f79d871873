"""The doctor tells by which ways letters can leave, and what is in the way."""

from __future__ import annotations

from msgspec.structs import replace

from arsync.application.connections import connecting
from arsync.application.health.findings import OK, WRONG, Finding
from arsync.application.health.letter_ways import way_findings
from arsync.application.organisation.container import Container
from arsync.application.permissions import Actor, Role

OWNER = Actor("Olga", Role.OWNER)


def findings(container: Container) -> list[Finding]:
    (organisation,) = connecting.connections(OWNER, container)
    return list(way_findings(organisation))


def test_each_way_is_told_set_up_or_not(container: Container) -> None:
    (told,) = findings(container)
    assert told.verdict == OK
    assert told.message == (
        "they can leave by Books's own email, email (via: smtp)."
        " Not set up: post (via: post), text message (via: sms)."
    )


def test_a_missing_post_folder_is_in_the_way(container: Container) -> None:
    config = container.config
    container.config = replace(config, letters=replace(config.letters, post_folder="post"))
    told, problem = findings(container)
    assert "post (via: post)." in told.message
    assert problem.verdict == WRONG
    assert problem.message.startswith("[letters] post_folder: there is no folder ")
    (config.folder / "post").mkdir()
    assert [finding.verdict for finding in findings(container)] == [OK]
