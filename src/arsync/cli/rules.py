"""`rules check|fields|schema`: the rulebook before it touches anyone."""

from __future__ import annotations

import json
from pathlib import Path

import click

from arsync.cli import EXIT_DONE, EXIT_MISTAKE
from arsync.cli.common import (
    config_option,
    connection_option,
    json_option,
    open_app,
    print_json,
    print_table,
    say,
)
from arsync.cli.rules_diff import rules_diff
from arsync.errors import UserMistake


@click.group()
def rules() -> None:
    """Check rulebooks, list the facts, print the schema."""


rules.add_command(rules_diff)


@rules.command(short_help="Say everything that is wrong with a rulebook.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@connection_option
@json_option
@config_option
def check(
    paths: tuple[Path, ...], connection: str | None, as_json: bool, config_file: Path | None
) -> int:
    """Say everything that is wrong with a rulebook, with line and column.

    PATHS are files or folders; without them, the rules folder of the config, also against what
    each connection's platform offers.
    """
    from arsync.run.rules import read_paths

    problems: list[str] = []
    errors = 0
    with open_app(config_file, needs_config=not paths) as app:
        if paths:
            found = [("", read_paths(app.config, paths))]
        else:
            rows = [
                row
                for row in app.store.connections.all()
                if connection in {None, row.name}
            ]  # fmt: skip
            if connection:
                app.store.connections.get(connection)
            found = [(row.name, app.rules(row.name)) for row in rows] or [("", app.rules())]
            for row, (_, read) in zip(rows, found, strict=False):
                lacking = app.lacking(read, row)
                problems += lacking
                errors += len(lacking)
    for _, read in found:
        problems += read.problems
        errors += read.errors
    problems = list(dict.fromkeys(problems))
    names = list(dict.fromkeys(read.rulebook.name for _, read in found if read.rulebook))
    if as_json:
        print_json({"ok": not errors, "problems": problems, "rulebooks": names})
    else:
        for problem in problems:
            click.echo(problem)
        good = ", ".join(names)
        say(f"{errors} to mend." if errors else f"{good or 'The rulebook'}: nothing wrong.")
    return EXIT_MISTAKE if errors else EXIT_DONE


@rules.command()
@click.argument("word", required=False)
@json_option
def fields(word: str | None, as_json: bool) -> int:
    """List the facts that a condition can ask for. WORD narrows the list."""
    from arsync.core.facts import FIELDS

    found = [
        field
        for field in FIELDS
        if not word or word.lower() in f"{field.name} {field.description}".lower()
    ]
    if not found:
        raise UserMistake(f"no fact is about {word!r}. `arsync rules fields` lists all of them.")
    if as_json:
        print_json(
            [
                {
                    "name": field.name,
                    "of": field.of,
                    "is": field.kind.value,
                    "choices": list(field.choices),
                    "means": field.description,
                    "unknown": field.unknown,
                    "from": field.source,
                    "example": field.example,
                }
                for field in found
            ]
        )
        return EXIT_DONE
    print_table(
        "",
        ["fact", "of", "is", "means", "example"],
        [
            [
                field.name,
                field.of,
                ", ".join(field.choices) or field.kind.value,
                field.description + (f"; unknown when {field.unknown}" if field.unknown else ""),
                field.example,
            ]
            for field in found
        ],
    )
    return EXIT_DONE


@rules.command()
def schema() -> int:
    """Print the JSON Schema of rulebooks, for editors."""
    from arsync.core.schema import schema as rulebook_schema

    click.echo(json.dumps(rulebook_schema(), indent=2, ensure_ascii=False))
    return EXIT_DONE
