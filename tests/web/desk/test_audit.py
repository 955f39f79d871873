"""The audit log: who did what, for owners and accountants, on pages and as files."""

from __future__ import annotations

import csv
import io
import json

from flask.testing import FlaskClient
from tests.builders.desk import DeskDriver, add_person, post

from arsync.application.permissions import Role
from arsync.store.people.audit_log import AuditEntry


def fill(desk: DeskDriver, count: int) -> None:
    """Put lines into the log."""
    number = desk.container.store.connections.get("books").id
    for at in range(count):
        desk.container.store.audit.add(
            AuditEntry(
                who="Tom Okafor" if at % 2 else "Priya Nair",
                source="desk",
                what="approved" if at % 2 else "recorded a promise",
                about=f"Customer {at}",
                words="=1+1 for GBP 1,250.00",
                connection_id=number,
            )
        )


def test_the_log_is_read_a_page_at_a_time(desk: DeskDriver, owner: FlaskClient) -> None:
    fill(desk, 60)
    first = owner.get("/audit").text
    assert "Customer 59" in first
    assert "Customer 9:" not in first
    older = first.partition('href="/audit?')[2].partition('"')[0].replace("&amp;", "&")
    second = owner.get(f"/audit?{older}").text
    assert "Customer 9:" in second
    assert "Customer 59" not in second


def test_the_log_is_filtered(desk: DeskDriver, owner: FlaskClient) -> None:
    fill(desk, 4)
    page = owner.get("/audit?who=Tom+Okafor&about=Customer+3").text
    assert "Customer 3" in page
    assert "Customer 1:" not in page
    assert "Customer 2" not in page
    assert "Nothing like that" in owner.get("/audit?until=2001-01-01").text
    for odd in ("?before=x&since=2026-13-99", "?until=9999-12-31", "?before=99999999999999"):
        assert owner.get(f"/audit{odd}").status_code == 200


def test_downloads_are_files_without_formulas(desk: DeskDriver, owner: FlaskClient) -> None:
    fill(desk, 3)
    answer = owner.get("/audit.csv")
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["about"] for row in rows] == ["Customer 2", "Customer 1", "Customer 0"]
    assert rows[0]["words"] == "'=1+1 for GBP 1,250.00"
    answer = owner.get("/audit.json?who=Tom+Okafor")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert [line["about"] for line in json.loads(answer.text)] == ["Customer 1"]
    assert json.loads(owner.get("/audit.json?who=nobody").text) == []


def test_whoever_sees_no_amounts_reads_none(desk: DeskDriver) -> None:
    fill(desk, 1)
    ada = add_person(desk.container, "Ada", Role.ACCOUNTANT, sees_amounts=False)
    client = desk.signed_in(ada)
    for path in ("/audit", "/audit.csv", "/audit.json"):
        assert "1,250" not in client.get(path).text


def test_controllers_and_readers_read_no_log(
    controller: FlaskClient, accountant: FlaskClient, reader: FlaskClient
) -> None:
    for path in ("/audit", "/audit.csv", "/audit.json"):
        assert controller.get(path).status_code == 403
        assert reader.get(path).status_code == 403
        assert accountant.get(path).status_code == 200


def test_an_export_of_a_customer_has_its_lines_alone(
    desk: DeskDriver, controller: FlaskClient
) -> None:
    day = desk.container.clock.now().date().isoformat()
    alone = {"until": day, "reason": "they move house"}
    post(controller, "/c/books/customers/c1/leave-alone", **alone)
    post(controller, "/c/books/customers/c4/leave-alone", **alone)
    connection = desk.container.store.connections.get("books")
    lines = desk.container.store.privacy.export(connection.id, "c1")["audit_log"]
    assert [(line["who"], line["about"]) for line in lines] == [("Tom Okafor", "Elmhurst Tools")]
    assert "they move house" in lines[0]["words"]
