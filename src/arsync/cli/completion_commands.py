"""The command `completion`: what a shell needs to complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import ShellComplete, get_completion_class

from arsync.cli.common import json_option
from arsync.cli.json_output import print_json
from arsync.errors import EXIT_DONE

PROGRAM = "arsync"
ANSWER_VARIABLE = "_ARSYNC_COMPLETE"
"""Where the script asks arsync for an answer: click looks for a variable of this name."""
SHELLS = ("bash", "zsh", "fish")


def completion_script(shell: str) -> str:
    """Return the script for one of `SHELLS`."""
    from arsync.cli import cli

    kind = get_completion_class(shell)
    assert kind is not None
    # The method of the base class: bash's own starts a bash to ask for its version.
    return ShellComplete.source(kind(cli, {}, PROGRAM, ANSWER_VARIABLE))


_HELP = """\
Print the script with which a shell completes commands and options.

\b
bash: arsync completion bash > ~/.local/share/bash-completion/completions/arsync
zsh:  arsync completion zsh > a folder of $fpath, as the file _arsync
fish: arsync completion fish > ~/.config/fish/completions/arsync.fish
"""


@click.command(help=_HELP)
@click.argument("shell", type=click.Choice(SHELLS))
@json_option
def completion(shell: str, as_json: bool) -> int:
    """Print the script with which a shell completes commands and options."""
    script = completion_script(shell)
    if as_json:
        print_json({"shell": shell, "script": script})
    else:
        click.echo(script, nl=False)
    return EXIT_DONE
