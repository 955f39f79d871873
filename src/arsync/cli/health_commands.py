"""`doctor`: is everything right?"""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arsync.cli.common import config_option, connection_option, json_option, opened, say, word
from arsync.cli.json_output import print_json
from arsync.errors import EXIT_DONE, EXIT_FAILED, ArsyncError, UserMistake

if TYPE_CHECKING:
    from arsync.application.health.findings import FindingGroup
    from arsync.application.organisation.connection_choice import ConnectionChoice
    from arsync.application.organisation.container import Container
    from arsync.application.organisation.organisation_context import OrganisationContext
    from arsync.application.permissions import Actor

_SIGNS = {"ok": "ok   ", "note": "note ", "wrong": "WRONG"}


@click.command()
@click.option(
    "--deep",
    is_flag=True,
    help="Also check the store against itself, and every document against the platform's.",
)
@connection_option
@click.option(
    "--all", "overall", is_flag=True, help="Show only what is not in order, alike things once."
)
@click.option("--full", is_flag=True, help="Show each check of each connection.")
@json_option
@config_option
def doctor(
    deep: bool,
    connection: ConnectionChoice,
    overall: bool,
    full: bool,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Check the whole installation: settings, store, connections, rulebook.

    Checks config, store, keys, authorisation, clock, remaining calls, and the rulebook against what
    each platform offers. It makes one call to each platform and changes nothing. --deep reads every
    document again, with as many calls as a first pull; run it right after `arsync pull`. More
    than five connections are shown as with --all: what is not in order, and how many have it.
    """
    from arsync.application.health.deep_check import examine_deeply
    from arsync.application.health.doctor import examine
    from arsync.application.health.findings import WRONG, grouped
    from arsync.cli.summaries import is_summarised

    if overall and full:
        raise UserMistake("--all and --full: give one of them.")
    findings = []
    with opened(config_file) as (actor, container):
        many = is_summarised(_chosen(actor, container, connection), everything=full)
        summarised = overall or (many and not as_json)
        deep_findings = examine_deeply(actor, container, connection) if deep else ()
        # Printed as they come: a slow platform must not hide what is known already.
        for finding in chain(examine(actor, container, connection), deep_findings):
            findings.append(finding)
            if not as_json and not summarised:
                click.echo(f"{_SIGNS[finding.verdict]}  {finding.about}: {finding.message}")
    wrong = sum(finding.verdict == WRONG for finding in findings)
    if summarised:
        groups = grouped(findings)
        if as_json:
            print_json({"checks": len(findings), "groups": groups})
        else:
            for group in groups:
                _show_group(group)
    elif as_json:
        print_json(findings)
    checked = f"{word(len(findings), 'check')}: " if summarised else ""
    say(f"{checked}{word(wrong, 'problem')} found." if wrong else f"{checked}All is well.")
    return EXIT_FAILED if wrong else EXIT_DONE


NAMES_PER_FINDING_MAX = 5
"""So many connections are named that have the same finding."""


def _show_group(group: FindingGroup) -> None:
    """Print what several connections have in common, in one line for each line of its message."""
    names = group.connections
    whose = names[0] if len(names) == 1 else word(len(names), "connection") if names else ""
    about = ", ".join(filter(None, [whose, group.about]))
    some = ", ".join(names[:NAMES_PER_FINDING_MAX])
    if len(names) > NAMES_PER_FINDING_MAX:
        some += f" and {len(names) - NAMES_PER_FINDING_MAX:,} more"
    tail = f" ({some})" if len(names) > 1 else ""
    click.echo(f"{_SIGNS[group.verdict]}  {about}: {group.message}{tail}")


def _chosen(
    actor: Actor, container: Container, connection: ConnectionChoice
) -> list[OrganisationContext]:
    """Return what is examined; nothing while the store cannot be opened, which is told later."""
    from arsync.application.connections.connecting import connections

    try:
        return connections(actor, container, connection)
    except ArsyncError:
        # A name that is not known is the caller's mistake; what is broken is a finding.
        if connection:
            raise
        return []
