"""The logo and the colour of letters: tried when they are read, refused in words."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from tests.builders.pdf_pages import flowing_text, tags_of
from tests.builders.pictures import SVG, noise, png
from tests.builders.printed_letters import printed_letter, values

from arsync.config import Config
from arsync.config.typed_settings import LettersSettings
from arsync.errors import UserMistake
from arsync.mail.typesetting import Letterhead, checked_logo, letterhead_of

JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwc"
    "KDcpLDAxNDQ0Hyc5PTgyPC4zNDL/wAALCAABAAEBAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QA"
    "tRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0"
    "NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2"
    "t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/APn+v//Z"
)
"""One grey pixel."""


@pytest.mark.parametrize("content", [SVG, png(300, 100), JPEG], ids=["svg", "png", "jpeg"])
def test_a_logo_stands_on_the_letter(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "logo"
    file.write_bytes(content)
    pdf = printed_letter(values(), letterhead=Letterhead(logo=checked_logo(file)))
    assert tags_of(pdf).count("Figure") == 1
    assert "Figure" not in tags_of(printed_letter(values()))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"GIF89a....", "is no PNG, JPEG or SVG picture"),
        (b"", "is no PNG, JPEG or SVG picture"),
        (png(300, 100)[:60], "cannot be shown"),
        (b"\xff\xd8\xff\xe0 broken", "cannot be shown"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'", "cannot be shown"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><rect></svg>", "cannot be shown"),
        (noise(side=600), "has 1,08.,... bytes; at most 1,000,000 fit a letter"),
        (png(6_000, 5_000), "has more than 25,000,000 pixels"),
        (b"<!DOCTYPE svg [<!ENTITY a 'x'>]><svg >&a;</svg>", "refers to other files"),
        (b'<svg ><image href="/etc/passwd"/></svg>', "refers to other files"),
        (b'<svg ><image xlink:href="http://example.com/x.png"/></svg>', "refers to other files"),
    ],
)
def test_a_logo_that_cannot_be_used_is_refused(
    content: bytes, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "logo.png"
    file.write_bytes(content)
    with pytest.raises(UserMistake, match=message) as refused:
        checked_logo(file)
    assert str(refused.value).startswith(f"[letters] logo {file} ")


@pytest.mark.parametrize("name", ["missing.png", "."])
def test_a_logo_that_cannot_be_read_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match=r"cannot be read: .+\n    hint: name a PNG, JPEG or SVG"):
        checked_logo(tmp_path / name)


def test_a_logo_that_changed_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "logo.svg"
    file.write_bytes(SVG)
    assert checked_logo(file) == SVG
    file.write_bytes(png(30, 10))
    assert checked_logo(file) == png(30, 10)


def test_settings_say_how_letters_look(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_bytes(SVG)
    settings = LettersSettings(
        logo="logo.svg",
        colour="#0b5c7a",
        footer="Reg. 1",
        paper="us-letter",
        address_window="right",
    )
    look = letterhead_of(Config(folder=tmp_path, letters=settings))
    assert look == Letterhead(SVG, "#0b5c7a", "Reg. 1", "us-letter", "right")
    assert "Reg. 1" in flowing_text(printed_letter(values(), letterhead=look))
