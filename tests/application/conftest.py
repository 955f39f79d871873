"""One organisation at a platform that nobody calls, and a rules source that counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.builders.books import NOW, ORGANISATION, RULES, Books, BooksPlatform
from tests.builders.mail_server import AnyPort, Sink
from tests.builders.stores import put_store

from arsync.application.organisation.container import Container
from arsync.clock import SetClock
from arsync.config import Config, load_config
from arsync.rules_source.folder import Rules, read_rules


class CountingRules:
    """A rules source that counts how often it is asked, by connection."""

    def __init__(self) -> None:
        self.reads: Counter[str] = Counter()

    def __call__(self, config: Config, connection: str = "") -> Rules:
        self.reads[connection] += 1
        return read_rules(config, connection)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Sink, int]]:
    """One real mail server for all tests of a file, and its port."""
    sink = Sink()
    controller = AnyPort(sink, hostname="127.0.0.1", port=0)
    controller.start()
    yield sink, controller.port
    controller.stop()


@pytest.fixture
def sink(server: tuple[Sink, int]) -> Sink:
    server[0].envelopes.clear()
    server[0].refused.clear()
    return server[0]


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def rules_source() -> CountingRules:
    return CountingRules()


@pytest.fixture
def container(tmp_path: Path, books: Books, rules_source: CountingRules) -> Iterator[Container]:
    put_store(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "standard.yaml").write_text(RULES)
    (tmp_path / "config.toml").write_text(
        '[store]\nurl = "sqlite:///arsync.db"\n[tokens]\nkeyring = "off"\n'
        '[smtp]\nurl = "smtp://127.0.0.1:2525"\nsender = "Accounts <accounts@example.com>"\n'
    )
    with Container(
        load_config(tmp_path / "config.toml", {}),
        clock=SetClock(NOW),
        platforms=lambda _: BooksPlatform(books),
        rules_source=rules_source,
    ) as made:
        made.store.connections.add("books", platform="books", organisation=ORGANISATION)
        yield made
