"""The configuration says what is wrong, where, and what to do."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from arsync.clock import SystemClock
from arsync.config import (
    CONFIG_BYTES_MAX,
    SETTINGS,
    example_config,
    load_config,
    variable,
)
from arsync.errors import UserMistake
from arsync.store import open_store


def a_file(folder: Path, text: str) -> Path:
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return file


def mistake(folder: Path, text: str, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(UserMistake) as caught:
        load_config(a_file(folder, text), environ or {})
    return str(caught.value)


def test_without_a_file_the_defaults_serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = load_config(None, {})
    assert config.runs.mode == "observe"
    assert config.store.keep_days == 0
    assert config.every_seconds == 900
    assert config.store_url == f"sqlite:///{tmp_path}/arsync.db"


def test_the_example_is_read_back_as_the_defaults(tmp_path: Path) -> None:
    text = example_config()
    assert load_config(a_file(tmp_path, text), {}).values == {
        (setting.section, setting.key): setting.default for setting in SETTINGS
    }


def test_every_setting_stands_in_the_example() -> None:
    tree = tomllib.loads(example_config())
    assert {(s, k) for s, table in tree.items() for k in table} == {
        (setting.section, setting.key) for setting in SETTINGS
    }


FITTING = {
    "notify_at": "09:45",
    "colour": "#0b5c7a",
    "notify": "jo@example.com",
    "reply_to": "jo@example.com",
    "copy_to": "jo@example.com",
    "email": "jo@example.com",
    "iban": "GB82 WEST 1234 5698 7654 32",
    "bic": "DEUTDEFF500",
    "payment_link": "https://pay.example.com/{invoice}",
    "notice_number": "{year}/{number}",
    "logo": "logo.png",
    "schema": "queue_of_arsync",
    "webhook": "https://example.com/alerts",
}
"""A value of each setting that takes not every text."""


@pytest.mark.parametrize("setting", SETTINGS, ids=variable)
def test_a_variable_overrides_each_setting(tmp_path: Path, setting: object) -> None:
    chosen = next(candidate for candidate in SETTINGS if candidate == setting)
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    words = FITTING.get(chosen.key, "jo@example.com" if chosen.key == "sender" else "45m")
    number = "3" if chosen.key == "proxies" else "45"
    value = chosen.choices[-1] if chosen.choices else number if chosen.whole else words
    config = load_config(a_file(tmp_path, ""), {variable(chosen): value})
    assert config.get(chosen.section, chosen.key) == value


def test_an_unknown_setting_names_its_file_and_nearest_word(tmp_path: Path) -> None:
    text = mistake(tmp_path, '[runs]\nmodus = "auto"\n')
    assert text == (
        f"{tmp_path}/config.toml:2: [runs] has no setting 'modus'.\n    hint: did you mean 'mode'?"
    )


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = mistake(tmp_path, '[rnus]\na = "b"\n[runs]\nmode = "on"\nevery = 15\n')
    assert "unknown section [rnus]" in text
    assert "observe, approve, auto" in text
    assert 'every must be a text: every = "15"' in text


def test_each_problem_names_its_line(tmp_path: Path) -> None:
    text = '# ours\n[smtp]\nsender = "a@b.example"\n\n[ runs ]\n  mode = "on"\nnotify = 1\n[x]\n'
    lines = mistake(tmp_path, text).splitlines()
    places = [line.partition("config.toml:")[2] for line in lines if "hint" not in line]
    assert places == [
        "6: [runs] mode is 'on'; it can be observe, approve, auto.",
        '7: [runs] notify must be a text: notify = "1"',
        "8: unknown section [x].",
    ]


def test_equal_names_of_two_sections_have_their_own_lines(tmp_path: Path) -> None:
    lines = mistake(tmp_path, "[xero]\nclient_id = 1\n[quickbooks]\nclient_id = 2\n").splitlines()
    assert [line.partition("config.toml:")[2][:14] for line in lines] == [
        "2: [xero] clie",
        "4: [quickbooks",
    ]


def test_a_setting_of_the_first_lines_needs_a_section(tmp_path: Path) -> None:
    assert "config.toml: unknown section [mode]" in mistake(tmp_path, 'mode = "auto"\n')


def test_a_duration_of_a_variable_is_checked_too(tmp_path: Path) -> None:
    text = mistake(tmp_path, "", {"ARSYNC_RUNS_EVERY": "5s"})
    assert text == "ARSYNC_RUNS_EVERY: '5s' is out of range: from 10s to 168h."


def test_a_problem_with_a_secret_does_not_show_it(tmp_path: Path) -> None:
    text = mistake(tmp_path, "[xero]\nclient_secret = 12345\n")
    assert text.endswith(':2: [xero] client_secret must be a text: client_secret = "..."')


def test_broken_toml_says_the_line(tmp_path: Path) -> None:
    assert "line 2" in mistake(tmp_path, "[runs]\nmode = auto\n")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserMistake, match="not UTF-8"):
        load_config(file, {})


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    assert "not a config file" in mistake(tmp_path, "#" * (CONFIG_BYTES_MAX + 1))


def test_a_named_file_that_is_missing_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match="arsync init"):
        load_config(tmp_path / "nowhere.toml", {})


def test_a_choice_from_a_variable_is_checked_too(tmp_path: Path) -> None:
    assert "ARSYNC_RUNS_MODE" in mistake(tmp_path, "", {"ARSYNC_RUNS_MODE": "loud"})


@pytest.mark.parametrize("text", ["0", "-1", "2,000", "1e3", "1000001", "", "true"])
def test_a_whole_number_out_of_its_range_is_refused(tmp_path: Path, text: str) -> None:
    message = mistake(tmp_path, f'[smtp]\nemails_per_day = "{text}"\n')
    assert f"emails_per_day is {text!r}; it must be a whole number from 1 to 1,000,000" in message


@pytest.mark.parametrize(
    "text",
    ['[xero]\nflow = "pkce"\n[xero]\nclient_id = "a"\n', '[xero]\nflow = "a"\nflow = "b"\n'],
)
def test_what_stands_twice_is_not_told_to_put_quotes(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UserMistake, match=r"\[section\] and each key may appear once") as mistaken:
        load_config(tmp_path / "config.toml")
    assert "quotes" not in str(mistaken.value)


def test_a_whole_number_may_stand_without_quotes(tmp_path: Path) -> None:
    config = load_config(a_file(tmp_path, "[smtp]\nemails_per_day = 500\n"), {})
    assert config.smtp.emails_per_day == 500


def test_relative_paths_are_relative_to_the_config_file(tmp_path: Path) -> None:
    config = load_config(a_file(tmp_path, '[store]\nurl = "sqlite:///books/a.db"\n'), {})
    assert config.store_url == f"sqlite:///{tmp_path}/books/a.db"
    assert config.rules_folder == tmp_path / "rules"
    assert config.key_file == tmp_path / "arsync.key"


@pytest.mark.parametrize(
    "name", ["my%20books", "what?1", "a#b", "a b", "b\u00fccher", "100%", "a&b=c"]
)
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    config = load_config(a_file(folder, ""), {})
    open_store(config.store_url, clock=SystemClock()).close()
    assert config.store_file == folder / "arsync.db"
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (folder / "arsync.db").stat().st_size > 0
    assert (config.rules_folder, config.key_file) == (folder / "rules", folder / "arsync.key")


def test_a_path_may_begin_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/jane")
    text = """
[store]
url = "sqlite:///~/books/a.db"
[rules]
folder = "~/rules"
[tokens]
key_file = "~/keys/arsync.key"
"""
    config = load_config(a_file(tmp_path, text), {})
    home = Path("/home/jane")
    assert config.store_file == home / "books" / "a.db"
    assert (config.rules_folder, config.key_file) == (home / "rules", home / "keys" / "arsync.key")


@pytest.mark.parametrize(
    "url", ["sqlite+pysqlcipher:///a.db", "sqlite:///a.db?mode=memory", "sqlite+aiosqlite:///a.db"]
)
def test_another_driver_of_sqlite_is_refused(tmp_path: Path, url: str) -> None:
    config = load_config(a_file(tmp_path, f'[store]\nurl = "{url}"\n'), {})
    with pytest.raises(UserMistake, match=r"write sqlite:///arsync\.db"):
        open_store(config.store_url, clock=SystemClock())
