"""`rules check|fields|schema`: the rulebook before it touches anyone."""

from __future__ import annotations

import importlib

import click

from arsync.cli.common import json_option, print_table, refuse_unknown_command
from arsync.cli.json_output import print_json
from arsync.errors import EXIT_DONE, UserMistake

ELSEWHERE = {
    "check": "rules_check",
    "diff": "rules_diff",
    "new": "rules_new",
    "push": "rules_push",
    "versions": "rules_versions",
    "show": "rules_show",
    "drift": "rules_show",
    "simulate": "rules_simulate",
    "backtest": "rules_backtest",
    "test": "rules_test",
}
"""Commands that are modules of their own, each its function `rules_NAME`: imported when called, so
that `rules check`, which editors run at every save, does not wait for the others."""


class _Rules(click.Group):
    """The group, with the commands that stand elsewhere."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*ELSEWHERE, *super().list_commands(ctx)])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        module = importlib.import_module(f"arsync.cli.{ELSEWHERE[cmd_name]}")
        command = getattr(module, f"rules_{cmd_name}")
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        # click itself would guess among the commands of this module alone.
        if args and not args[0].startswith("-"):
            refuse_unknown_command(ctx, args[0], self.list_commands(ctx))
        return super().resolve_command(ctx, args)


@click.group(cls=_Rules)
def rules() -> None:
    """Check, test and try rulebooks; list the facts."""


@rules.command()
@click.argument("word", required=False)
@json_option
def fields(word: str | None, as_json: bool) -> int:
    """List the facts that a condition can use. WORD narrows the list."""
    from arsync.core.rulebook.facts import FIELDS
    from arsync.core.rulebook.facts.field import field_view

    fields_about = [
        field
        for field in FIELDS
        if not word or word.lower() in f"{field.name} {field.description}".lower()
    ]
    if not fields_about:
        raise UserMistake(f"no fact is about {word!r}. `arsync rules fields` lists all of them.")
    if as_json:
        print_json([field_view(field) for field in fields_about])
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
            for field in fields_about
        ],
    )
    return EXIT_DONE


@rules.command()
@click.option("--scenarios", is_flag=True, help="The schema of scenario files.")
@click.option("--json", "as_json", is_flag=True, help="No effect: the schema is JSON already.")
def schema(scenarios: bool, as_json: bool) -> int:
    """Print the JSON Schema of rulebooks, for editors."""
    import json

    from arsync.core.rulebook.json_schema import schema as rulebook_schema
    from arsync.core.trials.scenario.scenario_keys import scenario_schema

    json_schema = scenario_schema() if scenarios else rulebook_schema()
    click.echo(json.dumps(json_schema, indent=2, ensure_ascii=False))
    return EXIT_DONE
