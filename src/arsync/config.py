"""Configuration: one table of settings feeds the reader, the commented file and the docs.

`config.toml` is found by `--config`, then `ARSYNC_CONFIG`, then `./config.toml`. Every setting is
also a variable `ARSYNC_SECTION_KEY`, which wins over the file.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from arsync.errors import UserMistake

CONFIG_BYTES_MAX = 1_000_000
"""A config file larger than this is refused: it is not a config file."""


class Setting(NamedTuple):
    """One setting: where it stands, what it is without one, and what it means."""

    section: str
    key: str
    default: str
    comment: str
    choices: tuple[str, ...] = ()
    secret: bool = False
    whole: tuple[int, int] | None = None
    """The least and the most of a setting that is a whole number."""


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "store",
        "url",
        "sqlite:///arsync.db",
        "or postgresql+psycopg://user@host/database",
        secret=True,
    ),
    Setting(
        "store",
        "keep_days",
        "0",
        "names and texts of actions that ended so many days ago are forgotten; what keeps them from happening twice stays; 0: nothing is",
        whole=(0, 36_500),
    ),
    Setting(
        "rules",
        "folder",
        "rules",
        "every *.yaml in it is read as one rulebook; a folder named after a connection inside it serves that connection alone",
    ),
    Setting(
        "runs",
        "mode",
        "observe",
        "observe, approve, auto: for new connections",
        ("observe", "approve", "auto"),
    ),
    Setting("runs", "every", "15m", "how often `arsync run` works: 30s, 15m, 2h"),
    Setting(
        "runs",
        "parallel",
        "4",
        "how many connections `run` and `sync` work on at the same time",
        whole=(1, 64),
    ),
    Setting(
        "runs",
        "notify",
        "",
        "an address that is told once, by [smtp], when a consent is over or an outcome stays open; empty: only the log and `status` tell",
    ),
    Setting(
        "runs", "time_zone", "", "empty: the organisation's own (QuickBooks does not always tell)"
    ),
    Setting(
        "runs",
        "pace",
        "on",
        "on: stay within the platform's rate limits; off: only for the sandbox",
        ("on", "off"),
    ),
    Setting(
        "tokens",
        "key_file",
        "arsync.key",
        "the key that encrypts tokens, when neither ARSYNC_TOKENS_KEY nor the system's keyring holds it",
    ),
    Setting(
        "tokens",
        "keyring",
        "auto",
        "auto: the system's keyring where there is one, else key_file; off: key_file",
        ("auto", "off"),
    ),
    Setting("tokens", "key", "", "the key itself; best set as ARSYNC_TOKENS_KEY", secret=True),
    Setting(
        "xero", "flow", "pkce", "pkce, confidential, custom", ("pkce", "confidential", "custom")
    ),
    Setting("xero", "client_id", "", "from developer.xero.com, My Apps"),
    Setting("xero", "client_secret", "", "empty for pkce", secret=True),
    Setting(
        "xero",
        "scopes",
        "granular",
        "granular, classic (apps made before 2 March 2026)",
        ("granular", "classic"),
    ),
    Setting(
        "xero",
        "redirect_url",
        "http://localhost:8484/callback",
        "register exactly this at developer.xero.com",
    ),
    Setting("xero", "api_url", "https://api.xero.com", ""),
    Setting("xero", "login_url", "https://login.xero.com", ""),
    Setting("xero", "identity_url", "https://identity.xero.com", ""),
    Setting(
        "xero",
        "calls_per_day",
        "5000",
        "calls a day for each organisation; 1000 for an app on Xero's Starter tier. Xero's own count corrects it",
        whole=(1, 10_000_000),
    ),
    Setting(
        "xero",
        "reserve_per_day",
        "200",
        "calls of the day that only writes may use: pulls stop when no more are left",
        whole=(0, 10_000_000),
    ),
    Setting(
        "xero",
        "late_fee_account",
        "",
        "the account code that late fees are booked to; empty: no late fees",
    ),
    Setting(
        "quickbooks", "environment", "production", "production, sandbox", ("production", "sandbox")
    ),
    Setting("quickbooks", "client_id", "", "from developer.intuit.com, My Apps"),
    Setting("quickbooks", "client_secret", "", "", secret=True),
    Setting(
        "quickbooks",
        "redirect_url",
        "http://localhost:8484/callback",
        "register exactly this; production keys need an https address of yours, then use --no-browser",
    ),
    Setting("quickbooks", "api_url", "", "empty: from the environment"),
    Setting("quickbooks", "authorize_url", "https://appcenter.intuit.com/connect/oauth2", ""),
    Setting(
        "quickbooks", "token_url", "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer", ""
    ),
    Setting(
        "quickbooks", "revoke_url", "https://developer.api.intuit.com/v2/oauth2/tokens/revoke", ""
    ),
    Setting(
        "quickbooks",
        "reads_per_month",
        "500000",
        "calls that read, of the app over all its companies, as your tier at Intuit has it (CorePlus calls; writes are free); 0: counted, and never stopped",
        whole=(0, 1_000_000_000),
    ),
    Setting(
        "quickbooks",
        "reads_reserve",
        "25000",
        "reads of the month that only serve writes: pulls stop when no more are left",
        whole=(0, 1_000_000_000),
    ),
    Setting(
        "quickbooks",
        "late_fee_item",
        "",
        "the service item that late fees are billed with; empty: no late fees",
    ),
    Setting(
        "smtp",
        "url",
        "",
        "smtp://user:password@host:587 (STARTTLS where offered) or smtps://user:password@host:465",
        secret=True,
    ),
    Setting("smtp", "sender", "", "Accounts <accounts@example.com>"),
    Setting("smtp", "copy_to", "", "an address that gets a blind copy of each message"),
    Setting(
        "smtp",
        "emails_per_day",
        "2000",
        "letters that one connection sends by SMTP a day; the accounting system's own daily limit counts for its own emails alone",
        whole=(1, 1_000_000),
    ),
)

_BY_NAME = {(setting.section, setting.key): setting for setting in SETTINGS}
SECTIONS = tuple(dict.fromkeys(setting.section for setting in SETTINGS))


def variable(setting: Setting) -> str:
    """Return the environment variable that overrides the setting."""
    return f"ARSYNC_{setting.section}_{setting.key}".upper()


@dataclass(frozen=True, slots=True)
class Config:
    """All settings, checked. Relative paths are relative to the config file's folder."""

    values: Mapping[tuple[str, str], str]
    folder: Path
    file: Path | None
    """None when there is no file and the defaults and variables serve alone."""

    def get(self, section: str, key: str) -> str:
        """Return one setting's text."""
        return self.values[section, key]

    def section(self, name: str) -> dict[str, str]:
        """Return one section, as connectors receive it."""
        return {key: value for (section, key), value in self.values.items() if section == name}

    def whole(self, section: str, key: str) -> int:
        """Return a setting that is a whole number."""
        return int(self.values[section, key])

    def path(self, section: str, key: str) -> Path:
        """Return a setting that names a file or folder."""
        return (self.folder / self.get(section, key)).expanduser()

    @property
    def every_seconds(self) -> int:
        """Return the pace of `arsync run`, in seconds."""
        return seconds(self.get("runs", "every"))

    @property
    def keep_days(self) -> int:
        """Return for how many days names and texts of ended actions are kept; 0: for ever."""
        return self.whole("store", "keep_days")

    @property
    def store_url(self) -> str:
        """Return the store's URL, a relative SQLite path made absolute."""
        url = self.get("store", "url")
        prefix = "sqlite:///"
        if url.startswith(prefix) and ":memory:" not in url:
            return prefix + str((self.folder / url.removeprefix(prefix)).expanduser())
        return url


EVERY_SECONDS_MIN = 10
EVERY_SECONDS_MAX = 7 * 24 * 3600


def seconds(text: str) -> int:
    """Read `30s`, `15m`, `2h`.

    Raises:
        UserMistake: anything else, or outside 10 seconds to 7 days.
    """
    unit = {"s": 1, "m": 60, "h": 3600}.get(text[-1:], 0)
    if not unit or not text[:-1].isdigit():
        raise UserMistake(f"{text!r} is not a duration. Write 30s, 15m or 2h.")
    value = int(text[:-1]) * unit
    if not EVERY_SECONDS_MIN <= value <= EVERY_SECONDS_MAX:
        raise UserMistake(f"{text!r} is out of range: from 10s to 168h.")
    return value


def load_config(file: Path | None = None, environ: Mapping[str, str] = os.environ) -> Config:
    """Read the configuration.

    Args:
        file: from `--config`; None looks at ARSYNC_CONFIG, then `./config.toml`.
        environ: where the overriding variables are.

    Raises:
        UserMistake: with every problem of the file, one a line.
    """
    chosen = file or (Path(environ["ARSYNC_CONFIG"]) if environ.get("ARSYNC_CONFIG") else None)
    path = chosen or Path("config.toml")
    problems: list[str] = []
    values = {(setting.section, setting.key): setting.default for setting in SETTINGS}
    exists = path.is_file()
    if exists:
        _overlay(values, _parsed(path), path, problems)
    elif chosen:
        raise UserMistake(f"{chosen}: there is no such file. Run `arsync init` to make one.")
    for setting in SETTINGS:
        if variable(setting) in environ:
            values[setting.section, setting.key] = environ[variable(setting)]
            _check_value(setting, environ[variable(setting)], variable(setting), problems)
    try:
        seconds(values["runs", "every"])
    except UserMistake as mistake:
        problems.append(f"{path}: [runs] every: {mistake}")
    if problems:
        raise UserMistake("\n".join(problems))
    folder = path.resolve().parent if exists else Path.cwd()
    return Config(values=values, folder=folder, file=path.resolve() if exists else None)


def _parsed(path: Path) -> dict[str, object]:
    try:
        if path.stat().st_size > CONFIG_BYTES_MAX:
            raise UserMistake(f"{path}: larger than {CONFIG_BYTES_MAX:,} bytes; not a config file.")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        hint = 'texts stand in quotes: key = "value"'
        if "twice" in str(error) or "overwrite" in str(error):  # a section, or a key in one
            hint = "each [section] and each key stands once: change the lines that are there"
        raise UserMistake(f"{path}: {error}.\n    hint: {hint}") from None
    except UnicodeDecodeError:
        raise UserMistake(f"{path}: not UTF-8 text. Save it as UTF-8.") from None
    except OSError as error:
        raise UserMistake(f"{path}: {error.strerror}.") from None


def _overlay(
    values: dict[tuple[str, str], str], tree: dict[str, object], path: Path, problems: list[str]
) -> None:
    for section, table in tree.items():
        if section not in SECTIONS or not isinstance(table, dict):
            near = _near(section, SECTIONS)
            problems.append(f"{path}: unknown section [{section}].{near}")
            continue
        for key, value in table.items():
            setting = _BY_NAME.get((section, key))
            if setting is None:
                keys = [one.key for one in SETTINGS if one.section == section]
                problems.append(f"{path}: [{section}] has no setting {key!r}.{_near(key, keys)}")
            elif setting.whole and type(value) is int:
                values[section, key] = str(value)
                _check_value(setting, str(value), f"{path}: [{section}] {key}", problems)
            elif not isinstance(value, str):
                problems.append(f'{path}: [{section}] {key} must be a text: {key} = "{value}"')
            else:
                values[section, key] = value
                _check_value(setting, value, f"{path}: [{section}] {key}", problems)


def _check_value(setting: Setting, value: str, where: str, problems: list[str]) -> None:
    if setting.whole is not None:
        least, most = setting.whole
        if not (value.isascii() and value.isdigit() and least <= int(value) <= most):
            problems.append(
                f"{where} is {value!r}; it must be a whole number from {least:,} to {most:,}."
            )
    if setting.choices and value not in setting.choices:
        problems.append(f"{where} is {value!r}; it can be {', '.join(setting.choices)}.")


def _near(word: str, known: tuple[str, ...] | list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return (
        f"\n    hint: did you mean {close[0]!r}?"
        if close
        else f"\n    hint: known: {', '.join(known)}"
    )


def example_config(values: Mapping[tuple[str, str], str] | None = None) -> str:
    """Return a commented config.toml, with these values in place of the defaults."""
    lines = ["# arsync. Every setting can also be given as a variable: ARSYNC_SECTION_KEY.", ""]
    for section in SECTIONS:
        lines.append(f"[{section}]")
        for setting in SETTINGS:
            if setting.section == section:
                value = (values or {}).get((section, setting.key), setting.default)
                text = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
                comment = f"  # {setting.comment}" if setting.comment else ""
                lines.append(f"{setting.key} = {text}{comment}")
        lines.append("")
    return "\n".join(lines)
