"""What is generated equals what the code says, so that the docs cannot drift."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import GENERATOR, ROOT


@pytest.mark.parametrize("path", list(GENERATOR.files()), ids=str)
def test_generated_file_is_up_to_date(path: Path) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == GENERATOR.files()[path], (
        "run `make generate`"
    )
