"""Pictures of a page travel as parts of the mail that it is."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from tests.builders.pictures import png

from arsync.mail import Attachment, Letter, compose
from arsync.mail.inline_pictures import PICTURES_MAX, parted


def shown(picture: bytes, form: str = "png") -> str:
    return f'<img src="data:image/{form};base64,{base64.b64encode(picture).decode()}" alt="us">'


def sent(page: str) -> EmailMessage:
    composed = compose(
        Letter("Please pay", "Please pay.", page),
        key="k" * 32,
        sender="ar@example.com",
        to=["jane@acme.example"],
        to_name="Acme Ltd",
        now=datetime(2026, 11, 30, tzinfo=UTC),
        attachments=[Attachment("INV-1.pdf", b"%PDF-1.4")],
    )
    message = message_from_bytes(composed.content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def test_a_picture_is_a_part_and_no_attachment() -> None:
    logo = png(200, 60)
    message = sent(f"<p>{shown(logo)} Please pay.{shown(logo)}</p>")
    page = message.get_body(("html",))
    assert page is not None
    (picture,) = [part for part in message.walk() if part.get_content_maintype() == "image"]
    named = f'src="cid:{picture["Content-ID"].strip("<>")}"'
    assert page.get_content().count(named) == 2, "the same picture is one"
    assert picture.get_content() == logo
    assert picture.get_content_disposition() == "inline"
    assert [part.get_filename() for part in message.iter_attachments()] == ["INV-1.pdf"]
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "application/pdf",
    ]


def test_a_mail_without_pictures_has_no_more_parts() -> None:
    parts = [part.get_content_type() for part in sent("<p>Please pay.</p>").walk()]
    assert "multipart/related" not in parts


def test_what_is_no_picture_stays_where_it_is() -> None:
    for page in ('<img src="https://example.com/a.png">', shown(b"").replace('," ', ",a="), "x"):
        assert parted(page) == (page, ())
    broken = '<img src="data:image/png;base64,abc">'
    assert parted(broken) == (broken, ())


def test_pictures_are_few() -> None:
    page = "".join(shown(png(number, 1)) for number in range(1, PICTURES_MAX + 3))
    changed, pictures = parted(page)
    assert len(pictures) == PICTURES_MAX
    assert changed.count("data:image") == 2
