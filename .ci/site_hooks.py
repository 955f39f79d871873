"""What the site needs beside docs/: the pages in the project's root, and the links to them.

README, release notes and the like stand in the root, where GitHub and PyPI look for them. On the
site they are pages as any other, so that strict mode checks their links too.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent

PAGE_OF = {
    "README.md": "index.md",
    "CHANGELOG.md": "release-notes.md",
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "reporting.md",
}
"""What a file in the root is called on the site."""

_LINK = re.compile(r"\]\((?P<path>(?:\.\./|docs/)?[\w.-]+\.md)(?P<anchor>#[\w-]+)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the root."""
    for source, page in PAGE_OF.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links between root and docs/ to the pages of the site."""
    in_root = page.file.src_uri in PAGE_OF.values()

    def site_link(link: re.Match[str]) -> str:
        path = link["path"]
        if path.startswith("../") or (in_root and "/" not in path):
            target = PAGE_OF.get(path.removeprefix("../"), path)
        else:
            target = path.removeprefix("docs/") if in_root else path
        return f"]({target}{link['anchor'] or ''})"

    return _LINK.sub(site_link, markdown)


def on_page_context(context: dict[str, Any], page: Page, **_: object) -> dict[str, Any]:
    """Give a page without sections, which is one wide table, the room of the contents list."""
    contents = page.toc.items
    if not contents or not contents[0].children:
        page.meta["hide"] = ["toc"]
    return context
