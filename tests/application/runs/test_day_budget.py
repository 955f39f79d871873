"""A ledger whose calls do not reach for its pace runs less often that day; wishes come before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from tests.builders.books import NOW, ORGANISATION, RULES, Books, BooksPlatform

from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext, organisations
from arsync.application.overview.status import status
from arsync.application.permissions import SCHEDULE
from arsync.application.runs.day_budget import USUAL_CALLS, day_budget
from arsync.application.runs.runs import sync
from arsync.clock import SetClock
from arsync.config import load_config
from arsync.connector_sdk import Connector, RateLimits, Transport
from arsync.connector_sdk.rate_window import DayLeft
from arsync.http import PlatformTransport

PACE = 900
XERO_STARTER = RateLimits(10_000, 0, calls_per_day=1_000, reserve_per_day=200)
METERED = RateLimits(10_000, 0, reads_per_month=300_000, reads_reserve=0)


class Calling(BooksPlatform):
    """Each opening makes calls that count."""

    calls = 0

    def open(
        self, transport: Transport, organisation_id: str, settings: Mapping[str, str]
    ) -> Connector:
        assert isinstance(transport, PlatformTransport)
        for _ in range(self.calls):
            transport.pacer.admit(changes=False)
            transport.pacer.read()
            transport.usage.calls["read"] += 1
        return super().open(transport, organisation_id, settings)


@pytest.fixture
def platform() -> Calling:
    calling = Calling(Books())
    calling.limits = XERO_STARTER
    return calling


@pytest.fixture
def organisation(tmp_path: Path, platform: Calling) -> Iterator[OrganisationContext]:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "standard.yaml").write_text(RULES)
    (tmp_path / "config.toml").write_text(
        '[store]\nurl = "sqlite:///arsync.db"\n[tokens]\nkeyring = "off"\n'
    )
    config = load_config(tmp_path / "config.toml", {})
    with Container(config, clock=SetClock(NOW), platforms=lambda _: platform) as container:
        container.store.connections.add("books", platform="books", organisation=ORGANISATION)
        container.store.schedules.keep(PACE)
        (context,) = organisations(container)
        yield context


def test_without_a_daily_limit_there_is_no_budget(
    organisation: OrganisationContext, platform: Calling
) -> None:
    platform.limits = RateLimits(60, 5)
    assert day_budget(organisation) is None
    shown = status(SCHEDULE, organisation)
    assert (shown.calls_left_today, shown.pace_today) == (None, "")


def test_a_run_tells_its_calls_and_the_pace_follows(
    organisation: OrganisationContext, platform: Calling
) -> None:
    before = day_budget(organisation)
    assert before is not None
    assert before.day_left == DayLeft(1_000, 86_400.0)
    # 80 runs of 8 calls are what 1,000, less the reserve and a fifth for wishes, reach for.
    assert before.words == "every 18 minutes today: 1,000 of 1,000 calls left"
    platform.calls = 40
    result = sync(SCHEDULE, organisation)
    assert result.calls == 40
    assert organisation.store.runs.latest(organisation.id)[0].counts["calls"] == 40
    shown = status(SCHEDULE, organisation)
    # The last block was reserved whole: 47 calls count until the platform says 40.
    assert (shown.calls_left_today, shown.calls_per_day) == (953, 1_000)
    # 602 calls are 15 runs of 40 in the 24 hours.
    assert shown.pace_today == "every 96 minutes today: 953 of 1,000 calls left"
    schedule = organisation.store.schedules.get(organisation.id)
    assert schedule is not None
    assert schedule.next_at == NOW + timedelta(minutes=96)


def test_a_wish_comes_before_the_longer_pace(
    organisation: OrganisationContext, platform: Calling
) -> None:
    platform.calls = 40
    sync(SCHEDULE, organisation)
    schedules = organisation.store.schedules
    assert isinstance(organisation.clock, SetClock)
    organisation.clock.advance(timedelta(minutes=60))
    assert schedules.due() == []
    schedules.want([organisation.id], "a hook came")
    assert [row.connection_id for row in schedules.due()] == [organisation.id]


def test_calls_that_reach_leave_the_pace_alone(
    organisation: OrganisationContext, platform: Calling
) -> None:
    platform.limits = XERO_STARTER._replace(calls_per_day=5_000)
    platform.calls = USUAL_CALLS
    sync(SCHEDULE, organisation)
    budget = day_budget(organisation)
    assert budget is not None
    assert (budget.pace_seconds, budget.words) == (PACE, "")
    schedule = organisation.store.schedules.get(organisation.id)
    assert schedule is not None
    assert schedule.next_at <= NOW + timedelta(seconds=PACE)


def test_metered_reads_are_planned_by_the_ledgers_share(
    organisation: OrganisationContext, platform: Calling
) -> None:
    platform.limits = METERED
    for number in range(99):
        books = ORGANISATION._replace(id=f"other-{number}")
        organisation.store.connections.add(f"other-{number}", platform="books", organisation=books)
    platform.calls = 3
    sync(SCHEDULE, organisation)
    budget = day_budget(organisation)
    assert budget is not None
    days_left = 30 - NOW.day + 1
    share = 300_000 // days_left // 100
    assert (budget.calls_per_day, budget.day_left.calls) == (share, share - 3)
    assert budget.metered
    assert budget.calls_words == f"{share - 3:,} of {share:,} reads left"
