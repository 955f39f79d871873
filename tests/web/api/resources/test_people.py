"""People by the API: invited, changed, signed out; a link is told once."""

from __future__ import annotations

from tests.builders.desk import DeskDriver, add_person
from tests.builders.programs import Program, said

from arsync.application.people.signing_in import looked_at
from arsync.application.permissions import Role
from arsync.store.people.users import CONNECTION

KIM = {"email": "kim@example.com", "role": {"role": "reader"}}


def test_an_invitation_opens_once_and_is_told_once(desk: DeskDriver, owner: Program) -> None:
    first = said(owner.post("/people", key="k1", **KIM))
    token = first["link"].rpartition("/")[2]
    link = looked_at(desk.container, token)
    assert link is not None
    assert link.user_id == first["person"]["id"]
    again = said(owner.post("/people", key="k1", **KIM))
    assert again == first | {"link": None}
    # A lost answer is no dead end: another link takes the place of the first.
    other = said(owner.post(f"/people/{first['person']['id']}/link"))
    assert other["link"] != first["link"]
    assert looked_at(desk.container, token) is None


def test_no_link_stands_in_the_store(desk: DeskDriver, owner: Program) -> None:
    token = said(owner.post("/people", key="k1", **KIM))["link"].rpartition("/")[2]
    path = desk.container.config.folder / "arsync.db"
    files = [file for file in path.parent.iterdir() if file.name.startswith("arsync.db")]
    assert all(token.encode() not in file.read_bytes() for file in files)


def test_a_role_holds_from_the_next_request(desk: DeskDriver, owner: Program) -> None:
    user = add_person(desk.container, "Kim Lee", Role.READER)
    kim, path = Program(desk.app, desk.container, user), f"/people/{user.id}"
    body = {"role": "controller", "approves_up_to": "5000.00"}
    changed = said(owner.post(f"{path}/role", **body))
    assert [role["approves_up_to"] for role in changed["roles"]] == ["5000.00"]
    assert kim.post("/connections/books/stop", reason="wrong bank").status_code == 200
    owner.post(f"{path}/role", role="reader", scope=CONNECTION, value="books")
    taken = said(owner.post(f"{path}/role/remove", scope="all"))
    assert [(role["role"], role["words"]) for role in taken["roles"]] == [
        ("reader", "only Example Ltd")
    ]
    assert kim.read("/me")["roles"] == taken["roles"]


def test_a_disabled_person_is_answered_no_more(desk: DeskDriver, owner: Program) -> None:
    user = add_person(desk.container, "Kim Lee", Role.OWNER)
    kim, path = Program(desk.app, desk.container, user), f"/people/{user.id}"
    assert said(owner.post(f"{path}/disable"))["disabled"] is True
    assert kim.get("/me").status_code == 401
    assert said(owner.post(f"{path}/enable"))["disabled"] is False
    own = owner.read("/me")["id"]
    assert owner.post(f"/people/{own}/disable").status_code == 422


def test_sessions_are_listed_and_ended(desk: DeskDriver, owner: Program) -> None:
    user = add_person(desk.container, "Kim Lee", Role.READER)
    browsers = [desk.signed_in(user), desk.signed_in(user)]
    path = f"/people/{user.id}/sessions"
    first, second = (row["id"] for row in owner.read(path)["items"])
    assert said(owner.post(f"{path}/end", session=first)) == {"ended": 1}
    assert sorted(browser.get("/me").status_code for browser in browsers) == [200, 303]
    assert [row["id"] for row in owner.read(path)["items"]] == [second]
    assert said(owner.post("/people/sessions/end")) == {"ended": 1}


def test_people_come_in_parts(owner: Program) -> None:
    whole = owner.read("/people")["items"]
    assert owner.read_in_parts("/people", 1) == whole
    assert [row["id"] for row in whole] == sorted(row["id"] for row in whole)
