"""A list connects, labels and sets up many clients; nothing is done while anything is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.builders.books import ORGANISATION
from tests.builders.pigeon import pigeon_installed
from tests.builders.practice import OWNER, Practice, practising

from arsync.application.connections.connection_import import (
    ImportPlan,
    carry_out,
    changes_in_words,
    connect_listed,
    plan_import,
)
from arsync.application.health.doctor import examine
from arsync.application.permissions import Actor, NotPermitted, Role
from arsync.connector_sdk import Grant, OrganisationRef, Token
from arsync.errors import UserMistake

IBAN, OTHER_IBAN = "GB82 WEST 1234 5698 7654 32", "DE89 3704 0044 0532 0130 00"
APPS = '[xero]\nclient_id = "app"\n[quickbooks]\nclient_id = "app"\n'
HEADER = "name,platform,organisation,mode,labels,letters.iban\n"


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Practice]:
    """Return a practice with North Ltd and two organisations of one name connected at Xero."""
    with practising(tmp_path, APPS) as opened:
        for name, books in (("north", "North Ltd"), ("twin-1", "Twin"), ("twin-2", "Twin")):
            organisation = ORGANISATION._replace(id=f"id-{name}", name=books)
            opened.container.store.connections.add(name, platform="xero", organisation=organisation)
        yield opened


def plan(practice: Practice, rows: str, *, replace: bool = False) -> ImportPlan:
    file = practice.container.config.folder / "clients.csv"
    file.write_text(HEADER + rows)
    return plan_import(OWNER, practice.container, file, replace=replace)


def refused(practice: Practice, rows: str) -> str:
    with pytest.raises(UserMistake) as mistake:
        plan(practice, rows)
    return str(mistake.value)


def a_grant(*organisations: tuple[str, str]) -> Grant:
    expires = datetime(2027, 1, 1, tzinfo=UTC)
    return Grant(
        Token("access", "refresh", expires), tuple(OrganisationRef(*ref) for ref in organisations)
    )


def own_file(practice: Practice, name: str) -> Path:
    return practice.container.config.folder / "connections" / f"{name}.toml"


def test_clients_that_are_connected_are_brought_to_the_list(practice: Practice) -> None:
    practice.own("north", '# ours\n[smtp]\nreply_to = "jane@example.com"\n')
    rows = f"north,xero,north ltd,approve,Retail;Jane,{IBAN}\n,xero,id-twin-1,,Retail,\n"
    asked = plan(practice, rows)
    assert changes_in_words(OWNER, practice.container, asked) == [
        (
            "north: only look (observe) -> ask first (approve); labelled Jane, Retail; "
            "settings letters.iban."
        ),
        "twin-1: labelled Retail.",
    ]
    assert practice.organisation("north").connection.labels == ()
    carry_out(OWNER, practice.container, asked)
    north = practice.organisation("north")
    assert (north.mode, north.connection.labels) == ("approve", ("Jane", "Retail"))
    assert north.config.letters.iban == IBAN
    assert north.config.smtp.reply_to == "jane@example.com"
    assert own_file(practice, "north").read_text().startswith("# ours\n")
    again = plan(practice, rows)
    carry_out(OWNER, practice.container, again)
    assert again.done == []


def test_settings_of_a_channel_are_written(
    practice: Practice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pigeon_installed(tmp_path, monkeypatch):
        practice.own("north", "[channels.pigeon]\npigeons = 3\n")
        file = practice.container.config.folder / "clients.csv"
        file.write_text(
            "name,platform,organisation,channels.pigeon.loft\nnorth,xero,North Ltd,barn\n"
        )
        for done in (["north: [channels.pigeon] loft written to connections/north.toml."], []):
            asked = plan_import(OWNER, practice.container, file)
            carry_out(OWNER, practice.container, asked)
            assert asked.done == done
        own = practice.organisation("north").config
        assert own.get("channels.pigeon", "loft") == "barn"
        assert own.get("channels.pigeon", "pigeons") == "3"


def test_a_setting_that_says_otherwise_is_not_overwritten(practice: Practice) -> None:
    practice.own("north", f'[letters]\niban = "{OTHER_IBAN}"\n')
    rows = f"north,xero,North Ltd,auto,,{IBAN}\n"
    told = refused(practice, rows)
    assert "clients.csv:2, column letters.iban: connections/north.toml says something else" in told
    assert "--replace" in told
    assert OTHER_IBAN not in told
    assert practice.organisation("north").mode == "observe"
    carry_out(OWNER, practice.container, plan(practice, rows, replace=True))
    assert practice.organisation("north").config.letters.iban == IBAN


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("other,xero,North Ltd,,,", "column name: North Ltd is connected already, as 'north'"),
        ("north,xero,New Ltd,,,", "column name: 'north' belongs to North Ltd."),
        (",xero,Twin,,,", "'Twin' is the name of several: id-twin-1, id-twin-2."),
    ],
)
def test_rows_that_contradict_the_store_are_refused(
    practice: Practice, row: str, message: str
) -> None:
    told = refused(practice, f",xero,id-twin-1,auto,,\n{row}\n")
    assert message in told
    assert told.endswith("Nothing was changed.")
    assert practice.organisation("twin-1").mode == "observe"


def test_one_consent_connects_what_it_opens(practice: Practice) -> None:
    rows = f"south,xero,South Ltd,auto,Retail,{IBAN}\n,xero,id-east,,,\nwest,xero,West Ltd,,,\n"
    asked = plan(practice, rows)
    assert [row.organisation for row in asked.to_connect("xero")] == [
        "South Ltd",
        "id-east",
        "West Ltd",
    ]
    grant = a_grant(("id-south", "South Ltd"), ("id-east", "East Ltd"), ("id-else", "Else"))
    connect_listed(OWNER, practice.container, asked, "xero", grant)
    east = practice.container.store.connections.by_organisation("xero", "id-east")
    assert east is not None
    assert asked.connected == ["south", east.name]
    south = practice.organisation("south")
    assert (south.mode, south.connection.labels) == ("auto", ("Retail",))
    assert south.config.letters.iban == IBAN
    assert asked.remaining == [
        "line 4: West Ltd at xero is not connected: choose it on the consent page."
    ]
    # Imported again, the list goes on where the consent ended.
    again = plan(practice, rows.replace("South Ltd", "id-south"))
    assert [row.organisation for row in again.to_connect("xero")] == ["West Ltd"]


def test_each_company_at_quickbooks_needs_its_consent(practice: Practice) -> None:
    asked = plan(practice, "a,quickbooks,Alpha,,,\nb,quickbooks,Beta,,,\n")
    connect_listed(OWNER, practice.container, asked, "quickbooks", a_grant(("77", "Beta")))
    assert asked.connected == ["b"]
    assert asked.remaining == [
        "line 2: Alpha at quickbooks is not connected: it needs a consent of its own."
    ]


def test_a_name_that_a_grant_has_twice_is_refused(practice: Practice) -> None:
    asked = plan(practice, "a,xero,South Ltd,,,\n")
    twice = a_grant(("id-1", "South Ltd"), ("id-2", "South Ltd"))
    with pytest.raises(UserMistake, match="several organisations: id-1, id-2"):
        connect_listed(OWNER, practice.container, asked, "xero", twice)


def test_only_an_owner_imports(practice: Practice) -> None:
    file = practice.container.config.folder / "clients.csv"
    file.write_text(HEADER)
    with pytest.raises(NotPermitted):
        plan_import(Actor("Rita", Role.READER), practice.container, file)


def test_a_list_beyond_the_apps_tier_is_refused(practice: Practice) -> None:
    config = practice.container.config
    practice.container.config = replace(config, xero=replace(config.xero, connections_max=4))
    one, two = "a,xero,A,,,\n", "b,xero,B,,,\n"
    assert plan(practice, one).to_connect("xero")
    told = refused(practice, one + two)
    assert told.startswith("Books: 3 of 4 connections of the app are used; 2 more are listed.")
    assert "[xero] connections_max" in told
    findings = {finding.about: finding for finding in examine(OWNER, practice.container)}
    assert findings["xero"].message == "Books: 3 of 4 connections of the app are used."
