"""Credit holds: contacts in, or out of, the contact group that shows them.

Xero's API has no credit limit, no hold and no field of one's own. A group is what people see in the
contact list; it blocks no invoice. Archiving a contact would, and would also hide it.
"""

from __future__ import annotations

from xero_python.accounting import Contact, ContactGroup, ContactGroups, Contacts

from arsync.errors import OutcomeUnknown
from arsync_xero.documents import GROUPS
from arsync_xero.write_client import WriteClient, WriteStep

GROUP_NAME = "Credit hold"


class Members(WriteStep):
    """Contacts in, or out of, the contact group of credit holds."""

    def __init__(self, write_client: WriteClient, contact_ids: list[str], *, inside: bool) -> None:
        super().__init__(write_client)
        self._contact_ids = contact_ids
        self._inside = inside

    @property
    def detail(self) -> str:
        return f'{"added to" if self._inside else "removed from"} "{GROUP_NAME}"'

    def found(self) -> str:
        group_id = self._group_id()
        members = self._members(group_id) if group_id else set()
        present = [id_ in members for id_ in self._contact_ids]
        is_done = all(present) if self._inside else not any(present)
        return (group_id or self._contact_ids[0]) if is_done else ""

    def present(self) -> list[str]:
        """Return the contacts that are in the group."""
        group_id = self._group_id()
        members = self._members(group_id) if group_id else set()
        return [id_ for id_ in self._contact_ids if id_ in members]

    def make(self, key: str) -> str:
        group_id = self._group_id()
        # People may use the group too, so it stays, and contacts are removed one by one. A DELETE
        # without a contact would empty it. It takes no idempotency key: only members are removed.
        if not self._inside:
            members = self._members(group_id) if group_id else set()
            for id_ in self._contact_ids:
                if id_ in members:
                    what = f'removing from "{GROUP_NAME}"'
                    method = "delete_contact_group_contact"
                    self.write_client.sdk.call(method, group_id, id_, what=what)
            return group_id or self._contact_ids[0]
        # Under another key: Xero refuses one key with two different requests.
        group_id = group_id or self._create(f"{key}-group")
        contacts = Contacts(contacts=[Contact(contact_id=id_) for id_ in self._contact_ids])
        what = f'adding to "{GROUP_NAME}"'
        method = "create_contact_group_contacts"
        self.write_client.sdk.call(method, group_id, contacts, what=what, key=key)
        return group_id

    def _group_id(self) -> str:
        return group_named(self.write_client, GROUP_NAME)

    def _members(self, group_id: str) -> set[str]:
        return members_of(self.write_client, group_id)

    def _create(self, key: str) -> str:
        return create_group(self.write_client, GROUP_NAME, key)


def active_groups(write_client: WriteClient) -> dict[str, str]:
    """Return the names of the groups that are in use, by id."""
    return {
        group.contact_group_id: group.name or ""
        for group in write_client.api.rows(GROUPS).documents
        if group.status == "ACTIVE" and group.contact_group_id
    }


def group_named(write_client: WriteClient, name: str) -> str:
    """Return the id of the group of a name, in whatever case; empty when there is none."""
    for group_id, group_name in active_groups(write_client).items():
        if group_name.casefold() == name.casefold():
            return group_id
    return ""


def members_of(write_client: WriteClient, group_id: str) -> set[str]:
    """Return the ids of the contacts in a group."""
    # Only the group's own address lists its members. That joining a group counts as a change of
    # the contact is not documented, so the contact is not asked.
    rows = write_client.api.read_one(GROUPS, f"ContactGroups/{group_id}")
    groups = rows.documents if rows else []
    return {contact.contact_id or "" for group in groups for contact in group.contacts or ()}


def create_group(write_client: WriteClient, name: str, key: str) -> str:
    """Create a group, under an idempotency key; returns its id."""
    groups = ContactGroups(contact_groups=[ContactGroup(name=name)])
    what = f'the contact group "{name}"'
    body = write_client.sdk.call("create_contact_group", groups, what=what, key=key)
    groups_made = GROUPS.rows(body).documents
    if not groups_made or not groups_made[0].contact_group_id:
        raise OutcomeUnknown(f"Xero: {what}: the answer names no group")
    return groups_made[0].contact_group_id
