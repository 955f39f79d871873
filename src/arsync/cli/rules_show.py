"""`rules show` and `rules drift`: the rulebook as it counts, and how connections differ."""

from __future__ import annotations

from pathlib import Path

import click

from arsync.cli.common import (
    config_option,
    connection_option,
    json_option,
    open_app,
    print_json,
    say,
    word,
)
from arsync.errors import EXIT_DONE, EXIT_MISTAKE, UserMistake


@click.command("show", short_help="Print the rulebook as it counts, with its places.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@connection_option
@json_option
@config_option
def rules_show(
    paths: tuple[Path, ...], connection: str | None, as_json: bool, config_file: Path | None
) -> int:
    """Print the rulebook as it counts, with the file and line of each part.

    PATHS are files or folders; without them it is the rules folder of the config. What is printed
    is a rulebook itself: saved to a file, it is read as the same one. With --json it is a text
    beside its name, files and hash.
    """
    from arsync.core.rulebook.effective import effective_text
    from arsync.rules_source.folder import read_paths, read_rules

    with open_app(config_file, needs_config=not paths) as app:
        if connection:
            app.store.connections.get(connection)
        rules = read_paths(app.config, paths) if paths else read_rules(app.config, connection or "")
    if rules.errors:
        raise UserMistake("\n".join(rules.problems))
    text = effective_text(rules.effective)
    if as_json:
        assert rules.rulebook is not None, "without an error there is a rulebook"
        about = {"name": rules.rulebook.name, "currency": rules.rulebook.currency}
        hashed = {"files": list(rules.rulebook.files), "hash": rules.rulebook.hash}
        print_json({**about, **hashed, "rulebook": text})
    else:
        click.echo(text, nl=False)
    return EXIT_DONE


@click.command("drift", short_help="List how connections differ from the shared rules.")
@connection_option
@json_option
@config_option
def rules_drift(connection: str | None, as_json: bool, config_file: Path | None) -> int:
    """List how each connection's rulebook differs from the one that all share."""
    from arsync.core.rulebook.effective import rulebook_differences
    from arsync.rules_source.folder import read_rules

    failed = False
    listed: list[dict[str, object]] = []
    with open_app(config_file) as app:
        if connection:
            app.store.connections.get(connection)
        shared = read_rules(app.config)
        for problem in shared.problems if shared.errors else ():
            click.echo(problem, err=True)
            failed = True
        for row in app.store.connections.all():
            if failed or connection not in {None, row.name}:
                continue
            own = read_rules(app.config, row.name)
            if own.errors:
                click.echo("\n".join(own.problems), err=True)
                failed = True
                continue
            found = rulebook_differences(shared.effective, own.effective)
            listed += [
                {
                    "connection": row.name,
                    "section": difference.section,
                    "element": difference.element,
                    "what": difference.what,
                    "file": difference.place.file,
                    "line": difference.place.line,
                }
                for difference in found
            ]
            if not as_json:
                say(f"{row.name}: {word(len(found), 'difference') if found else 'as shared'}.")
                for one in found:
                    click.echo(f"    {one}")
    if as_json:
        print_json(listed)
    return EXIT_MISTAKE if failed else EXIT_DONE
