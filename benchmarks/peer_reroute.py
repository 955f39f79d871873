"""Run another program's main with the platforms' addresses turned to the sandbox.

python peer_reroute.py SANDBOX MODULE:FUNCTION [ARGUMENT]...

Runs inside the peer's own virtual environment. The peers hold the addresses as constants and take
no others; nothing else of them is touched.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import requests

PLATFORMS = (
    "https://api.xero.com",
    "https://identity.xero.com",
    "https://quickbooks.api.intuit.com",
    "https://oauth.platform.intuit.com",
)


def main() -> None:
    """Turn the addresses, then call the peer."""
    sandbox, target, *arguments = sys.argv[1:]
    send = requests.Session.send

    def rerouted(self: requests.Session, request: Any, **options: Any) -> Any:
        for address in PLATFORMS:
            if request.url.startswith(address):
                request.url = sandbox + request.url[len(address) :]
        return send(self, request, **options)

    requests.Session.send = rerouted  # type: ignore[method-assign]
    module, _, function = target.partition(":")
    sys.argv = [module, *arguments]
    getattr(importlib.import_module(module), function)()


if __name__ == "__main__":
    main()
