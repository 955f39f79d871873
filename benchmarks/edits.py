"""People who work in the platform while it is read.

python -m benchmarks.edits URL PLATFORM

Says `ready`, begins at the first line it is sent, ends when its input ends, and says how many edits
it made: invoices paid, paid in part, voided, deleted, moved to another day, and new ones.
"""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from arsync.clock import SystemClock
from arsync.demo.world import World
from arsync.errors import UserMistake

PAUSE_SECONDS = 0.02
SEED = 5


def edits(invoices: list[dict[str, Any]], chance: random.Random) -> Iterator[dict[str, Any]]:
    """Yield edits, each of another open invoice."""
    today = SystemClock().now().date()
    chance.shuffle(invoices)
    for number, invoice in enumerate(invoices):
        named = {"invoice_id": invoice["id"]}
        due = Decimal(invoice["amount_due"])
        match number % 6:
            case 0:
                yield {"do": "pay", **named, "amount": str(due), "on": f"{today}"}
            case 1:
                amount = str((due / 2).quantize(Decimal("0.01")) or due)
                yield {"do": "pay", **named, "amount": amount, "on": f"{today}"}
            case 2:
                yield {"do": "void", **named}
            case 3:
                yield {"do": "set_due_date", **named, "on": f"{today + timedelta(days=9)}"}
            case 4:
                yield {
                    "do": "create_invoice",
                    "contact_id": invoice["contact_id"],
                    "amount": "12.34",
                    "on": f"{today}",
                    "due_on": f"{today + timedelta(days=30)}",
                }
            case _:
                yield {"do": "delete_invoice", **named}


def main() -> None:
    """Edit until the input ends."""
    url, platform = sys.argv[1:]
    world = World(url, 0)
    state = world.get(f"/_sandbox/state?platform={platform}")[platform]
    still_open = [
        row
        for row in state["invoices"]
        if Decimal(row["amount_due"]) > 0 and row["status"].lower() in {"authorised", "open"}
    ]
    del state
    print("ready", flush=True)
    sys.stdin.readline()
    ended = threading.Event()
    threading.Thread(target=_wait_for_end, args=(ended,), daemon=True).start()
    done = 0
    for edit in edits(still_open, random.Random(SEED)):
        if ended.wait(PAUSE_SECONDS):
            break
        try:
            world.post("/_sandbox/people", {"platform": platform, **edit})
            done += 1
        except UserMistake:  # what may not be voided or deleted is not
            continue
    print(done)


def _wait_for_end(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


if __name__ == "__main__":
    main()
