"""The list of texts: where each stands, in which languages, and what sends it."""

from __future__ import annotations

from pathlib import Path

import pytest

from arsync.application.letters.text_copying import copy_text
from arsync.application.letters.text_listing import ListedText, list_texts, unused
from arsync.application.organisation.container import Container
from arsync.application.permissions import Actor, NotPermitted, Role
from arsync.errors import UserMistake
from arsync.mail import SHIPPED_NAMES, languages
from arsync.mail.language import shipped

RITA, ANN = Actor("Rita", Role.READER), Actor("Ann", Role.ACCOUNTANT)


def own(container: Container, name: str, text: str = "Subject: x\n\nHello\n") -> None:
    file = container.config.rules_folder / "templates" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def listed(container: Container) -> dict[str, ListedText]:
    return {text.text: text for text in list_texts(RITA, container)}


def test_every_shipped_text_is_listed_in_all_languages(container: Container) -> None:
    texts = listed(container)
    assert set(SHIPPED_NAMES) <= set(texts)
    for name in SHIPPED_NAMES:
        (source,) = texts[name].sources
        assert (source.file, source.languages, texts[name].missing) == ("", languages(), ())
        assert texts[name].connections == ("books",)
    assert texts["final notice"].bears_number
    assert not texts["first reminder"].bears_number
    assert texts["first reminder"].uses
    assert unused(list(texts.values())) == sum(not text.uses for text in texts.values())


def test_own_texts_show_file_and_languages(container: Container) -> None:
    own(container, "de/second reminder.txt")
    own(container, "fr/our nudge.txt")
    texts = listed(container)
    assert list(map(str, texts["second reminder"].sources)) == [
        "rules/templates/de/second reminder.txt (de)",
        "shipped (en es fr it nl)",
    ]
    nudge = texts["our nudge"]
    assert list(map(str, nudge.sources)) == ["rules/templates/fr/our nudge.txt (fr)"]
    assert nudge.missing == ("de", "en", "es", "it", "nl")


def test_a_copy_begins_as_the_shipped_text(container: Container) -> None:
    copied = copy_text(ANN, container, "Second_Reminder", language="de")
    file = container.config.rules_folder / "templates" / "de" / "second reminder.letter"
    assert Path(copied.file) == file
    assert file.read_text() == shipped("de/second reminder.letter")
    assert (copied.text, copied.language) == ("second reminder", "de")


def test_a_copy_may_be_one_connections_own(container: Container) -> None:
    copied = copy_text(ANN, container, "first reminder", connection="books")
    assert Path(copied.file).relative_to(container.config.rules_folder).parts == (
        "books",
        "templates",
        "en",
        "first reminder.letter",
    )


@pytest.mark.parametrize("taken", ["first reminder.letter", "first reminder.txt"])
def test_a_copy_never_replaces_a_file(container: Container, taken: str) -> None:
    own(container, f"en/{taken}", "mine")
    with pytest.raises(UserMistake, match="there already; nothing is written over it"):
        copy_text(ANN, container, "first reminder")
    assert (container.config.rules_folder / "templates" / "en" / taken).read_text() == "mine"


def test_what_cannot_be_copied_is_said(container: Container) -> None:
    with pytest.raises(UserMistake, match="brings no text 'nonsense' along"):
        copy_text(ANN, container, "nonsense")
    with pytest.raises(UserMistake, match="no letters in 'xx'"):
        copy_text(ANN, container, "first reminder", language="xx")
    with pytest.raises(UserMistake, match="nowhere"):
        copy_text(ANN, container, "first reminder", connection="nowhere")
    with pytest.raises(NotPermitted):
        copy_text(RITA, container, "first reminder")
    own(container, "en", "a file where the folder should be")
    with pytest.raises(UserMistake, match=r"templates/en/first reminder\.letter: "):
        copy_text(ANN, container, "first reminder")
