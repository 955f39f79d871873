"""A command parses, calls one use case, renders: it reaches into nothing it is handed."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import arsync.cli

FILES = sorted(Path(arsync.cli.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_command_reaches_into_the_store(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    reaches = [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "store"
    ]
    assert reaches == []
