"""Help costs nothing and misses nothing."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from arsync.cli import COMMANDS, cli, run_cli

HEAVY = (
    "sqlalchemy",
    "alembic",
    "babel",
    "filelock",
    "requests",
    "requests_oauthlib",
    "flask",
    "jinja2",
    "rich",
    "msgspec",
    "cryptography",
    "keyring",
    "holidays",
    "yaml",
    "tenacity",
    "xero_python",
    "quickbooks",
    "arsync_xero",
    "arsync_quickbooks",
    "arsync_sandbox",
)
NAMES = [name for group in COMMANDS.values() for name in group]


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["plann"]], ids=" ".join)
def test_help_imports_neither_sdk_nor_database_nor_web(words: list[str]) -> None:
    program = (
        f"import sys\nfrom arsync.cli import run_cli\nrun_cli({words!r})\n"
        f"found = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "sys.exit(f'imported: {found}' if found else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 0, done.stderr


NOT_OF_A_SYNC = (
    "imap_tools",
    "imaplib",
    "flask",
    "jinja2",
    "markupsafe",
    "holidays",
    "rich",
    "alembic",
    "keyring",
    "typst",
    "pypdf",
    "procrastinate",
    "psycopg",
    "opentelemetry",
    "waitress",
    "xero_python",
    "quickbooks",
    "babel.messages",
    "arsync.web",
    "arsync.core.trials.simulation",
    "arsync_sandbox",
)
"""A worker is many processes: what some runs need is imported by those."""


def test_a_sync_imports_nothing_that_few_need() -> None:
    program = (
        "import sys\nimport arsync.cli.runs_commands, arsync.application.runs.runs\n"
        "from arsync.connector_sdk import platform\nplatform('xero'), platform('quickbooks')\n"
        f"found = [name for name in {NOT_OF_A_SYNC!r} if name in sys.modules]\n"
        "sys.exit(f'imported: {found}' if found else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr


NOT_OF_A_PULL = (
    *NOT_OF_A_SYNC,
    "yaml",
    "arsync.application.organisation.letter_making",
    "arsync.application.runs.runs",
    "arsync.channels",
    "arsync.core.planning.planner",
    "arsync.core.rulebook.reading",
    "arsync.core.trials",
    "arsync.mail",
    "arsync.outbox",
    "arsync.rules_source",
)
"""A practice's first day is thousands of pulls: what plans and writes letters stays away."""


def test_a_pull_imports_neither_planner_nor_letters() -> None:
    program = (
        "import sys\nimport arsync.cli.runs_commands, arsync.application.runs.pulling\n"
        "import arsync.application.connections.connection_changes, arsync.workers.stop_signals\n"
        "import arsync_xero.connector, arsync_quickbooks.connector\n"
        f"found = [name for name in {NOT_OF_A_PULL!r} if name in sys.modules]\n"
        "sys.exit(f'imported: {found}' if found else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_help_lists_every_command_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"\n  {name} " in text for name in NAMES)
    assert "Exit codes: 0 done, 1 part of the work failed, 2 your mistake, 3 waiting" in text
    assert "\\b" not in text


@pytest.mark.parametrize("name", NAMES)
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"Usage: arsync {name}")
    assert "..." not in text.partition("Commands:")[2], "a line of help is cut"


def test_the_table_says_what_the_commands_say() -> None:
    context = cli.make_context("arsync", ["status"], resilient_parsing=True)
    for group in COMMANDS.values():
        for name, entry in group.items():
            command = cli.get_command(context, name)
            assert command is not None
            if entry.module:
                first = (command.help or "").strip().splitlines()[0]
                assert first == entry.help, name


def test_no_command_at_all_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli([]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("Usage: arsync [OPTIONS] COMMAND [ARGS]...")


def every_command() -> list[tuple[str, click.Command]]:
    """Return every command of the table, those inside groups too, by its words."""
    commands: list[tuple[str, click.Command]] = []

    def walk(words: list[str], command: click.Command | None) -> None:
        assert command is not None, words
        if not isinstance(command, click.Group) or command.invoke_without_command:
            commands.append((" ".join(words), command))
        if not isinstance(command, click.Group):
            return
        with click.Context(command) as context:
            for name in command.list_commands(context):
                walk([*words, name], command.get_command(context, name))

    walk([], cli)
    return commands


def test_every_command_prints_json_when_asked() -> None:
    commands = every_command()
    assert {words.split()[0] for words, _ in commands} == set(NAMES)
    without = [
        words
        for words, command in commands
        if not any("--json" in option.opts for option in command.params)
    ]
    assert without == []
