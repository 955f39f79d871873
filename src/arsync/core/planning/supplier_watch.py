"""What people of the business are told about suppliers, once for each episode.

A supplier need be no customer, so nothing about it is written to the accounting system: its alerts
are tasks that are kept here alone. They begin and end as those about customers do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from arsync.core.actions import Action, TaskPayload
from arsync.core.ledger.account_view import Converter, summed
from arsync.core.ledger.held_since import ConditionSeen, next_episode
from arsync.core.ledger.payable_sums import payable_sums
from arsync.core.ledger.records import Account, Organisation
from arsync.core.ledger.supplier_standing import SupplierOnDay, SupplierStanding, party_id
from arsync.core.planning.planning_context import because
from arsync.core.rulebook.conditions import Answer
from arsync.core.rulebook.facts import SUPPLIER_BY_NAME, Value, in_json, in_words, supplier_row
from arsync.core.rulebook.model import AlertRule, Rulebook
from arsync.core.rulebook.spoken import Saying, spoken


class SupplierLook(NamedTuple):
    """The answer of one rule about one supplier, on the day."""

    standing: SupplierStanding
    rule: AlertRule
    answer: Answer
    row: list[Value]

    @property
    def subject(self) -> str:
        """Return the supplier's id where customers' stand too."""
        return party_id(self.standing.supplier.id)


class SupplierWatch:
    """The rules about suppliers of one connection, on one day."""

    def __init__(
        self,
        rulebook: Rulebook,
        organisation: Organisation,
        today: date,
        standings: Sequence[SupplierStanding],
    ) -> None:
        """Count once what is open on the bills of all of them."""
        self.rulebook = rulebook
        self.today = today
        self.standings = standings
        self._base = organisation.base_currency
        bills = (payable_sums(standing.payables, self._converter()).bills for standing in standings)
        self._all_payable: Decimal | None = summed(bills)

    def _converter(self) -> Converter:
        return Converter(self.rulebook.currency, self._base, Account(contacts=()))

    def looks(self, supplier_id: str = "") -> Iterator[SupplierLook]:
        """Yield the answer of each rule about each supplier that has a name, or about one."""
        for standing in self.standings:
            supplier = standing.supplier
            if not supplier.name or (supplier_id and supplier.id != supplier_id):
                continue
            row = self.facts(standing)
            for rule in self.rulebook.supplier_alerts:
                yield SupplierLook(standing, rule, rule.when.test(_NO_CONTACT, row), row)

    def facts(self, standing: SupplierStanding) -> list[Value]:
        """Return all facts of a supplier, in the order of `SUPPLIER_FIELDS`."""
        return supplier_row(
            SupplierOnDay(standing, self.today, self._converter(), self._all_payable)
        )

    def seen(self, look: SupplierLook) -> ConditionSeen | None:
        """Return what a look changes of since when an alert stands; None: nothing."""
        before = look.standing.held_since.get(look.rule.identity)
        now = next_episode(before, look.answer, self.today)
        return None if now == before else ConditionSeen(look.rule.identity, look.subject, now)

    def alert(self, look: SupplierLook, connection: str) -> Action:
        """Return what is told of a look that says yes."""
        rule, supplier = look.rule, look.standing.supplier
        state = look.standing.held_since.get(rule.identity)
        began = state.since if state is not None and state.since <= self.today else self.today
        facts = {
            question.field.name: in_json(question.field, look.row[question.field.position])
            for question in rule.when.questions
        }
        observation = self.spoken(look)
        return Action(
            payload=TaskPayload(
                f"Alert: {rule.name}",
                rule.tell[0] if rule.tell else "",
                is_alert=True,
                observation=observation,
                recipients=rule.tell,
                told_by=tuple(sorted(way.value for way in rule.by)),
            ),
            connection=connection,
            contact_id=look.subject,
            contact_name=supplier.name,
            because=because(rule.place, rule.name, facts),
            subject=f"since {began}",
        )

    def spoken(self, look: SupplierLook) -> str:
        """Return what decided a look, as people say it."""
        saying = Saying(
            _NO_CONTACT,
            look.row,
            self.rulebook.currency,
            lambda name: look.row[SUPPLIER_BY_NAME[name].position],
            SUPPLIER_BY_NAME.__getitem__,
        )
        return "; ".join(spoken(look.rule.when.tree, saying))

    def words(self, look: SupplierLook) -> str:
        """Return the evidence of a look in one line."""
        currency = self.rulebook.currency
        answers = (
            (question, in_words(question.field, look.row[question.field.position], currency))
            for question in look.rule.when.questions
        )
        phrases = (
            f"{question.field.name} {value} ({question.expectation})" for question, value in answers
        )
        return " · ".join(dict.fromkeys(phrases))

    def owed(self, standing: SupplierStanding) -> str:
        """Return what stands open with a supplier, in words; empty: nothing."""
        sums = payable_sums(standing.payables, self._converter())
        return sums.in_words(self.rulebook.currency)

    def explained(self, look: SupplierLook) -> str:
        """Return one line on a rule and a supplier: `Insolvent: yes, since 2026-11-22: ...`."""
        answer = {True: "yes", False: "no", None: "unknown"}[look.answer]
        state = look.standing.held_since.get(look.rule.identity)
        since = f", since {state.since}" if state is not None and look.answer is not False else ""
        recipients = f"; tells {', '.join(look.rule.tell)}" if look.answer else ""
        return f"{look.rule.name}: {answer}{since}: {self.words(look)}{recipients}"


_NO_CONTACT: list[Value] = []
"""In place of a customer's facts: rules about suppliers ask for none."""
