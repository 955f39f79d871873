"""Letters as HTML: readable in light and dark, narrow enough for a phone, the same as the text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from arsync.mail import SHIPPED_NAMES, Letters, language, languages, sample_context
from arsync.mail.colours import READABLE, contrast

NARROWEST = 320
"""The width in pixels of the smallest telephone."""

COLUMNS_MAX = 3
VOID = frozenset({"meta", "br", "img", "hr", "link"})
DARK_RULE = re.compile(r"\.?([\w ,.]+) \{ ([^}]+) \}")


class Page(HTMLParser):
    """Reads a letter's elements, each with the styles that it inherits."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[tuple[str, dict[str, str]]] = []
        self.pairs: set[tuple[str, str, str, str]] = set()
        """Class, colour, class of the background and its colour of each text."""
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.shown: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.elements.append((tag, given))
        if tag in VOID:
            return
        style = dict(self.open[-1][1]) if self.open else {}
        for declaration in filter(None, given.get("style", "").split(";")):
            name, _, value = declaration.partition(":")
            style[name] = value
            if name in {"color", "background"}:
                style[f"{name} by"] = given.get("class", tag)
        self.open.append((tag, style))

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1][0] == tag, "elements are closed in order"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        tags = {tag for tag, _ in self.open}
        if not data.strip() or tags & {"style", "title"}:
            return
        style = self.open[-1][1]
        if style.get("display") != "none":
            self.shown.append(data)
            self.pairs.add(
                (style["color by"], style["color"], style["background by"], style["background"])
            )


def page_of(code: str, name: str) -> tuple[str, Page]:
    letter = Letters(code=code).render(name, sample_context(language(code)))
    return letter.html, Page(letter.html)


@pytest.mark.parametrize("name", SHIPPED_NAMES)
@pytest.mark.parametrize("code", languages())
def test_each_colour_can_be_read_in_light_and_dark(code: str, name: str) -> None:
    html, page = page_of(code, name)
    assert '<meta name="color-scheme" content="light dark">' in html
    dark = dark_styles(html)
    assert len(page.pairs) >= 2
    for by, colour, background_by, background in page.pairs:
        assert contrast(colour, background) >= READABLE, (by, colour, background)
        pair = of(by, "color", dark), of(background_by, "background", dark)
        assert contrast(*pair) >= READABLE, (by, background_by, pair)


def dark_styles(html: str) -> dict[tuple[str, str], str]:
    """Return the colours on a dark screen, by class or element and by property."""
    styles = {}
    for selectors, declarations in DARK_RULE.findall(html[html.index("prefers-color-scheme") :]):
        for name, value in re.findall(r"([\w-]+): (#\w+)", declarations):
            for selector in selectors.split(", "):
                styles[selector.strip(" ."), name] = value
    return styles


def of(names: str, style: str, dark: dict[tuple[str, str], str]) -> str:
    (value,) = {dark[name, style] for name in names.split() if (name, style) in dark}
    return value


@pytest.mark.parametrize("name", SHIPPED_NAMES)
@pytest.mark.parametrize("code", languages())
def test_it_is_one_column_that_fits_a_telephone(code: str, name: str) -> None:
    html, page = page_of(code, name)
    assert all(int(width) <= NARROWEST for width in re.findall(r"[^-]width:(\d+)px", html))
    assert 'content="width=device-width, initial-scale=1"' in html
    for row in re.findall(r"<tr>.*?</tr>", html, re.DOTALL):
        assert len(re.findall(r"<t[dh]", row)) <= COLUMNS_MAX
    assert all(given.get("scope") in {"col", "row"} for tag, given in page.elements if tag == "th")
    assert ("html", {"lang": code}) in page.elements


@pytest.mark.parametrize("name", SHIPPED_NAMES)
@pytest.mark.parametrize("code", languages())
def test_it_shows_the_amounts_of_the_text(code: str, name: str) -> None:
    letter = Letters(code=code).render(name, sample_context(language(code)))
    shown, plain = "\n".join(Page(letter.html).shown), re.sub(r"https?://\S+", "", letter.text)
    assert amounts_in(shown) == amounts_in(plain)


def amounts_in(text: str) -> set[str]:
    """Return the amounts of money in a text, without their thousands' blanks and their signs."""
    joined = re.sub(r"(?<=\d)\u00a0(?=\d{3}\b)", "", text)
    return set(re.findall(r"\d[\d.,]*[.,]\d\d\b", joined))


def test_a_list_of_mails_shows_how_it_begins() -> None:
    html, page = page_of("en", "first reminder")
    preview = html[html.index("display:none") :].partition(">")[2].partition("</div>")[0]
    assert preview.strip().startswith("According to our records")
    assert html.count("display:none") == 1
    assert " ".join(preview.split()) in " ".join(" ".join(page.shown).split())


def test_own_texts_have_the_same_page(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    text = "Subject: Hello\n\nDear {{ customer.name }},\n\nplease pay:\n- one & two\n- three\n"
    (folder / "nudge.txt").write_text(text, encoding="utf-8")
    letter = Letters(tmp_path).render("nudge", sample_context(language("en")))
    page = Page(letter.html)
    assert '<meta name="color-scheme" content="light dark">' in letter.html
    assert "<pre>" not in letter.html
    assert "- one & two\n- three" in "".join(page.shown)
    assert ("html", {"lang": "en"}) in page.elements


def test_own_texts_get_a_persons_line_above(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "nudge.txt").write_text("Subject: Hello\n\nPlease pay.\n", encoding="utf-8")
    (folder / "nudge.html").write_text("<body class='x'><p>Please pay.</p></body>", "utf-8")
    (folder / "own place.txt").write_text(
        "Subject: Hello\n\nPlease pay.\n\n{{ personal_line }}\n", encoding="utf-8"
    )
    context = sample_context(language("en")) | {"personal_line": "Thank you <Ann>."}
    letter = Letters(tmp_path).render("nudge", context)
    assert letter.text == "Thank you <Ann>.\n\nPlease pay.\n"
    assert letter.opening == "Thank you <Ann>.\n\nPlease pay."
    assert "<body class='x'><p>Thank you &lt;Ann&gt;.</p><p>Please pay.</p>" in letter.html
    placed = Letters(tmp_path).render("own place", context)
    assert placed.text == "Please pay.\n\nThank you <Ann>.\n"
