"""Who was told of alerts, on both databases: each once, with a history."""

from __future__ import annotations

from datetime import date, timedelta

from tests.builders.actions import an_action
from tests.store.conftest import NOW

from arsync.core.actions import ActionKind
from arsync.core.planning.plan import Plan, SafetyVerdict
from arsync.store import Store
from arsync.store.actions.alert_tellings import AlertTelling, TellingState
from arsync.store.models import ConnectionRow


def two_alerts(store: Store, connection: ConnectionRow) -> tuple[str, str]:
    actions = tuple(an_action(ActionKind.TASK, subject=f"since {day}") for day in (1, 2))
    plan = Plan("acme", date(2026, 11, 22), (), "abc", actions, (), SafetyVerdict(exceeded=False))
    store.actions.save_plan(connection.id, plan, mode="auto", now=NOW)
    return actions[0].key, actions[1].key


def test_each_is_told_once_and_its_history_says_so(store: Store, connection: ConnectionRow) -> None:
    first, second = two_alerts(store, connection)
    wanted = [AlertTelling(first, "mail", "a@example.com"), AlertTelling(second, "webhook", "")]
    store.alerts.begin(connection.id, wanted)
    store.alerts.begin(connection.id, [*wanted, *wanted])
    due = store.alerts.due(connection.id, NOW)
    assert sorted(due) == sorted(wanted)
    store.alerts.leaves(due, NOW)
    assert store.alerts.due(connection.id, NOW) == []
    assert len(store.alerts.interrupted(connection.id)) == 2
    words = "mailed to a@example.com"
    store.alerts.ended(due, TellingState.TOLD, words, who="arsync", now=NOW)
    store.alerts.begin(connection.id, wanted)
    assert store.alerts.due(connection.id, NOW + timedelta(days=9)) == []
    last = store.actions.events(first)[-1]
    assert (last.reason, last.from_state, last.to_state) == (words, "approved", "approved")


def test_what_failed_waits_for_its_moment(store: Store, connection: ConnectionRow) -> None:
    first, second = two_alerts(store, connection)
    both = [
        AlertTelling(first, "mail", "a@example.com"),
        AlertTelling(second, "mail", "a@example.com"),
    ]
    store.alerts.begin(connection.id, both)
    store.alerts.leaves(both, NOW)
    later = NOW + timedelta(minutes=5)
    store.alerts.put_off(both[:1], "busy", later)
    store.alerts.ended(both[1:], TellingState.GIVEN_UP, "no server", who="arsync", now=NOW)
    assert store.alerts.due(connection.id, NOW) == []
    assert store.alerts.due(connection.id, later) == [both[0]._replace(tries=1)]
    (failed,) = store.alerts.given_up(connection.id)
    assert failed[:4] == (second, "mail", "a@example.com", "no server")
    assert failed.tried_at == NOW
