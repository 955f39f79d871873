"""The settings of a channel that another package brings: read, checked by it, never shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.builders.pigeon import install, pigeon_installed

from arsync.channels import installed
from arsync.config import (
    SECRETS_FOLDER_VARIABLE,
    Config,
    example_config,
    load_config,
    secret_texts,
)
from arsync.errors import UserMistake

WHISTLE = "ARSYNC_CHANNELS_PIGEON_WHISTLE"


@pytest.fixture(autouse=True)
def pigeon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The channel, installed."""
    folder = tmp_path / "site"
    folder.mkdir()
    with pigeon_installed(folder, monkeypatch) as channel:
        yield channel


def read(folder: Path, text: str, **environ: str) -> Config:
    (folder / "config.toml").write_text(text)
    return load_config(folder / "config.toml", environ)


def mistake(folder: Path, text: str, **environ: str) -> str:
    with pytest.raises(UserMistake) as caught:
        read(folder, text, **environ)
    return str(caught.value).replace(f"{folder}/config.toml", "config.toml")


def test_what_is_said_reaches_the_channel(tmp_path: Path, pigeon: Any) -> None:
    config = read(tmp_path, '[channels.pigeon]\nloft = "barn"\npigeons = 4\n')
    loft = config.of_channel("pigeon", pigeon.settings)
    assert (loft.loft, loft.pigeons, loft.whistle) == ("barn", 4, "phweet")
    assert pigeon.messages_per_day(config) == 4
    assert pigeon.messages_per_day(read(tmp_path, "")) == 2, "its own where nothing is said"
    assert config.get("channels.pigeon", "loft") == "barn"


def test_a_connection_says_otherwise_for_itself(tmp_path: Path, pigeon: Any) -> None:
    (tmp_path / "connections").mkdir()
    (tmp_path / "connections" / "acme.toml").write_text('[channels.pigeon]\nloft = ""\n')
    config = read(tmp_path, '[channels.pigeon]\nloft = "barn"\npigeons = 4\n')
    acme = config.for_connection("acme")
    assert pigeon.settings_problem(acme) == "[channels.pigeon] loft is empty."
    assert (pigeon.messages_per_day(acme), pigeon.settings_problem(config)) == (4, "")
    assert acme.own_settings == (("channels.pigeon", "loft"),)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\npigeons = 12\n", "3: [channels.pigeon] pigeons is '12'; it must be a whole number"),
        ("loft = 1\n", '2: [channels.pigeon] loft must be a text: loft = "1"'),
        ('lofft = "x"\n', "2: [channels.pigeon] has no setting 'lofft'.\n    hint: did you mean"),
        ('whistle = "pst"\n', "2: [channels.pigeon] whistle is '...': no pigeon hears it."),
    ],
)
def test_its_mistakes_are_told_with_their_line(tmp_path: Path, text: str, words: str) -> None:
    said = mistake(tmp_path, f"[channels.pigeon]\n{text}")
    assert said.startswith(f"config.toml:{words}")
    assert "pst" not in said


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("channels.pidgin", "1: [channels.pidgin]: no channel 'pidgin' is installed."),
        (
            "channels.sms",
            "1: [channels.sms]: its settings stand in another section.\n    hint: [sms]",
        ),
        ("channel.pigeon", " unknown section [channel].\n    hint: did you mean 'channels'?"),
    ],
)
def test_a_channel_that_is_none_is_said(tmp_path: Path, section: str, words: str) -> None:
    said = mistake(tmp_path, f'[{section}]\nx = "y"\n')
    assert said.startswith(f"config.toml:{words}")


def test_secrets_come_from_outside_and_stay_there(tmp_path: Path, pigeon: Any) -> None:
    (tmp_path / WHISTLE).write_text("toodle-oo\n")
    environ = {SECRETS_FOLDER_VARIABLE: str(tmp_path)}
    config = read(tmp_path, "", **environ)
    assert config.of_channel("pigeon", pigeon.settings).whistle == "toodle-oo"
    config = read(tmp_path, "", **environ, **{WHISTLE: "whoo-hoo"})
    assert secret_texts(config) == {"whoo-hoo"}
    assert "whoo-hoo" not in repr(config.of_channel("pigeon", pigeon.settings))
    assert "'...'" in mistake(tmp_path, "", **{WHISTLE: "tüt"})


def test_a_new_file_shows_its_settings(tmp_path: Path) -> None:
    text = example_config()
    assert '[channels.pigeon]\nloft = "roof"  # where it flies from\n' in text
    assert read(tmp_path, text).get("channels.pigeon", "pigeons") == "2"


def test_a_broken_channel_hinders_only_its_users(tmp_path: Path) -> None:
    install(tmp_path / "site", "arsync_fax", "import nothing_such", "fax = arsync_fax:CHANNEL")
    installed.forget_installed()
    assert read(tmp_path, example_config()).get("channels.pigeon", "loft") == "roof"
    said = mistake(tmp_path, '[channels.fax]\nnumber = "1"\n')
    assert "the channel 'fax' cannot be loaded: No module named 'nothing_such'." in said
