"""The site of the documentation is complete, asks nobody else for anything, and keeps its shape."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import PAGES, ROOT

ELSEWHERE = re.compile(
    r"""<(?:script|link|img|iframe|source)[^>]+(?:src|href)=["']?(?:https?:)?//"""
)
ARTICLE = re.compile(r"<article.*?</article>", re.DOTALL)
BROKEN = re.compile(r"<p>(?:(?!</p>).)*?^\s*(?:- |\d+\. |\| |```)", re.DOTALL | re.MULTILINE)
"""A list, a table or a fence that became part of a paragraph, because its indent does not fit."""
LEFT_ITS_LIST = re.compile(
    r'</ol>\s*<div class="(?:language|highlight)[^>]*>.*?</div>\s*<ol>', re.DOTALL
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return folder


def test_every_page_is_on_the_site(site: Path) -> None:
    names = {path.stem for path in PAGES} - {"README"} | {"index", "release-notes"}
    assert {path.stem for path in site.glob("*.html")} >= names


def test_no_page_fetches_anything_from_elsewhere(site: Path) -> None:
    fetching = [path.name for path in site.glob("*.html") if ELSEWHERE.search(path.read_text())]
    assert fetching == []
    styles = "".join(path.read_text() for path in site.rglob("*.css"))
    assert not re.search(r"url\(['\"]?(?:https?:)?//", styles)


def test_lists_tables_and_code_keep_their_shape(site: Path) -> None:
    broken = []
    for path in site.glob("*.html"):
        article = ARTICLE.search(path.read_text())
        if article and (BROKEN.search(article[0]) or LEFT_ITS_LIST.search(article[0])):
            broken.append(path.name)
    assert broken == []


def test_search_finds_words_of_the_rulebook(site: Path) -> None:
    index = (site / "search" / "search_index.json").read_text()
    assert "credit_holds" in index
