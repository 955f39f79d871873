"""`rules check|fields|schema`: the rulebook before it touches anyone."""

from __future__ import annotations

import json

import click

from arsync.cli.common import (
    json_option,
    print_json,
    print_table,
)
from arsync.cli.rules_backtest import rules_backtest
from arsync.cli.rules_check import rules_check
from arsync.cli.rules_diff import rules_diff
from arsync.cli.rules_new import rules_new
from arsync.cli.rules_show import rules_drift, rules_show
from arsync.cli.rules_simulate import rules_simulate
from arsync.cli.rules_test import rules_test
from arsync.errors import EXIT_DONE, UserMistake


@click.group()
def rules() -> None:
    """Check rulebooks, list the facts, print the schema."""


rules.add_command(rules_check)
rules.add_command(rules_diff)
rules.add_command(rules_new)
rules.add_command(rules_show)
rules.add_command(rules_drift)
rules.add_command(rules_simulate)
rules.add_command(rules_backtest)
rules.add_command(rules_test)


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
@click.option("--scenarios", is_flag=True, help="Of the files that `rules test` plays.")
def schema(scenarios: bool) -> int:
    """Print the JSON Schema of rulebooks, for editors."""
    from arsync.core.scenario.keys import scenario_schema
    from arsync.core.schema import schema as rulebook_schema

    found = scenario_schema() if scenarios else rulebook_schema()
    click.echo(json.dumps(found, indent=2, ensure_ascii=False))
    return EXIT_DONE
