"""Answer the conditions of a rulebook with the PyPI package rule-engine: runs in its own venv.

python peer_rule_engine.py < told.json: {"rules": texts, "rows": facts}; prints the seconds of one
pass.
"""

from __future__ import annotations

import json
import sys
import time

import rule_engine  # type: ignore[import-not-found]


def main() -> None:
    """Evaluate each rule on each row and say how long that took and how often it held."""
    task = json.load(sys.stdin)
    context = rule_engine.Context(default_value=None)
    rules = [rule_engine.Rule(text, context=context) for text in task["rules"]]
    rows = task["rows"]
    held = 0
    start = time.process_time()
    for row in rows:
        for rule in rules:
            held += rule.matches(row)
    print(json.dumps({"seconds": time.process_time() - start, "held": held}))


if __name__ == "__main__":
    main()
