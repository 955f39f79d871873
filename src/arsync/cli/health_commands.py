"""`doctor`: is everything right?"""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import click

from arsync.cli.common import config_option, json_option, opened, say, word
from arsync.cli.json_output import print_json
from arsync.errors import EXIT_DONE, EXIT_FAILED

_SIGNS = {"ok": "ok   ", "note": "note ", "wrong": "WRONG"}


@click.command()
@click.option(
    "--deep",
    is_flag=True,
    help="Also check the store against itself, and every document against the platform's.",
)
@json_option
@config_option
def doctor(deep: bool, as_json: bool, config_file: Path | None) -> int:
    """Check the whole installation: settings, store, connections, rulebook.

    Checks config, store, keys, authorisation, clock, remaining calls, and the rulebook against what
    each platform offers. It makes one call to each platform and changes nothing. --deep reads every
    document again, with as many calls as a first pull; run it right after `arsync pull`.
    """
    from arsync.application.health.deep_check import examine_deeply
    from arsync.application.health.doctor import examine
    from arsync.application.health.findings import WRONG

    findings = []
    with opened(config_file) as (actor, container):
        deep_findings = examine_deeply(actor, container) if deep else ()
        # Printed as they come: a slow platform must not hide what is known already.
        for finding in chain(examine(actor, container), deep_findings):
            findings.append(finding)
            if not as_json:
                click.echo(f"{_SIGNS[finding.verdict]}  {finding.about}: {finding.message}")
    wrong = sum(finding.verdict == WRONG for finding in findings)
    if as_json:
        print_json(findings)
    say(f"{word(wrong, 'problem')} found." if wrong else "All is well.")
    return EXIT_FAILED if wrong else EXIT_DONE
