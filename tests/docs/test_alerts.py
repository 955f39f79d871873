"""The alert rules that ship name metrics and labels that exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from arsync.application.overview.metrics import METRICS
from arsync.store.admin.webhooks import WebhookOutcome

FILE = Path(__file__).parents[2] / "deploy" / "prometheus" / "alerts.yml"
TREE: Any = yaml.safe_load(FILE.read_text(encoding="utf-8"))
RULES = [rule for group in TREE["groups"] for rule in group["rules"]]
BY_NAME = {metric.name: metric for metric in METRICS}


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_a_rule_is_about_metrics_that_exist(rule: dict[str, Any]) -> None:
    selected = re.findall(r"\b(arsync_\w+)(?:\{([^}]*)\})?", rule["expr"])
    assert selected or rule["expr"].startswith("up{")
    for name, labels in selected:
        metric = BY_NAME[name]
        assert set(re.findall(r"(\w+)=", labels)) <= set(metric.labels)
        for outcome in re.findall(r'outcome="([^"]*)"', labels if "webhook" in name else ""):
            assert outcome in set(WebhookOutcome)
    assert rule["expr"].count("(") == rule["expr"].count(")")


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_a_rule_says_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"page", "warning", "ticket"}
    assert set(rule["annotations"]) == {"summary", "action"}
    assert re.fullmatch(r"\d+[mhd]", rule.get("for", "0m"))


def test_no_alert_is_named_twice() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
