"""`webhooks`, `desk`."""

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

    Something that is posted asks for a run of its ledger, which `arsync run` or a worker serves. It
    listens until SIGTERM or Ctrl-C; what has been received by then is still answered. A proxy with
    TLS stands before it: see docs/webhooks.md. With --json the addresses are printed as an object.
    """
    from arsync.application.runs.webhooks import webhook_counts
    from arsync.web.server import serve
    from arsync.workers.stop_signals import stop_on_signals

    with opened(config_file, verbose=verbose) as (actor, container), stop_on_signals() as stop:
        server = serve(actor, container, host=host, port=port)
        views = webhook_counts(actor, container)
        if as_json:
            urls = {view.platform: server.url + view.path for view in views if view.switched_on}
            print_json({"listening": server.url, "webhooks": urls}, one_line=True)
        for view in views:
            words = (
                f"at {server.url}{view.path}"
                if view.switched_on
                else f"off: {view.setting} is empty"
            )
            say(f"Webhooks of {view.label}: {words}")
        say(f"Listening on {server.url}. Ctrl-C to stop.")
        server.run(stop)
    return EXIT_DONE


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
def desk(
    host: str, port: int | None, as_json: bool, verbose: bool, config_file: Path | None
) -> int:
    """Serve the pages for people, in a browser.

    Owners, controllers and accountants sign in and do there what the commands do. The first start
    prints a link, which opens once: who opens it becomes the first owner. Webhooks, metrics and
    health checks are answered too. By default it listens to this machine alone; a proxy with TLS
    stands before it, and [desk] url says its public address.
    """
    from arsync.web.server import serve_desk
    from arsync.workers.stop_signals import stop_on_signals

    with opened(config_file, verbose=verbose) as (actor, container), stop_on_signals() as stop:
        served = serve_desk(actor, container, host=host, port=port)
        if as_json:
            print_json({"url": served.url, "first_link": served.first_link}, one_line=True)
        if served.first_link:
            say(f"Nobody has an account yet. The first owner makes one here:\n{served.first_link}")
        say(f"The desk is open: {served.url}. Ctrl-C to stop.")
        served.server.run(stop)
    return EXIT_DONE
