"""What holds for every test: it is searched for secrets, and what it tried is counted."""

from __future__ import annotations

import gc
import json
import logging
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from hypothesis import HealthCheck, settings
from sqlalchemy import Connection, Engine, create_engine, event, make_url

# How fast an example runs depends on what else the machine does; benchmarks tell of that.
settings.register_profile("arsync", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("arsync")

# Tests start hundreds of processes: without bytecode each would compile every module again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

MEMORY = Path("/dev/shm")
"""Where Linux keeps files in memory. Tests' stores belong there: a commit then waits for no disk,
and deaths here are of processes alone."""

MEMORY_BYTES_MIN = 4_000_000_000
"""Containers often have less, and then files go where they always go."""

if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_BYTES_MIN:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))

pytest.register_assert_rewrite("tests.builders")  # a failure in a builder shows its values too

SECRETS = re.compile(
    r"""
    sandbox-(?:access|refresh|code)-[\w-]{16,}      # what the sandbox gives out, by its prefix
    | eyJ[\w-]{16,}\.eyJ[\w-]{16,}\.[\w-]{16,}      # a signed token, as Xero's are
    | sandbox-web-secret                            # the client's secret
    | hunter-2-secret                               # the tests' password of a mail server
    """,
    re.VERBOSE | re.ASCII,
)
"""What must never be seen outside of a call to the platform and the encrypted store."""

SIGNS_OF_A_SECRET = ("sandbox-", "eyJ", "hunter-2-")
"""Looked for first, as plain texts: most files hold none of them, and that is known at once."""

KEY = re.compile(r"(?<![\w=-])[\w-]{43}", re.ASCII)
"""A key that encrypts tokens, but for the = at its end."""

LETTERS_OF_A_KEY_MIN = 8
"""Of the 43 characters of a random key some 17 are capitals and 17 are small letters; fewer than 8
of either is one key in a thousand, and the usual thing in a row of a database."""

KEPT_BY_THE_USER = {"config.toml", ".env"}
"""Files into which a user writes a secret; arsync reads them."""

KEY_FILE = re.compile(r"(?:[\w-]{43}=\s*)+", re.ASCII)
"""A file that holds keys and nothing else is where they belong."""

JSON_VARIABLE = "ARSYNC_TORTURE_JSON"
"""Names a file that the numbers of the torture tests are written to."""

NUMBERS = Path(__file__).parents[1] / "docs" / "torture.json"
LEFT_OF_WHAT_THE_DOCS_SAY = 0.8
"""A commit more or less in a run changes the number of its points; so much must be left of all."""

FILE_BYTES_MAX = 20_000_000
"""Larger files are cut: a benchmark's ledger."""

SEARCHED: Counter[str] = Counter()
"""How much was searched in this process, by kind."""

_FOUND: list[str] = []


def searched(text: str, where: str) -> str:
    """Search a text, remember what is found until the test ends, and return the text."""
    SEARCHED[where] += 1
    at = _secret_at(text)
    if at is not None:
        _FOUND.append(f"{where}: {text[at : at + 20]}... in {text[max(0, at - 80) :][:100]!r}")
    return text


def _secret_at(text: str) -> int | None:
    """Return where a secret begins; None when there is none."""
    if any(sign in text for sign in SIGNS_OF_A_SECRET):
        match = SECRETS.search(text)
        if match:
            return match.start()
    end = text.find("=", 43)
    while end >= 0:
        begin = end - 43
        if KEY.match(text, begin) and not _goes_on(text, end) and _is_random(text[begin:end]):
            return begin
        end = text.find("=", end + 1)
    return None


def _goes_on(text: str, end: int) -> bool:
    after = text[end + 1 : end + 2]
    return after.isascii() and (after.isalnum() or after in {"_", "="})


def _is_random(key: str) -> bool:
    capitals, small = sum(map(str.isupper, key)), sum(map(str.islower, key))
    return min(capitals, small) >= LETTERS_OF_A_KEY_MIN


class _SearchedLog(logging.Handler):
    """Sees every record of every logger, debug included, with its traceback."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        searched(self.format(record), "log records")


@pytest.fixture(scope="session")
def postgresql_server() -> str:
    """The URL of a PostgreSQL database for tests; skips where there is none."""
    url = os.environ.get("ARSYNC_TEST_POSTGRESQL", "")
    if not url:
        pytest.skip("ARSYNC_TEST_POSTGRESQL names no PostgreSQL database")
    return url


NO_WAIT_FOR_THE_DISK = "-csynchronous_commit=off"
"""PostgreSQL's option: a commit is seen by all at once, and no test pulls the server's plug."""


@contextmanager
def new_schema(server: str) -> Iterator[str]:
    """Make an empty schema and drop it at the end; yields the database's URL inside it."""
    hasty = make_url(server).update_query_dict({"options": NO_WAIT_FOR_THE_DISK})
    engine = create_engine(hasty.set(drivername="postgresql+psycopg"))
    name = f"arsync_test_{secrets.token_hex(6)}"
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text(f"CREATE SCHEMA {name}"))
    options = f"{NO_WAIT_FOR_THE_DISK} -csearch_path={name}"
    inside = make_url(server).update_query_dict({"options": options})
    yield inside.render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text(f"DROP SCHEMA {name} CASCADE"))
    engine.dispose()


@pytest.fixture
def postgresql_schema(postgresql_server: str) -> Iterator[str]:
    """The URL of a PostgreSQL database, inside an empty schema of this test's own."""
    with new_schema(postgresql_server) as url:
        yield url


@pytest.fixture
def postgresql_store(postgresql_server: str) -> Iterator[str]:
    """The URL of an empty store of this test's own in PostgreSQL."""
    from tests.builders.stores import new_store

    with new_store(postgresql_server) as url:
        yield url


@pytest.fixture(autouse=True)
def no_secret_leaves(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail the test in whose log, output or files a secret shows."""
    handler = _SearchedLog()
    logger, root = logging.getLogger("arsync"), logging.getLogger()
    before = logger.level
    logger.setLevel(logging.DEBUG)
    root.addHandler(handler)
    _FOUND.clear()
    folder: Path | None = None
    if "tmp_path" in request.fixturenames:
        folder = request.getfixturevalue("tmp_path")
    yield
    root.removeHandler(handler)
    logger.setLevel(before)
    if folder is not None:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and file.name not in KEPT_BY_THE_USER and not file.is_symlink():
                with file.open("rb") as opened:
                    text = opened.read(FILE_BYTES_MAX).decode("latin-1")
                if not KEY_FILE.fullmatch(text):
                    searched(text, "files")
    if _FOUND:
        pytest.fail("a secret shows:\n" + "\n".join(_FOUND), pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    """Search what a test printed, to both outputs."""
    report: Any = yield
    for name, text in report.sections:
        if report.when == "call" and not name.startswith("Captured log"):
            searched(text, "outputs")
    if report.when == "call" and report.passed and _FOUND:
        report.outcome = "failed"
        report.longrepr = "a secret shows:\n" + "\n".join(_FOUND)
    return report


def pytest_configure() -> None:
    """Search what other processes print, wherever a test takes it: nobody has to think of it."""
    plain = subprocess.Popen.communicate

    def communicate(self: subprocess.Popen[Any], *args: Any, **options: Any) -> Any:
        both = plain(self, *args, **options)
        for text in both:
            if text:
                shown = text if isinstance(text, str) else text.decode("latin-1")
                searched(shown, "outputs of processes")
        return both

    subprocess.Popen.communicate = communicate  # type: ignore[method-assign]
    # Every store of a test, also of a command that it runs: none compiles what another has.
    event.listen(Engine, "engine_connect", _share_statements)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, Any, Any]:
    """Keep what stays for all tests, modules and tests themselves, from being searched for waste.

    It is most of what a search goes through, again and again, and none of it is waste.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def _share_statements(connection: Connection) -> None:
    from tests.builders.stores import share_statements

    share_statements(connection.engine)
    connection.dialect = connection.engine.dialect


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand on what a worker searched; fail when the docs boast of what is not tried any more."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["searched"] = dict(SEARCHED)
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and _tries_less_than_the_docs_say(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)  # there are nodes only where tests are spread over processes
def pytest_testnodedown(node: Any) -> None:
    """Add what a worker searched."""
    SEARCHED.update(getattr(node, "workeroutput", {}).get("searched", {}))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how much was searched, and how many schedules, cases and mutations were tried."""
    sentence = ", ".join(f"{count:,} {kind}" for kind, count in sorted(SEARCHED.items()))
    if sentence:
        terminalreporter.write_line(
            f"searched for secrets: {sentence}; none found but where reported"
        )
    _say_what_was_tried(terminalreporter)


def _tried(terminalreporter: Any) -> tuple[dict[str, list[int]], dict[str, float]]:
    """Return how many schedules and cases were tried, by kind, and for how many seconds."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    seconds: dict[str, float] = defaultdict(float)
    for report in terminalreporter.stats.get("passed", []) + terminalreporter.stats.get(
        "failed", []
    ):
        for name, value in report.user_properties:
            if name == "torture" and report.when == "call":
                what, *numbers = value
                counts[what] = [a + b for a, b in zip(counts[what], numbers, strict=True)]
                seconds[what] += report.duration
    return counts, seconds


def _tries_less_than_the_docs_say(terminalreporter: Any) -> bool:
    """Compare a whole run with docs/torture.json: a point more or less changes samples a little."""
    counts, _ = _tried(terminalreporter)
    if not counts or JSON_VARIABLE in os.environ:
        return False
    promised = json.loads(NUMBERS.read_text(encoding="utf-8"))["ci"]
    if not set(promised) <= set(counts):
        return False
    most = sum(int(row["tried"]) for row in promised.values())
    return sum(tried for tried, _, _ in counts.values()) < LEFT_OF_WHAT_THE_DOCS_SAY * most


def _say_what_was_tried(terminalreporter: Any) -> None:
    counts, seconds = _tried(terminalreporter)
    if not counts:
        return
    terminalreporter.section("torture")
    for what, (tried, unknown, left_out) in sorted(counts.items()):
        omitted = f", {left_out:,} left out when the time was over" if left_out else ""
        settled = f", {unknown:,} settled by a person" if unknown else ""
        terminalreporter.write_line(
            f"{what}: {tried:,} tried{settled}{omitted}, {seconds[what]:.0f} s"
        )
    total = sum(tried for tried, _, _ in counts.values())
    terminalreporter.write_line(f"{total:,} schedules and cases in all")
    if _tries_less_than_the_docs_say(terminalreporter):
        terminalreporter.write_line(
            "docs/reliability.md says more: run `make torture-ci`", red=True
        )
    if JSON_VARIABLE in os.environ:
        _keep(Path(os.environ[JSON_VARIABLE]), counts, seconds)


def _keep(file: Path, counts: dict[str, list[int]], seconds: dict[str, float]) -> None:
    """Put the numbers of this profile into the file, beside those of the other."""
    profile = os.environ.get("ARSYNC_TORTURE_PROFILE", "ci")
    profiles = json.loads(file.read_text()) if file.exists() else {}
    profiles[profile] = {
        what: {
            "tried": tried,
            "settled_by_a_person": people,
            "left_out": left_out,
            "seconds": round(seconds[what]),
        }
        for what, (tried, people, left_out) in sorted(counts.items())
    }
    file.write_text(json.dumps(profiles, indent=2, sort_keys=True) + "\n")
