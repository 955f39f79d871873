"""The settings: the sections below are the one table, with types, bounds and meanings.

They feed the reader, the commented file, the docs and the type checker.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar, Literal, NamedTuple, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

from arsync.errors import UserMistake

SECRET = Meta(extra={"secret": True})
"""Marks a setting that no log, error or page may show."""

DURATION = Meta(extra={"duration": True})
"""Marks a setting such as `15m`: kept as it was written, read by `seconds`."""

PER_CONNECTION = Meta(extra={"per_connection": True})
"""Marks a setting that may differ from connection to connection."""

EVERY_SECONDS_MIN = 10
EVERY_SECONDS_MAX = 7 * 24 * 3600


# msgspec alone: the settings libraries that were tried name neither file, line and hint of a wrong
# setting, and one shows its value, which may be a secret.
class Section(Struct, frozen=True, kw_only=True):
    """One section of config.toml: each field is a setting, its `Meta` says what it means."""

    per_connection: ClassVar[bool] = False
    """Whether every setting of it may differ from connection to connection."""

    def __repr__(self) -> str:
        """Show no value: several are secret, and a section may end up in a traceback."""
        return f"{type(self).__name__}(...)"

    def texts(self) -> dict[str, str]:
        """Return the settings as texts, as connectors receive them."""
        return {key: str(getattr(self, key)) for key in self.__struct_fields__}

    @classmethod
    def problem_of(cls, key: str, value: str, folder: Path) -> str:
        """Return what else is wrong with a setting's text, as it follows its name; empty: nothing.

        For channels of other packages: ` is 'x'; a loft has a number.` Types, choices, bounds and
        patterns have been looked at. Paths are relative to `folder`.
        """
        del key, value, folder
        return ""


class StoreSettings(Section, frozen=True, kw_only=True):
    """Where the data are."""

    url: Annotated[str, SECRET, Meta(description="or postgresql+psycopg://user@host/database")] = (
        "sqlite:///arsync.db"
    )
    keep_days: Annotated[
        int,
        Meta(
            ge=0,
            le=36_500,
            description=(
                "names and texts of actions are removed this many days after they ended; what "
                "prevents repetition stays; 0: nothing is removed"
            ),
        ),
    ] = 0
    quiet_runs_days: Annotated[
        int,
        Meta(
            ge=0,
            le=36_500,
            description=(
                "runs that met nothing new and did nothing are kept in the log of runs for this "
                "many days; all others stay; 0: all stay"
            ),
        ),
    ] = 30


class RulesSettings(Section, frozen=True, kw_only=True):
    """Where the rulebook is."""

    folder: Annotated[
        str,
        Meta(
            description=(
                "every *.yaml in it is read as one rulebook; a folder in it that is named after a "
                "connection applies only to that connection"
            )
        ),
    ] = "rules"
    source: Annotated[
        Literal["folder", "store"],
        Meta(
            description="folder: read from the folder; store: what `arsync rules push` put into "
            "the store, for machines that have no folder"
        ),
    ] = "folder"
    two_people_above: Annotated[
        int,
        Meta(
            ge=0,
            le=1_000_000,
            description="a draft, or a push, that treats more customers otherwise than this is put "
            "live by two people: who asks for it cannot confirm it; 0: one is enough",
        ),
    ] = 0


class RunsSettings(Section, frozen=True, kw_only=True):
    """How runs go."""

    # Nothing by surprise: a new connection writes nothing.
    mode: Annotated[
        Literal["observe", "approve", "auto"],
        Meta(
            description="observe (only look), approve (ask first), auto (by the rulebook): for new "
            "connections; the words are taken too"
        ),
    ] = "observe"
    every: Annotated[
        str, DURATION, Meta(description="how often `arsync run` runs: 30s, 15m, 2h")
    ] = "15m"
    parallel: Annotated[
        int,
        Meta(
            ge=1,
            le=64,
            description="how many connections `run` and `sync` work on at the same time",
        ),
    ] = 4
    notify: Annotated[
        str,
        PER_CONNECTION,
        Meta(
            description=(
                "an address notified by [smtp]: at once, and once, when an authorisation has ended "
                "or an outcome stays open; once a day of all that waits for a person; empty: only "
                "the log and `status` report it"
            )
        ),
    ] = ""
    notify_at: Annotated[
        str,
        Meta(
            pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$",
            examples=["07:00"],
            description="the daily mail leaves after the first run from this hour on: 07:00",
        ),
    ] = "07:00"
    daily_mail: Annotated[
        Literal["on", "off"],
        Meta(description="on: what waits for a person is mailed once a day, if there is anything"),
    ] = "on"
    forewarning: Annotated[
        Literal["on", "off"],
        Meta(description="on: the daily mail says who will be written to on the next day"),
    ] = "on"
    time_zone: Annotated[
        str,
        PER_CONNECTION,
        Meta(description="empty: the organisation's own (QuickBooks does not always report it)"),
    ] = ""
    pace: Annotated[
        Literal["on", "off"],
        Meta(description="on: stay within the platform's rate limits; off: only for the sandbox"),
    ] = "on"


class WorkersSettings(Section, frozen=True, kw_only=True):
    """The workers, which share the ledgers on PostgreSQL."""

    threads: Annotated[
        int,
        Meta(
            ge=1,
            le=50,
            description="how many ledgers one worker syncs at the same time; each takes up to four "
            "of the database's connections",
        ),
    ] = 10
    schema: Annotated[
        str,
        Meta(
            pattern=r"^[a-z][a-z0-9_]{0,40}$",
            examples=["arsync_queue"],
            description="the schema of the queue's tables, beside the store's",
        ),
    ] = "arsync_queue"


class WebSettings(Section, frozen=True, kw_only=True):
    """What listens: webhooks, metrics and health checks."""

    host: Annotated[
        str, Meta(description="127.0.0.1: this machine alone; a proxy with TLS stands before it")
    ] = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65_535, description="the port it listens on")] = 8485
    threads: Annotated[
        int, Meta(ge=1, le=64, description="how many requests are answered at the same time")
    ] = 8


class DeskSettings(Section, frozen=True, kw_only=True):
    """The pages for people, in a browser."""

    url: Annotated[
        str,
        Meta(
            description="its public address, as https://desk.example.com; empty: this machine's. "
            "With https, cookies never travel without"
        ),
    ] = ""
    proxies: Annotated[
        int,
        Meta(
            ge=0, le=5, description="how many proxies stand before it; 0: their words are ignored"
        ),
    ] = 0
    session_hours: Annotated[
        int, Meta(ge=1, le=720, description="how long somebody stays signed in")
    ] = 12

    @property
    def is_secure(self) -> bool:
        """Return whether people reach it over https alone."""
        return self.url.startswith("https://")


class OidcSettings(Section, frozen=True, kw_only=True):
    """Signing in to the desk by an identity provider (OpenID Connect)."""

    issuer: Annotated[
        str,
        Meta(
            description="as the provider calls itself: https://login.example.com/tenant; empty: "
            "people sign in by a password"
        ),
    ] = ""
    client_id: Annotated[str, Meta(description="of the desk, as registered at the provider")] = ""
    client_secret: Annotated[
        str, SECRET, Meta(description="empty for a client that is known by PKCE alone")
    ] = ""
    label: Annotated[str, Meta(description="what the button says: Microsoft, Google, Okta")] = (
        "your company's account"
    )


class LogsSettings(Section, frozen=True, kw_only=True):
    """What is logged, to standard error."""

    format: Annotated[
        Literal["text", "json"],
        Meta(description="text: for people; json: one object a line, for a log collector"),
    ] = "text"


class TokensSettings(Section, frozen=True, kw_only=True):
    """The key that encrypts the tokens."""

    key_file: Annotated[
        str,
        Meta(
            description=(
                "the key that encrypts tokens, if neither ARSYNC_TOKENS_KEY nor the system's "
                "keyring has it"
            )
        ),
    ] = "arsync.key"
    keyring: Annotated[
        Literal["auto", "off"],
        Meta(
            description="auto: the system's keyring if there is one, otherwise key_file; "
            "off: key_file"
        ),
    ] = "auto"
    key: Annotated[
        str, SECRET, Meta(description="the key itself; best set as ARSYNC_TOKENS_KEY")
    ] = ""


class XeroSettings(Section, frozen=True, kw_only=True):
    """The app at Xero."""

    flow: Annotated[
        Literal["pkce", "confidential", "custom"],
        Meta(description="pkce, confidential, custom"),
    ] = "pkce"
    client_id: Annotated[str, Meta(description="from developer.xero.com, My Apps")] = ""
    client_secret: Annotated[str, SECRET, Meta(description="empty for pkce")] = ""
    scopes: Annotated[
        Literal["granular", "classic"],
        Meta(description="granular, classic (apps created before 2 March 2026)"),
    ] = "granular"
    redirect_url: Annotated[
        str, Meta(description="register exactly this at developer.xero.com")
    ] = "http://localhost:8484/callback"
    api_url: str = "https://api.xero.com"
    login_url: str = "https://login.xero.com"
    identity_url: str = "https://identity.xero.com"
    webhook_key: Annotated[
        str,
        SECRET,
        Meta(
            description="the signing key of the app's webhooks; empty: none are taken. See "
            "docs/webhooks.md"
        ),
    ] = ""
    calls_per_day: Annotated[
        int,
        Meta(
            ge=1,
            le=10_000_000,
            description="calls per day for each organisation; 1000 for an app on Xero's Starter "
            "tier. Xero's own count corrects it",
        ),
    ] = 5000
    connections_max: Annotated[
        int,
        Meta(
            ge=0,
            le=1_000_000,
            description="connections that the app may hold by its tier: 5 on Starter, 50 on Core, "
            "1000 on Plus, 10000 on Advanced; 0: not watched",
        ),
    ] = 0
    reserve_per_day: Annotated[
        int,
        Meta(
            ge=0,
            le=10_000_000,
            description="calls per day reserved for writes: pulls stop when no others are left",
        ),
    ] = 200
    late_fee_account: Annotated[
        str,
        PER_CONNECTION,
        Meta(description="the account code that late fees are booked to; empty: no late fees"),
    ] = ""


class QuickBooksSettings(Section, frozen=True, kw_only=True):
    """The app at Intuit."""

    environment: Annotated[
        Literal["production", "sandbox"], Meta(description="production, sandbox")
    ] = "production"
    client_id: Annotated[str, Meta(description="from developer.intuit.com, My Apps")] = ""
    client_secret: Annotated[str, SECRET] = ""
    redirect_url: Annotated[
        str,
        Meta(
            description="register exactly this; production keys need an https address of yours, "
            "then use --no-browser"
        ),
    ] = "http://localhost:8484/callback"
    api_url: Annotated[str, Meta(description="empty: from the environment")] = ""
    authorize_url: str = "https://appcenter.intuit.com/connect/oauth2"
    token_url: str = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"  # noqa: S105 - no secret
    revoke_url: str = "https://developer.api.intuit.com/v2/oauth2/tokens/revoke"
    webhook_token: Annotated[
        str,
        SECRET,
        Meta(
            description="the verifier token of the app's webhooks; empty: none are taken. See "
            "docs/webhooks.md"
        ),
    ] = ""
    reads_per_month: Annotated[
        int,
        Meta(
            ge=0,
            le=1_000_000_000,
            description=(
                "read calls of the app per month, over all its companies, as in your Intuit tier "
                "(CorePlus calls; writes are free); 0: counted, but no limit"
            ),
        ),
    ] = 500_000
    reads_reserve: Annotated[
        int,
        Meta(
            ge=0,
            le=1_000_000_000,
            description="reads per month reserved for writes: pulls stop when no others are left",
        ),
    ] = 25_000
    late_fee_item: Annotated[
        str,
        PER_CONNECTION,
        Meta(description="the service item that late fees are billed with; empty: no late fees"),
    ] = ""


class SmtpSettings(Section, frozen=True, kw_only=True):
    """The mail server for letters."""

    per_connection: ClassVar[bool] = True

    url: Annotated[
        str,
        SECRET,
        Meta(
            description="smtp://user:password@host:587 (STARTTLS where offered) or "
            "smtps://user:password@host:465"
        ),
    ] = ""
    sender: Annotated[str, Meta(description="Accounts <accounts@example.com>")] = ""
    reply_to: Annotated[
        str, Meta(description="answers go to this address; empty: to the sender")
    ] = ""
    copy_to: Annotated[
        str, Meta(description="an address that gets a blind copy of each message")
    ] = ""
    dkim_selector: Annotated[
        str,
        Meta(
            description="under which selector the mail server's DKIM key is published; `doctor` "
            "looks it up; empty: nothing is looked up"
        ),
    ] = ""
    emails_per_day: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description=(
                "letters per day that one connection sends by SMTP; the accounting system's daily "
                "limit applies only to its own emails"
            ),
        ),
    ] = 2000


class LettersSettings(Section, frozen=True, kw_only=True):
    """What letters say of their sender, and how they look."""

    per_connection: ClassVar[bool] = True

    address: Annotated[
        str, Meta(description="lines of the sender's address; empty: as the accounting system says")
    ] = ""
    phone: Annotated[str, Meta(description="empty: as the accounting system says")] = ""
    email: Annotated[str, Meta(description="empty: as the accounting system says")] = ""
    signed_by: Annotated[
        str, Meta(description="who writes, below the greeting: Jane Hill, Credit control")
    ] = ""
    account_name: Annotated[
        str, Meta(description="the bank account's holder; empty: the organisation")
    ] = ""
    bank: Annotated[str, Meta(description="the bank's name")] = ""
    iban: Annotated[str, Meta(description="checked by its check digits")] = ""
    bic: str = ""
    sort_code: Annotated[
        str, Meta(description="of the bank, where there is no IBAN: sort code, routing number, BSB")
    ] = ""
    account_number: str = ""
    payment_link: Annotated[
        str,
        Meta(
            description="where customers pay online; {invoice}, {customer_number} and {amount} "
            "are filled in; empty: the invoice's own link"
        ),
    ] = ""
    logo: Annotated[
        str,
        Meta(
            description="at the head of letters and emails: a PNG, JPEG or SVG file, at most 1 MB, "
            "relative to this file"
        ),
    ] = ""
    colour: Annotated[
        str,
        Meta(
            pattern=r"^#[0-9a-fA-F]{6}$",
            examples=["#0b5c7a"],
            description="of headings and lines: #0b5c7a",
        ),
    ] = "#1f2933"
    footer: Annotated[
        str, Meta(description="the last line of each page: registration, directors, VAT number")
    ] = ""
    address_window: Annotated[
        Literal["left", "right"],
        Meta(description="where an envelope's window shows the customer's address: left, right"),
    ] = "left"
    paper: Annotated[Literal["a4", "us-letter"], Meta(description="a4, us-letter")] = "a4"
    notice_number: Annotated[
        str,
        Meta(description="how formal notices are numbered; {year} and {number} are filled in"),
    ] = "N-{number}"
    post_folder: Annotated[
        str,
        Meta(
            description="letters that go by post are put here as PDF, relative to this file; "
            "empty: nothing goes by post"
        ),
    ] = ""


class CreditDataSettings(Section, frozen=True, kw_only=True):
    """Registers and bureaus that may be asked about applicants for credit."""

    per_connection: ClassVar[bool] = True

    sources: Annotated[
        str,
        Meta(
            description="companies_house, gleif: who may be asked, separated by commas; a question "
            "names the business to a third party; empty: nobody is asked"
        ),
    ] = ""
    companies_house_key: Annotated[
        str, SECRET, Meta(description="the API key of Companies House")
    ] = ""
    companies_house_url: str = "https://api.company-information.service.gov.uk"
    gleif_url: str = "https://api.gleif.org/api/v1"

    @property
    def allowed(self) -> tuple[str, ...]:
        """Return the names of those who may be asked."""
        names = (name.strip().casefold() for name in self.sources.split(","))
        return tuple(name for name in names if name)


class SmsSettings(Section, frozen=True, kw_only=True):
    """Text messages, by Twilio."""

    per_connection: ClassVar[bool] = True

    account: Annotated[str, Meta(description="the account SID; empty: no text messages leave")] = ""
    token: Annotated[str, SECRET, Meta(description="the auth token")] = ""
    sender: Annotated[
        str, Meta(description="a number such as +447700900123, or a messaging service's SID")
    ] = ""
    api_url: str = "https://api.twilio.com"
    messages_per_day: Annotated[
        int, Meta(ge=1, le=100_000, description="text messages per day that one connection sends")
    ] = 200


class MailboxSettings(Section, frozen=True, kw_only=True):
    """The mailbox to which undeliverable letters and automatic replies come back."""

    per_connection: ClassVar[bool] = True

    url: Annotated[
        str,
        SECRET,
        Meta(description="imaps://user:password@imap.example.com; empty: no mailbox is read"),
    ] = ""
    folder: Annotated[str, Meta(description="which folder of it is read; nothing is changed")] = (
        "INBOX"
    )


class AlertsSettings(Section, frozen=True, kw_only=True):
    """Alerts of the rulebook that go to a program: `by: webhook`."""

    per_connection: ClassVar[bool] = True

    webhook: Annotated[
        str,
        Meta(description="https address that alerts are posted to; empty: none are"),
    ] = ""
    secret: Annotated[
        str,
        SECRET,
        Meta(description="signs what is posted, as Standard Webhooks says; without it none is"),
    ] = ""


BANK_DETAILS = (
    "account_name",
    "bank",
    "iban",
    "bic",
    "sort_code",
    "account_number",
    "payment_link",
)
"""The settings of `[letters]` that say where customers pay, together."""


class AllSettings(Struct, frozen=True, kw_only=True):
    """All settings, by their sections."""

    store: StoreSettings = StoreSettings()
    rules: RulesSettings = RulesSettings()
    runs: RunsSettings = RunsSettings()
    workers: WorkersSettings = WorkersSettings()
    web: WebSettings = WebSettings()
    desk: DeskSettings = DeskSettings()
    oidc: OidcSettings = OidcSettings()
    logs: LogsSettings = LogsSettings()
    tokens: TokensSettings = TokensSettings()
    xero: XeroSettings = XeroSettings()
    quickbooks: QuickBooksSettings = QuickBooksSettings()
    smtp: SmtpSettings = SmtpSettings()
    letters: LettersSettings = LettersSettings()
    sms: SmsSettings = SmsSettings()
    credit_data: CreditDataSettings = CreditDataSettings()
    mailbox: MailboxSettings = MailboxSettings()
    alerts: AlertsSettings = AlertsSettings()


class Setting(NamedTuple):
    """One setting, as the reader and the docs see it; made from the sections above."""

    section: str
    key: str
    default: str
    comment: str
    choices: tuple[str, ...]
    secret: bool
    is_duration: bool
    whole: tuple[int, int] | None
    """The least and the most of a setting that is a whole number."""
    pattern: str = ""
    """What its text looks like; empty: any text."""
    example: str = ""
    """A text that fits the pattern."""
    per_connection: bool = False
    """Whether it may differ from connection to connection."""


def _kinds() -> dict[str, type[Section]]:
    hints = get_type_hints(AllSettings)
    return {
        name: hint
        for name, hint in hints.items()
        if isinstance(hint, type) and issubclass(hint, Section)
    }


def settings_of(section: str, kind: type[Section]) -> Iterator[Setting]:
    """Yield the settings of one section, by its kind."""
    hints = get_type_hints(kind, include_extras=True)
    for field in msgspec.structs.fields(kind):
        hint = hints[field.name]
        base, *metas = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        bounds = [(meta.ge, meta.le) for meta in metas if meta.ge is not None]
        yield Setting(
            section,
            field.name,
            str(field.default),
            "".join(meta.description or "" for meta in metas),
            get_args(base) if get_origin(base) is Literal else (),
            SECRET in metas,
            DURATION in metas,
            bounds[0] if bounds else None,
            "".join(meta.pattern or "" for meta in metas),
            "".join(str(example) for meta in metas for example in meta.examples or ()),
            kind.per_connection or PER_CONNECTION in metas,
        )


SETTINGS = tuple(
    setting for section, kind in _kinds().items() for setting in settings_of(section, kind)
)
SECTIONS = tuple(_kinds())


def variable(setting: Setting) -> str:
    """Return the environment variable that overrides the setting."""
    # A channel's section has a dot, and its name may hold what no variable can.
    return re.sub(r"\W", "_", f"ARSYNC_{setting.section}_{setting.key}").upper()


def seconds(text: str) -> int:
    """Read `30s`, `15m`, `2h`.

    Raises:
        UserMistake: anything else, or outside 10 seconds to 7 days.
    """
    unit = {"s": 1, "m": 60, "h": 3600}.get(text[-1:], 0)
    # isdigit alone lets `²` through, and no duration in range has many digits.
    if not unit or not re.fullmatch(r"[0-9]{1,9}", text[:-1]):
        raise UserMistake(f"{text!r} is not a duration. Write 30s, 15m or 2h.")
    duration = int(text[:-1]) * unit
    if not EVERY_SECONDS_MIN <= duration <= EVERY_SECONDS_MAX:
        raise UserMistake(f"{text!r} is out of range: from 10s to 168h.")
    return duration
