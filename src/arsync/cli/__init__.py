"""The command line. A command parses, calls one function of `arsync.application`, and prints.

Commands are imported when they are called, so that `arsync --help` needs neither the database nor
an SDK. What a command does and what it is called stands in one table, which feeds help and docs.
"""

from __future__ import annotations

import gc
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import NamedTuple, NoReturn

import click
from click.shell_completion import CompletionItem

from arsync import __version__
from arsync.cli.common import refuse_unknown_command
from arsync.errors import EXIT_DONE, EXIT_FAILED, EXIT_MISTAKE

COMMANDS_ENTRY_POINT_GROUP = "arsync.commands"

OBJECTS_BETWEEN_COLLECTIONS = 20_000
"""Python looks for cycles among its objects after so many new ones. Records are made by the
thousand and form none: after each 700, which is usual, looking takes a twelfth of a pull."""


class Entry(NamedTuple):
    """One command: where it is, and its line in the help."""

    module: str
    help: str


COMMANDS: dict[str, dict[str, Entry]] = {
    "Set up": {
        "init": Entry(
            "setup", "Create a config file, a rules folder, a first rulebook and its stories."
        ),
        "connect": Entry("setup", "Connect an organisation at Xero or QuickBooks Online."),
        "connections": Entry(
            "connections", "List connections, or change their mode, labels or pauses."
        ),
        "disconnect": Entry(
            "setup", "Withdraw the authorisation and delete a connection's tokens."
        ),
        "doctor": Entry(
            "health", "Check the whole installation: settings, store, connections, rulebook."
        ),
        "completion": Entry(
            "completion", "Print the script with which a shell completes commands and options."
        ),
    },
    "Keep": {
        "backup": Entry("maintenance", "Write the whole store to one file, even during runs."),
        "restore": Entry("maintenance", "Fill an empty store from a backup."),
        "keys": Entry("maintenance", "Renew the key that encrypts the tokens."),
        "rebuild": Entry("maintenance", "Read a ledger from scratch; people's decisions are kept."),
        "export": Entry(
            "privacy", "Print all data held about one customer, or export whole ledgers."
        ),
        "forget": Entry("privacy", "Anonymise what arsync recorded about one customer."),
    },
    "Every day": {
        "pull": Entry("runs", "Bring the copy of the ledger up to date."),
        "plan": Entry("runs", "Show what the rulebook would do now; changes nothing."),
        "approve": Entry("approval", "Approve actions that need approval."),
        "refuse": Entry("approval", "Refuse actions that wait for approval or have not left yet."),
        "apply": Entry("runs", "Carry out the approved actions."),
        "sync": Entry("runs", "Pull, plan, approve by rulebook, apply: what a scheduler runs."),
        "run": Entry("runs", "Sync repeatedly."),
        "desk": Entry("web", "Serve the pages for people, in a browser."),
        "webhooks": Entry("web", "Listen for what Xero and QuickBooks report, over HTTP."),
        "worker": Entry("worker", "Sync what is due, beside other workers on PostgreSQL."),
        "queue": Entry("worker", "Show what is late, running and waiting, and the workers."),
        "mailbox": Entry("mailbox", "Read what came back of letters."),
        "users": Entry(
            "users",
            "List who may sign in to the desk; add people, change their roles, let them in again.",
        ),
    },
    "People": {
        "promise": Entry(
            "promise", "Record a promise to pay, or list the open and the broken ones."
        ),
        "dispute": Entry("dispute", "Record, change or settle a dispute, or list the open ones."),
        "agree": Entry("payment_plan", "Agree payment by instalments, or list payment plans."),
        "log": Entry(
            "log",
            "Log a call, a visit, a complaint or anything else that happened with a customer.",
        ),
        "hold": Entry("hold", "Put a customer on hold by hand."),
        "release": Entry("hold", "Release a customer from its hold by hand."),
        "leave-alone": Entry("hold", "Leave a customer alone until a day, end that, or list whom."),
        "place": Entry("placement", "Place a customer's debts with an agency or a lawyer."),
        "recall": Entry("placement", "Take a customer's placed debts back."),
        "placements": Entry("placement", "List placements with what they brought and cost."),
        "credit": Entry(
            "credit",
            "Record applications for credit, references and data; decide; list and show them.",
        ),
        "tasks": Entry("task", "List the open tasks, the earliest day first."),
        "task": Entry(
            "task", "Show one task with all that a call needs, settle whose it is, or open one."
        ),
        "done": Entry("task", "Record what came of a task."),
        "worklist": Entry(
            "task",
            "List open tasks and approvals, what is worth most first, each with its reason.",
        ),
        "resolve": Entry("outcomes", "Settle an unknown outcome: was it sent or not?"),
        "undo": Entry("outcomes", "Undo what arsync changed, unless it has been changed since."),
    },
    "Look": {
        "why": Entry("queries", "Explain what is done about a customer or an invoice, and why."),
        "actions": Entry("queries", "List actions and their outcomes, newest first."),
        "status": Entry("queries", "Show the state of each connection."),
        "statement": Entry("statement", "Show a customer's statement of account."),
        "letters": Entry(
            "letters", "List, look at, copy, check, try and send letters; the register of notices."
        ),
        "report": Entry(
            "report", "Print measures, ageing, what follows steps, the forecast, or the tie-out."
        ),
        "rules": Entry("rules", "Check, test and try rulebooks; list the facts."),
    },
    "Try": {
        "demo": Entry(
            "demo",
            "Play 60 days of credit control on both platforms, or a practice of many ledgers.",
        ),
        "sandbox": Entry("", "Run a local server that behaves like both platforms."),
    },
}
EARLIER_NAMES = {"reject": "refuse"}
"""What commands were called before, as scripts still call them."""

_FLAT = {name: entry for group in COMMANDS.values() for name, entry in group.items()}


class _Commands(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_FLAT)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        cmd_name = EARLIER_NAMES.get(cmd_name, cmd_name)
        entry = _FLAT.get(cmd_name)
        if entry is None:
            return None
        if entry.module:
            module = importlib.import_module(f"arsync.cli.{entry.module}_commands")
            command = getattr(module, cmd_name.replace("-", "_"))
        else:
            command = _installed(cmd_name)
        assert command is None or isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-"):
            refuse_unknown_command(ctx, args[0], [*_FLAT, *EARLIER_NAMES])
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        # From the table: click would import every command to ask for its line of help.
        commands = [
            CompletionItem(name, help=entry.help)
            for name, entry in _FLAT.items()
            if name.startswith(incomplete)
        ]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, group in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl([(name, entry.help) for name, entry in group.items()])


def _installed(name: str) -> click.Command:
    # The sandbox is a package of its own, which arsync never imports.
    from importlib.metadata import entry_points

    for entry in entry_points(group=COMMANDS_ENTRY_POINT_GROUP, name=name):
        command = entry.load()
        assert isinstance(command, click.Command)
        return command
    raise click.ClickException(f"the package with the command `arsync {name}` is not installed.")


_HELP = """\
Credit control for Xero and QuickBooks Online, with a rulebook that an accountant can read.

\b
Reading is the default; writing needs a verb. A new connection only observes.
Exit codes: 0 done, 1 part of the work failed, 2 your mistake, 3 waiting for a person.
"""


@click.group(
    cls=_Commands,
    help=_HELP,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="arsync")
def cli() -> None:
    """Credit control: every command stands in the table above."""


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and end the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A customer's name that this terminal cannot show must not end the command.
            stream.reconfigure(errors="backslashreplace")
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    sys.exit(run_cli(args))


def run_cli(args: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    from arsync.errors import ArsyncError, UserMistake

    try:
        code = cli.main(args, prog_name="arsync", standalone_mode=False)
        sys.stdout.flush()  # a full disk shows here, not when the interpreter has gone
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.Abort as stop:
        if stop.__context__ is not None and stop.__cause__ is None:
            click.echo(err=True)  # a question was left unanswered: its line has not ended
        _complain("stopped.")
        return EXIT_MISTAKE
    except click.UsageError as error:
        if error.ctx is not None and error.format_message() == error.ctx.get_help():
            error.show()  # a group called without a command: its help says it all
        else:
            _complain(_usage(error))
        return EXIT_MISTAKE
    except click.ClickException as error:
        _complain(error.format_message())
        return EXIT_MISTAKE
    except UserMistake as error:
        _complain(str(error))
        return EXIT_MISTAKE
    except ArsyncError as error:
        _complain(str(error))
        return EXIT_FAILED
    except (SystemExit, BrokenPipeError):
        # In this mode click ends the process by itself for one reason only: a broken pipe.
        return _reader_left()
    except OSError as error:
        # The disk is full, a folder cannot be written: the system's own words say it best.
        where = f"{error.filename}: " if error.filename else ""
        _complain(f"{where}{error.strerror or error}.")
        return EXIT_FAILED
    return code if isinstance(code, int) else EXIT_DONE


def _reader_left() -> int:
    """Leave quietly: the reader has seen enough (`arsync actions | head`), which is no failure."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return EXIT_DONE


def _usage(error: click.UsageError) -> str:
    """Return what is wrong with the words of a command, and where its usage is explained."""
    message = error.format_message().rstrip(".")
    path = error.ctx.command_path if error.ctx else "arsync"
    stop = "" if message.endswith(("?", ")")) else "."
    return f"{message[:1].lower()}{message[1:]}{stop}\n    hint: {path} --help"


def _complain(message: str) -> None:
    click.echo(f"arsync: {message}", err=True)
