"""`resolve`: what only a person can settle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from arsync.cli.common import (
    config_option,
    connection_option,
    json_option,
    open_app,
    print_json,
    say,
    word,
    wrapped,
)
from arsync.errors import EXIT_DONE, EXIT_WAITING, UserMistake

if TYPE_CHECKING:
    from arsync.run.unknown import Unsettled

_WORDS = {"sent": True, "not-sent": False}


@click.command()
@click.argument("key", required=False, metavar="[KEY]")
@click.argument("outcome", required=False, metavar="[sent|not-sent]")
@click.option("--note", default="", help="How you know; it is kept with the action.")
@connection_option
@json_option
@config_option
def resolve(
    key: str | None,
    outcome: str | None,
    note: str,
    connection: str | None,
    as_json: bool,
    config_file: Path | None,
) -> int:
    """Say whether something went out, where nothing else can tell.

    Without an outcome it lists what is unknown: what was tried and when, what arsync looked at, and
    what to look at yourself. The beginning of a key is enough. `sent` counts it as done; `not-sent`
    lets the next run try it again.
    """
    if outcome is not None and outcome not in _WORDS:
        raise UserMistake(f"{outcome!r} is no outcome: write sent or not-sent.")
    if outcome is None and note:
        raise UserMistake("a note goes with an outcome: arsync resolve KEY sent --note TEXT.")
    with open_app(config_file) as app:
        if key is None or outcome is None:
            found = app.unsettled(connection, key=key)
            if as_json:
                print_json([one.as_json() for one in found])
            else:
                show_unsettled(found)
            return EXIT_WAITING if found else EXIT_DONE
        done = app.resolve(key, sent=_WORDS[outcome], note=note)
    if as_json:
        print_json(done.as_json())
    said = "it counts as done" if _WORDS[outcome] else "the next run tries it again"
    say(f"{done.row.key[:12]}: {done.row.reason}; {said}.")
    return EXIT_DONE


def show_unsettled(found: list[Unsettled]) -> None:
    """Print what is unknown, each with what was tried and what a person should look at."""
    from arsync.cli.show import KEY_SHOWN, titled

    if not found:
        click.echo("Every outcome is known.")
        return
    for one in found:
        row = one.listed.row
        click.secho(f"\n{row.key[:KEY_SHOWN]}  {titled(row)} ({one.listed.connection})", bold=True)
        tried = f"{one.tried_at:%Y-%m-%d %H:%M} UTC: " if one.tried_at else ""
        looked = f"{one.looked_at:%Y-%m-%d %H:%M} UTC: " if one.looked_at else ""
        click.echo(wrapped(f"tried      {tried}{one.happened}", indent=2))
        click.echo(wrapped(f"looked up  {looked}{one.looked}", indent=2))
        click.echo(wrapped(f"look at    {one.look_for}", indent=2))
        for link in one.links:
            click.echo(f"             {link.shown}: {link.address}")
    say(
        f"\n{word(len(found), 'unknown outcome')}. When you have looked: `arsync resolve KEY sent`"
        " counts it as done,\n`arsync resolve KEY not-sent` lets the next run try it again."
    )
