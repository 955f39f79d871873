"""The page about the API: its examples run."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.builders.desk import a_desk, add_everybody, serving

from arsync.application.permissions import Role
from arsync.core.actions import ActionKind, ActionState
from arsync.web.api.operations import PAGE_ROWS, PAGE_ROWS_MAX
from arsync.web.api.serving import CALLS_PER_MINUTE
from arsync.web.desk.guard import REQUESTS_PER_MINUTE

from .conftest import ROOT

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def test_the_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with a_desk(tmp_path) as desk, serving(desk.container) as url:
        controller = add_everybody(desk.container)[Role.CONTROLLER]
        sign_ins = desk.container.store.sign_ins
        token = sign_ins.make_token(controller.id, "examples", expires_at=None)
        monkeypatch.setenv("ARSYNC_URL", url)
        monkeypatch.setenv("ARSYNC_TOKEN", token)
        names: dict[str, Any] = {}
        for example in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
            exec(compile(example, "docs/api.md", "exec"), names)
        names["desk"].close()
        assert names["overdue"]["Elmhurst Tools"] == Decimal("6350.55")
        assert names["keys"]
        rows = desk.container.store.actions.list(kinds={ActionKind.REMINDER})
        assert {row.state for row in rows} == {ActionState.APPROVED}
        assert names["held_back"]


def test_the_page_tells_the_limits() -> None:
    told = " ".join(PAGE.split())
    assert f"in parts of {PAGE_ROWS}, at most {PAGE_ROWS_MAX}" in told
    assert f"{CALLS_PER_MINUTE} requests a minute" in told
    assert f"{REQUESTS_PER_MINUTE} from one address" in told
