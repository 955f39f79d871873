"""Reminder levels: a contact in one of the contact groups "Reminder level 1", "Reminder level 2".

As with credit holds, a group is what people see in the contact list. Groups stay when they are
empty: people may use them too.
"""

from __future__ import annotations

import re

from xero_python.accounting import Contact, Contacts

from arsync.errors import NeedsReconnect, OutcomeUnknown, Rejected, RetryLater
from arsync_xero.credit_holds import active_groups, create_group, members_of
from arsync_xero.write_client import WriteClient, WriteStep

_GROUP = re.compile(r"reminder level ([1-9]\d{0,3})", re.IGNORECASE | re.ASCII)


class LevelGroup(WriteStep):
    """One contact in the group of its level and in that of no other level; 0: in none."""

    def __init__(self, write_client: WriteClient, contact_id: str, level: int) -> None:
        super().__init__(write_client)
        self._contact_id = contact_id
        self._level = level

    @property
    def detail(self) -> str:
        return f'in "Reminder level {self._level}"' if self._level else "without a reminder level"

    def found(self) -> str:
        return self._contact_id if self.present() == self._wanted() else ""

    def present(self) -> set[int]:
        """Return the levels in whose groups the contact is."""
        return {
            level
            for group_id, level in self._groups().items()
            if self._contact_id in members_of(self.write_client, group_id)
        }

    def make(self, key: str) -> str:
        groups = self._groups()
        if self._level:
            self._add(groups, key)
        try:
            for group_id, level in groups.items():
                if level != self._level:
                    self._take_out(group_id, level)
        except (RetryLater, NeedsReconnect, Rejected) as error:
            # It may be in two groups now: whoever tries again has to look.
            raise OutcomeUnknown(f"Written in part; the rest failed: {error}") from error
        return self._contact_id

    def _wanted(self) -> set[int]:
        return {self._level} if self._level else set()

    def _groups(self) -> dict[str, int]:
        return {
            group_id: int(match[1])
            for group_id, name in active_groups(self.write_client).items()
            if (match := _GROUP.fullmatch(name.strip()))
        }

    def _add(self, groups: dict[str, int], key: str) -> None:
        name = f"Reminder level {self._level}"
        group_id = next((id_ for id_, level in groups.items() if level == self._level), "")
        # Under another key: Xero refuses one key with two different requests.
        group_id = group_id or create_group(self.write_client, name, f"{key}-group")
        contacts = Contacts(contacts=[Contact(contact_id=self._contact_id)])
        method, what = "create_contact_group_contacts", f'adding to "{name}"'
        self.write_client.sdk.call(method, group_id, contacts, what=what, key=key)

    def _take_out(self, group_id: str, level: int) -> None:
        # A DELETE without a contact would empty the group, so it names the contact.
        if self._contact_id in members_of(self.write_client, group_id):
            method, what = "delete_contact_group_contact", f'removing from "Reminder level {level}"'
            self.write_client.sdk.call(method, group_id, self._contact_id, what=what)
