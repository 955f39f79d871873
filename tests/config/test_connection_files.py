"""What a connection's own file says counts for it alone; its mistakes are told with a line."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from arsync.config import SETTINGS, Config, load_config, stray_settings
from arsync.errors import UserMistake

CLIENTS = 300

READ_SECONDS_MAX = 3.0
"""For the files of 300 connections, on a slow computer: read, they take a fifth of a second."""

SHARED = """
[smtp]
url = "smtp://practice:hush@mail.example.com"
sender = "Practice <practice@example.com>"
[letters]
iban = "GB82 WEST 1234 5698 7654 32"
bic = "WESTGB22"
phone = "020 7946 0000"
"""


def installation(folder: Path, shared: str = SHARED, **files: str) -> Config:
    (folder / "connections").mkdir(exist_ok=True)
    (folder / "config.toml").write_text(shared)
    for name, text in files.items():
        (folder / "connections" / f"{name}.toml").write_text(text)
    return load_config(folder / "config.toml", {})


def mistake(config: Config, name: str) -> str:
    with pytest.raises(UserMistake) as caught:
        config.for_connection(name)
    return str(caught.value)


def test_its_own_file_counts_for_one_connection(tmp_path: Path) -> None:
    own = '[smtp]\nsender = "Acme <ar@acme.example>"\n[xero]\nlate_fee_account = "260"\n'
    config = installation(tmp_path, acme=own)
    acme, other = config.for_connection("acme"), config.for_connection("other")
    assert (acme.smtp.sender, acme.xero.late_fee_account) == ("Acme <ar@acme.example>", "260")
    assert acme.smtp.url == config.smtp.url, "what it does not say is as for all"
    assert acme.own_settings == (("xero", "late_fee_account"), ("smtp", "sender"))
    assert other == config
    assert config.own_settings == ()


def test_its_own_file_wins_over_a_variable(tmp_path: Path) -> None:
    installation(tmp_path, acme='[smtp]\nsender = "ar@acme.example"\n')
    environ = {"ARSYNC_SMTP_SENDER": "all@example.com", "ARSYNC_LETTERS_PHONE": "1"}
    config = load_config(tmp_path / "config.toml", environ)
    acme = config.for_connection("acme")
    assert (acme.smtp.sender, acme.letters.phone) == ("ar@acme.example", "1")


def test_bank_details_never_mix(tmp_path: Path) -> None:
    own = '[letters]\nsort_code = "60-83-71"\naccount_number = "31926819"\n'
    letters = installation(tmp_path, acme=own).for_connection("acme").letters
    assert (letters.sort_code, letters.iban, letters.bic) == ("60-83-71", "", "")
    assert letters.phone == "020 7946 0000"


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ('[store]\nurl = "sqlite:///b.db"\n', "2: [store] url is the same for all connections."),
        ('[runs]\nnotify = "a@b.example"\nmode = "auto"\n', "3: [runs] mode is the same for all"),
        ('[smpt]\nsender = "a@b.example"\n', "1: unknown section [smpt].\n    hint: did you mean"),
        ('[letters]\niban = "GB82 WEST 1234 5698 7654 33"\n', "2: [letters] iban is 'GB82 WEST"),
        ("[letters]\niban = GB82\n", "line 2"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, own: str, words: str) -> None:
    text = mistake(installation(tmp_path, acme=own), "acme")
    assert text.startswith(f"{tmp_path}/connections/acme.toml:")
    assert words in text


def test_every_setting_says_whether_it_may_differ(tmp_path: Path) -> None:
    shared_only = [setting for setting in SETTINGS if not setting.per_connection]
    for setting in shared_only:
        own = f'[{setting.section}]\n{setting.key} = "{setting.default}"\n'
        config = installation(tmp_path, acme=own)
        assert "is the same for all connections" in mistake(config, "acme")
    differing = {(setting.section, setting.key) for setting in SETTINGS if setting.per_connection}
    assert {section for section, _ in differing} - {"runs", "xero", "quickbooks"} == {
        "smtp",
        "letters",
        "sms",
        "mailbox",
        "alerts",
        "credit_data",
    }


def test_paths_are_relative_to_the_config_file(tmp_path: Path) -> None:
    (tmp_path / "acme.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    own = '[letters]\nlogo = "acme.svg"\npost_folder = "post/acme"\n'
    acme = installation(tmp_path, acme=own).for_connection("acme")
    assert acme.logo_file == tmp_path / "acme.svg"
    assert acme.post_folder == tmp_path / "post" / "acme"


def test_a_changed_file_counts_at_once(tmp_path: Path) -> None:
    config = installation(tmp_path, acme='[letters]\nphone = "1"\n')
    assert config.for_connection("acme").letters.phone == "1"
    installation(tmp_path, acme='[letters]\nphone = "22"\n')
    assert config.for_connection("acme").letters.phone == "22"
    (tmp_path / "connections" / "acme.toml").unlink()
    assert config.for_connection("acme").letters.phone == "020 7946 0000"


def test_many_files_are_read_fast_and_once(tmp_path: Path) -> None:
    files = {f"client{at}": f'[smtp]\nsender = "c{at}@example.com"\n' for at in range(CLIENTS)}
    config = installation(tmp_path, **files)
    began = time.perf_counter()
    first = [config.for_connection(name) for name in files]
    assert time.perf_counter() - began < READ_SECONDS_MAX
    assert {own.smtp.sender for own in first} == {f"c{at}@example.com" for at in range(CLIENTS)}
    again = [config.for_connection(name) for name in files]
    assert all(before is after for before, after in zip(first, again, strict=True))


def test_a_file_of_no_connection_is_told(tmp_path: Path) -> None:
    installation(tmp_path, acme="", acmee="", zebra="")
    (tmp_path / "connections" / ".hidden.toml").touch()
    (tmp_path / "connections" / "README.md").touch()
    (tmp_path / "connections" / "acme.tml").touch()
    strays = stray_settings(tmp_path, {"acme", "books"})
    assert [stray.file for stray in strays] == [
        "connections/acme.tml",
        "connections/acmee.toml",
        "connections/zebra.toml",
    ]
    assert [stray.hint.partition("?")[0] for stray in strays[:2]] == [
        "did you mean 'acme.toml'"
    ] * 2
    assert "did you mean" not in strays[2].hint
    assert stray_settings(tmp_path / "nowhere", {"acme"}) == ()


def test_no_secret_of_a_connection_is_shown(tmp_path: Path) -> None:
    acme = installation(tmp_path, acme='[smtp]\nurl = "smtp://a:hush@b.example"\n')
    config = acme.for_connection("acme")
    assert "hush" not in f"{config} {config!r} {config.smtp}"
    assert "hush" not in mistake(installation(tmp_path, acme="[sms]\ntoken = 1\n"), "acme")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    config = installation(tmp_path, acme="")
    (tmp_path / "connections" / "acme.toml").chmod(0)
    assert "acme.toml: Permission denied." in mistake(config, "acme")
