"""`doctor`: is everything right?"""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arsync.cli.common import config_option, connection_option, json_option, opened, say, word
from arsync.cli.json_output import print_json
from arsync.errors import EXIT_DONE, EXIT_FAILED, ArsyncError

if TYPE_CHECKING:
    from arsync.application.connection_choice import ConnectionChoice
    from arsync.application.container import Container
    from arsync.application.organisation_context import OrganisationContext
    from arsync.application.permissions import Actor

_SIGNS = {"ok": "ok   ", "note": "note ", "wrong": "WRONG"}


@click.command()
@click.option(
    "--deep",
    is_flag=True,
    help="Also check the store against itself, and every document against the platform's.",
)
@connection_option
@click.option("--all", "everything", is_flag=True, help="Show what is in order too.")
@json_option
@config_option
def doctor(
    deep: bool,
    connection: ConnectionChoice,
    everything: bool,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Check the whole installation: settings, store, connections, rulebook.

    Checks config, store, keys, authorisation, clock, remaining calls, and the rulebook against what
    each platform offers. It makes one call to each platform and changes nothing. --deep reads every
    document again, with as many calls as a first pull; run it right after `arsync pull`. Of more
    than five connections, only what needs a person is shown.
    """
    from arsync.application.health.deep_check import examine_deeply
    from arsync.application.health.doctor import examine
    from arsync.application.health.findings import OK, WRONG
    from arsync.cli.summaries import is_summarised

    findings = []
    with opened(config_file) as (actor, container):
        many = is_summarised(_chosen(actor, container, connection), everything=everything)
        deep_findings = examine_deeply(actor, container, connection) if deep else ()
        # Printed as they come: a slow platform must not hide what is known already.
        for finding in chain(examine(actor, container, connection), deep_findings):
            findings.append(finding)
            if not as_json and not (many and finding.verdict == OK):
                click.echo(f"{_SIGNS[finding.verdict]}  {finding.about}: {finding.message}")
    wrong = sum(finding.verdict == WRONG for finding in findings)
    if as_json:
        print_json(findings)
    checked = f"{word(len(findings), 'check')}: " if many else ""
    say(f"{checked}{word(wrong, 'problem')} found." if wrong else f"{checked}All is well.")
    return EXIT_FAILED if wrong else EXIT_DONE


def _chosen(
    actor: Actor, container: Container, connection: ConnectionChoice
) -> list[OrganisationContext]:
    """Return what is examined; nothing while the store cannot be opened, which is told later."""
    from arsync.application.connecting import connections

    try:
        return connections(actor, container, connection)
    except ArsyncError:
        # A name that is not known is the caller's mistake; what is broken is a finding.
        if connection:
            raise
        return []
