"""Contact groups: created, renamed, deleted; members added and removed."""

from __future__ import annotations

from flask import Response

from . import wire
from .api import XeroApi, took_effect
from .batches import Batch, Commit
from .documents import XeroContact, XeroGroup
from .errors import Invalid, marked, not_found, validation
from .forms import Json, group_form
from .ledger import XeroLedger

GROUPS_MAX = 100
"""How many active groups an organisation may have."""

TOO_MANY = "You've reached the limit of 100 contact groups."


def group_prepare(ledger: XeroLedger, element: Json, batch: Batch) -> Commit:
    """Check an element of /ContactGroups and return what writes it.

    Raises:
        Invalid: with Xero's message.
    """
    name = str(element.get("Name") or "").strip()
    id_ = batch.path_id or ("" if batch.creates_only else str(element.get("ContactGroupID") or ""))
    group = ledger.groups.get(wire.guid(id_)) if id_ else None
    if id_ and (group is None or group.status != "ACTIVE"):
        raise Invalid("The contact group with the supplied id could not be found")
    if not name and group is None:
        raise Invalid("The contact group must have a name")
    for active_group in active_groups(ledger):
        if active_group is not group and name and active_group.name.lower() == name.lower():
            raise Invalid(f"The contact group name {name} is already assigned")
    batch.claim("group", name.lower(), f"The contact group name {name} is already assigned")
    if group is None and len(active_groups(ledger)) >= GROUPS_MAX:
        raise Invalid(TOO_MANY)
    deleted = element.get("Status") == "DELETED"

    def commit() -> Json:
        written = group or XeroGroup(wire.new_guid(), name)
        ledger.groups[written.id] = written
        written.name = name or written.name
        for contact in written.members.values():
            contact.cache.clear()
        if deleted:
            written.status = "DELETED"
            for contact in list(written.members.values()):
                _leave(ledger, written, contact)
        return group_form(written)

    return commit


def active_groups(ledger: XeroLedger) -> list[XeroGroup]:
    """The groups that lists show."""
    return [group for group in ledger.groups.values() if group.status == "ACTIVE"]


class Groups:
    """The routes of groups that are not batches."""

    def __init__(self, api: XeroApi) -> None:
        self._api = api
        self._ledger: XeroLedger = api.ledger

    def _group(self, group_id: str) -> XeroGroup:
        group = self._ledger.groups.get(wire.guid(group_id))
        if group is None or group.status != "ACTIVE":
            raise not_found()
        return group

    def all(self) -> Response:
        """GET /ContactGroups: the active ones, without their members."""
        rows = [group_form(group) for group in active_groups(self._ledger)]
        return self._api.answer("ContactGroups", rows)

    def one(self, group_id: str) -> Response:
        """GET /ContactGroups/{id}, with its members."""
        return self._api.answer("ContactGroups", [group_form(self._group(group_id), members=True)])

    def add(self, group_id: str) -> Response:
        """PUT /ContactGroups/{id}/Contacts: all of them or none."""
        group = self._group(group_id)
        contacts: list[XeroContact] = []
        refused: list[Json] = []
        for element in self._api.elements("Contacts"):
            contact = self._ledger.contacts.rows.get(wire.guid(element.get("ContactID")))
            if contact is None or contact.status != "ACTIVE":
                message = "The contact with the supplied ContactID could not be found"
                refused.append(marked(element, Invalid(message)))
            else:
                contacts.append(contact)
        if refused:
            raise validation(refused)
        for contact in contacts:
            # Adding twice is no mistake at Xero, and changes nothing.
            if contact.id not in group.members:
                group.members[contact.id] = contact
                contact.groups.append(group)
                _moved(self._ledger, contact)
        took_effect()
        rows = [
            {"ContactID": row.id, "HasValidationErrors": False, "ValidationErrors": []}
            for row in contacts
        ]
        return self._api.answer("Contacts", rows)

    def remove(self, group_id: str, contact_id: str) -> Response:
        """DELETE /ContactGroups/{id}/Contacts/{contact id}."""
        group = self._group(group_id)
        contact = group.members.get(wire.guid(contact_id))
        if contact is None:
            raise not_found()
        _leave(self._ledger, group, contact)
        took_effect()
        return Response(status=204)

    def empty(self, group_id: str) -> Response:
        """DELETE /ContactGroups/{id}/Contacts: everyone leaves."""
        group = self._group(group_id)
        for contact in list(group.members.values()):
            _leave(self._ledger, group, contact)
        took_effect()
        return Response(status=204)


def _leave(ledger: XeroLedger, group: XeroGroup, contact: XeroContact) -> None:
    del group.members[contact.id]
    contact.groups.remove(group)
    _moved(ledger, contact)


def _moved(ledger: XeroLedger, contact: XeroContact) -> None:
    # Whether joining a group counts as a change of the contact is not documented: a switch.
    bumps = bool(ledger.setting("group_bumps_contact"))
    ledger.changed(contact, bump=bumps)
    if bumps:
        ledger.event("CONTACT", "UPDATE", contact)
