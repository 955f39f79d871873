"""The logo in mails: any picture as a small PNG on white, put into the HTML alone."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tests.builders.pictures import PNG, SVG, png

from arsync.config import Config, load_config
from arsync.mail import Letters, language, sample_context, sender_details
from arsync.mail.typesetting import mail_logo_of, with_logo
from arsync.mail.typesetting.mail_logo import MAIL_LOGO_BYTES_MAX


def with_picture(folder: Path, picture: bytes) -> Config:
    (folder / "logo").write_bytes(picture)
    (folder / "config.toml").write_text('[letters]\nlogo = "logo"\n')
    return load_config(folder / "config.toml", {})


@pytest.mark.parametrize(
    ("picture", "size"),
    [(SVG, (200, 60)), (png(300, 300), (64, 64)), (png(4_000, 100), (200, 5))],
    ids=["svg", "high", "wide"],
)
def test_any_logo_is_a_small_png(tmp_path: Path, picture: bytes, size: tuple[int, int]) -> None:
    logo = mail_logo_of(with_picture(tmp_path, picture))
    assert logo.content.startswith(PNG)
    assert logo.size == size
    assert len(logo.content) < 20_000


def test_a_logo_of_many_colours_is_drawn_coarser(tmp_path: Path) -> None:
    lots = random.Random(7)
    rows = b"".join(b"\0" + lots.randbytes(400 * 3) for _ in range(128))
    logo = mail_logo_of(with_picture(tmp_path, png(400, 128, rows)))
    assert logo.size == (200, 64)
    assert int.from_bytes(logo.content[16:20]) == 200, "one dot for each pixel"
    assert len(logo.content) <= MAIL_LOGO_BYTES_MAX


@pytest.mark.parametrize("code", ["en", "de"])
def test_it_stands_in_the_html_alone(tmp_path: Path, code: str) -> None:
    config = with_picture(tmp_path, SVG)
    logo = mail_logo_of(config)
    sender = sender_details(config.letters, logo.size)
    context = sample_context(language(code), sender=sender)
    letter = Letters(code=code).render("second reminder", context)
    shown = with_logo(letter, logo)
    assert 'src="data:image/png;base64,' in shown.html
    assert 'alt="Example Ltd" width="200" height="60"' in shown.html
    assert "cid:" not in shown.html
    assert shown._replace(html="") == letter._replace(html="")
    assert "data:" not in letter.text


def test_without_a_logo_there_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("")
    config = load_config(tmp_path / "config.toml", {})
    letter = Letters().render("second reminder", sample_context(language("en")))
    assert with_logo(letter, mail_logo_of(config)) == letter
    assert "<img" not in letter.html
