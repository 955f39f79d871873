"""Lists in parts, and the addresses of the registry."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from tests.builders.desk import CUSTOMERS, DeskDriver
from tests.builders.programs import Program

from arsync.clock import SetClock
from arsync.web.api.resources import every_operation


def in_parts(program: Program, path: str, name: str, limit: int) -> list[str]:
    return [row[name] for row in program.read_in_parts(path, limit)]


def test_a_list_in_parts_is_the_list(reader: Program) -> None:
    for path, name in (("customers", "id"), ("invoices", "id"), ("actions", "key")):
        address = f"/connections/books/{path}"
        whole = [item[name] for item in reader.read(address, limit=200)["items"]]
        for limit in (1, 2, len(whole)):
            assert in_parts(reader, address, name, limit) == whole
    assert len(in_parts(reader, "/connections/books/customers", "id", 3)) == len(CUSTOMERS)


def test_what_comes_meanwhile_moves_nothing(desk: DeskDriver, reader: Program) -> None:
    before = in_parts(reader, "/connections/books/actions", "key", 50)
    first = reader.read("/connections/books/actions", limit=3)
    contact = desk.books.add_contact(0)
    desk.books.add_invoice(contact, 99, overdue=20)
    assert isinstance(desk.container.clock, SetClock)
    desk.container.clock.advance(timedelta(1))
    list(desk.container.sync("books"))
    rest = reader.read("/connections/books/actions", limit=200, after=first["next"])
    keys = [item["key"] for item in (*first["items"], *rest["items"])]
    assert keys == before
    assert len(in_parts(reader, "/connections/books/actions", "key", 50)) > len(before)


def test_every_operation_has_a_name_of_its_own() -> None:
    names = Counter(operation.name for operation in every_operation())
    assert [name for name, times in names.items() if times > 1] == []
