"""The rules editor's file: built from what is locked, and shipped with its licences."""

from __future__ import annotations

import json
from pathlib import Path

import arsync.web.desk

DESK = Path(arsync.web.desk.__file__).parent
LOCK = DESK / "editor" / "package-lock.json"


def test_the_built_editor_names_the_locked_versions() -> None:
    packages = json.loads(LOCK.read_text())["packages"]
    built = (DESK / "static" / "editor.js").read_text(encoding="utf-8").partition("*/")[0]
    licences = (DESK / "static" / "LICENSES.txt").read_text(encoding="utf-8")
    named = 0
    for path, package in packages.items():
        if path and not package.get("dev"):
            name = f"{path.removeprefix('node_modules/')} {package['version']}"
            assert name in built
            assert name in licences
            named += 1
    assert named > 10
    assert licences.count("MIT License") >= 1


def test_the_editor_fetches_nothing_from_elsewhere() -> None:
    built = (DESK / "static" / "editor.js").read_text(encoding="utf-8").partition("*/")[2]
    assert "http://www.w3.org" in built or "https://" not in built
    for word in ("eval(", "new Function", "importScripts"):
        assert word not in built
