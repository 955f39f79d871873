"""Several organisations at each platform: one login, ledgers of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import click
import click.testing
import pytest
import requests

from arsync_sandbox.books import (
    ORGANISATIONS_MAX,
    chosen_keys,
    importable_platforms,
    numbered_names,
    organisations_named,
)
from arsync_sandbox.cli import loaded_ledgers, main, start_values
from arsync_sandbox.oauth import WEB_CLIENT
from arsync_sandbox.server import Sandbox

NAMES = ("Harbour Ltd", "Quay Ltd", "Mole Ltd")
BACK = "http://localhost:5999/back"
SCOPES = {
    "xero": "openid offline_access accounting.contacts accounting.settings.read",
    "quickbooks": "com.intuit.quickbooks.accounting",
}
AUTHORISE = {"xero": "/identity/connect/authorize", "quickbooks": "/connect/oauth2"}
TOKEN = {"xero": "/connect/token", "quickbooks": "/oauth2/v1/tokens/bearer"}

platforms = pytest.mark.parametrize("platform", importable_platforms())


@pytest.fixture
def clients(start_sandbox: Callable[..., Sandbox]) -> Sandbox:
    """Three organisations at every platform, each with a ledger of its own."""
    sandbox = start_sandbox(
        platforms=importable_platforms(),
        start=date(2026, 6, 1),
        organisations=organisations_named(NAMES),
        settings={"consent": "allow"},
    )
    sandbox.generate(contacts=3, invoices=9)
    return sandbox


def organisation_id(sandbox: Sandbox, platform: str, name: str) -> str:
    (key,) = chosen_keys(sandbox.books, platform, name)
    return sandbox.books[key].organisation.id


def consent(sandbox: Sandbox, platform: str, **more: str) -> requests.Response:
    query = {
        "response_type": "code",
        "client_id": WEB_CLIENT.id,
        "redirect_uri": BACK,
        "scope": SCOPES[platform],
        "state": "s",
    }
    return requests.get(
        sandbox.url + AUTHORISE[platform], params=query | more, allow_redirects=False, timeout=5
    )


def sign_in(sandbox: Sandbox, platform: str, **more: str) -> tuple[str, dict[str, list[str]]]:
    """The access token, and what came back with the code."""
    back = parse_qs(urlsplit(consent(sandbox, platform, **more).headers["Location"]).query)
    answer = requests.post(
        sandbox.url + TOKEN[platform],
        data={"grant_type": "authorization_code", "code": back["code"][0], "redirect_uri": BACK},
        auth=(WEB_CLIENT.id, WEB_CLIENT.secret),
        timeout=5,
    )
    return answer.json()["access_token"], back


def contacts_answer(sandbox: Sandbox, platform: str, token: str, id_: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    if platform == "xero":
        url, query = f"{sandbox.url}/api.xro/2.0/Contacts", {"page": "1"}
        headers["xero-tenant-id"] = id_
    else:
        url = f"{sandbox.url}/v3/company/{id_}/query"
        query = {"query": "select * from Customer"}
    return requests.get(url, headers=headers, params=query, timeout=5)


def api_status(sandbox: Sandbox, platform: str, token: str, id_: str) -> int:
    return contacts_answer(sandbox, platform, token, id_).status_code


def names_of_contacts(sandbox: Sandbox, platform: str, token: str, id_: str) -> set[str]:
    """What an app reads of one organisation; an empty set where it is not let in."""
    answer = contacts_answer(sandbox, platform, token, id_)
    if answer.status_code == 403:
        return set()
    rows = answer.json()
    if platform == "xero":
        return {row["Name"] for row in rows["Contacts"]}
    return {row["DisplayName"] for row in rows["QueryResponse"]["Customer"]}


def names_in_books(sandbox: Sandbox, platform: str, name: str) -> set[str]:
    (key,) = chosen_keys(sandbox.books, platform, name)
    return {row["name"] for row in sandbox.books[key].state()["contacts"]}


def test_one_xero_consent_opens_several_tenants(clients: Sandbox) -> None:
    token, _ = sign_in(clients, "xero")
    for name in NAMES:
        id_ = organisation_id(clients, "xero", name)
        assert names_of_contacts(clients, "xero", token, id_) == names_in_books(
            clients, "xero", name
        )
    connections = requests.get(
        f"{clients.url}/connections", headers={"Authorization": f"Bearer {token}"}, timeout=5
    ).json()
    assert {row["tenantName"] for row in connections} == set(NAMES)


def test_a_quickbooks_consent_opens_the_chosen_company(clients: Sandbox) -> None:
    wanted = organisation_id(clients, "quickbooks", "Quay Ltd")
    token, back = sign_in(clients, "quickbooks", sandbox_organisation="Quay Ltd")
    assert back["realmId"] == [wanted]
    theirs = names_in_books(clients, "quickbooks", "Quay Ltd")
    assert names_of_contacts(clients, "quickbooks", token, wanted) == theirs
    first = organisation_id(clients, "quickbooks", "Harbour Ltd")
    assert names_of_contacts(clients, "quickbooks", token, first) == set()


@platforms
def test_the_ledgers_are_kept_apart(clients: Sandbox, platform: str) -> None:
    ledgers = [names_in_books(clients, platform, name) for name in NAMES]
    assert all(len(names) == 3 for names in ledgers)
    assert not ledgers[0] & ledgers[1]
    numbers = [
        {row["number"] for row in clients.books[key].state()["invoices"]}
        for key in chosen_keys(clients.books, platform)
    ]
    assert not numbers[0] & numbers[1]


@platforms
def test_the_setting_chooses_for_the_page(clients: Sandbox, platform: str) -> None:
    clients.change_settings({"consent_organisations": "Mole Ltd"})
    token, _ = sign_in(clients, platform)
    third = organisation_id(clients, platform, "Mole Ltd")
    assert names_of_contacts(clients, platform, token, third)
    first = organisation_id(clients, platform, "Harbour Ltd")
    assert names_of_contacts(clients, platform, token, first) == set()


@platforms
def test_the_page_offers_every_organisation(clients: Sandbox, platform: str) -> None:
    page = consent(clients, platform, sandbox_consent="ask").text
    assert all(name in page for name in NAMES)
    assert page.count("checked") == (1 if platform == "quickbooks" else 3)


@platforms
def test_one_client_disconnects_the_others_stay(clients: Sandbox, platform: str) -> None:
    tokens = {name: sign_in(clients, platform, sandbox_organisation=name)[0] for name in NAMES[:2]}
    clients.books[chosen_keys(clients.books, platform, "Quay Ltd")[0]].disconnect()  # type: ignore[attr-defined]
    first = organisation_id(clients, platform, "Harbour Ltd")
    assert names_of_contacts(clients, platform, tokens["Harbour Ltd"], first)
    assert "Quay Ltd" not in {
        name
        for name in NAMES[:2]
        if api_status(clients, platform, tokens[name], organisation_id(clients, platform, name))
        == 200
    }


@platforms
def test_the_control_plane_chooses_one_organisation(clients: Sandbox, platform: str) -> None:
    plane = f"{clients.url}/_sandbox"
    where = {"platform": platform, "organisation": "Quay Ltd"}
    before = requests.get(f"{plane}/state", params=where, timeout=5).json()
    contact = before[platform]["contacts"][0]
    body = {**where, "do": "rename", "contact_id": contact["id"], "name": "Renamed"}
    assert requests.post(f"{plane}/people", json=body, timeout=5).status_code == 200
    assert "Renamed" in names_in_books(clients, platform, "Quay Ltd")
    assert "Renamed" not in names_in_books(clients, platform, "Harbour Ltd")
    everything = requests.get(f"{plane}/state", timeout=5).json()
    assert {platform, f"{platform}:Quay Ltd", f"{platform}:Mole Ltd"} <= everything.keys()
    refused = requests.get(f"{plane}/state", params={"organisation": "Nobody"}, timeout=5)
    assert refused.status_code == 400
    assert "Harbour Ltd" in refused.json()["error"]


def test_rows_of_later_days_reach_their_organisation_alone(clients: Sandbox) -> None:
    rows = {
        "organisation": "Quay Ltd",
        "platforms": ["xero"],
        "contacts": [{"id": "c", "name": "Late"}],
        "invoices": [
            {"id": "i", "number": "LATE-1", "contact_id": "c", "issued_on": "2026-06-03"}
            | {"due_on": "2026-07-03", "currency": "GBP", "total": "10.00"}
        ],
    }
    plane = f"{clients.url}/_sandbox"
    assert requests.post(f"{plane}/load", json=rows, timeout=5).status_code == 200
    requests.post(f"{plane}/clock", json={"to": "2026-06-04"}, timeout=5)
    holders = [
        key
        for key, book in clients.books.items()
        if "LATE-1" in {row["number"] for row in book.state()["invoices"]}
    ]
    assert holders == ["xero:Quay Ltd"]


def test_a_reset_brings_every_ledger_back(clients: Sandbox) -> None:
    before = {key: book.state()["contacts"] for key, book in clients.books.items()}
    for book in list(clients.books.values()):
        book.load_contacts([])
    clients.reset()
    assert {key: book.state()["contacts"] for key, book in clients.books.items()} == before


def test_a_thousand_organisations_are_the_most() -> None:
    assert len(organisations_named(numbered_names(ORGANISATIONS_MAX))) == ORGANISATIONS_MAX
    with pytest.raises(ValueError, match="1000"):
        organisations_named(numbered_names(ORGANISATIONS_MAX + 1))
    with pytest.raises(ValueError, match="name of its own"):
        organisations_named(["Same", "Same"])


@pytest.mark.parametrize("wrong", ["0", "1001", "A,A", "A,,B", "99999999999999999999"])
def test_the_command_line_refuses_odd_organisations(wrong: str) -> None:
    result = click.testing.CliRunner().invoke(main, ["--organisations", wrong])
    assert result.exit_code == 2
    assert "--organisations" in result.output


def test_folders_are_loaded_by_the_organisations_name(tmp_path: Path) -> None:
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "contacts.csv").write_text(f"id,name\nc,{name}\n", encoding="utf-8")
        (folder / "invoices.csv").write_text(
            "id,number,contact_id,issued_on,currency,total\ni,1,c,2026-06-01,GBP,1\n",
            encoding="utf-8",
        )
    loaded = loaded_ledgers((str(tmp_path / "one"), f"B={tmp_path / 'two'}"), ["A", "B"])
    assert {name: rows.contacts[0].name for name, rows in loaded.items()} == {
        "A": "one",
        "B": "two",
    }
    with pytest.raises(click.UsageError, match="twice"):
        loaded_ledgers((f"B={tmp_path / 'one'}", f"B={tmp_path / 'two'}"), ["A", "B"])


def test_programs_are_told_each_organisation(clients: Sandbox) -> None:
    values: Any = json.loads(json.dumps(start_values(clients)))
    assert values["platforms"] == list(importable_platforms())
    assert {row["name"] for row in values["organisations"]} == set(NAMES)
    assert len({(row["platform"], row["id"]) for row in values["organisations"]}) == len(
        importable_platforms()
    ) * len(NAMES)
