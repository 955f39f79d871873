"""`webhooks`."""

from __future__ import annotations

from pathlib import Path

import click

from arsync.cli.common import config_option, json_option, opened, say, verbose_option
from arsync.cli.json_output import print_json
from arsync.errors import EXIT_DONE


@click.command()
@click.option(
    "--host", metavar="ADDRESS", default="", help="Where to listen (default: [web] host)."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    help="The port; 0 takes a free one (default: [web] port).",
)
@json_option
@verbose_option
@config_option
def webhooks(
    host: str, port: int | None, as_json: bool, verbose: bool, config_file: Path | None
) -> int:
    """Listen for what Xero and QuickBooks report, over HTTP.

    It runs until SIGTERM or Ctrl-C; what has been received by then is still answered. A proxy with
    TLS stands before it. With --json the address is printed as an object.
    """
    from arsync.web.server import serve
    from arsync.workers.embedded_loop import stop_on_signals

    with opened(config_file, verbose=verbose) as (actor, container), stop_on_signals() as stop:
        server = serve(actor, container, host=host, port=port)
        if as_json:
            print_json({"listening": server.url}, one_line=True)
        say(f"Listening on {server.url}. Ctrl-C to stop.")
        server.run(stop)
    return EXIT_DONE
