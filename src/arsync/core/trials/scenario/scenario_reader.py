"""The reader of scenario files: YAML in, scenarios out, or every problem at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from arsync.core.ledger.records import Contact, DocumentStatus, Invoice
from arsync.core.rulebook.conditions import Condition
from arsync.core.rulebook.facts import CONTACT_BY_NAME, NUMBERS
from arsync.core.rulebook.model import Customer, Place, Problem, folded
from arsync.core.rulebook.reading.condition_reader import ConditionShape
from arsync.core.rulebook.reading.reader import limits_of
from arsync.core.rulebook.reading.value_types import (
    Block,
    DayShape,
    Key,
    Source,
    Text,
    entries,
    items,
    read_block,
)
from arsync.core.rulebook.reading.yaml_nodes import (
    Problems,
    TooManyProblems,
    composed,
    did_you_mean,
)
from arsync.core.trials.scenario.applications import AcceptanceCase, read_applications
from arsync.core.trials.scenario.phrases import ScenarioNames, read_event, read_phrase
from arsync.core.trials.scenario.scenario_keys import (
    AGREED,
    CUSTOMER,
    FILE,
    INVOICE,
    LATER,
    SCENARIO,
)
from arsync.core.trials.scenario.scenario_model import (
    Event,
    EventKind,
    Expected,
    Never,
    Scenario,
    ScenarioFile,
)

SCENARIOS_MAX = 500
"""How many scenarios one file may hold."""

INVOICES_MAX = 200
"""How many invoices one scenario may hold."""

DAYS_MAX = 1_100
"""How many days one scenario may last: three years."""

TERMS_DAYS = 30
"""Days between issue and due date of an invoice that names no day of issue."""

_ADDRESS = "accounts@customer.example"
_CALLED = (
    "a rulebook is a block of keys such as 'version: 1'",
    "a scenario file is a block of keys such as 'scenarios:'",
)
"""A message of the YAML reader about rulebooks, and its form for scenario files."""


def read_scenarios(file: str, text: str) -> tuple[ScenarioFile | None, list[Problem]]:
    """Read one scenario file.

    Args:
        file: the name to show.
        text: its YAML.

    Returns:
        The scenarios, None when there is any problem; and all problems, by line.
    """
    problems = Problems()
    source = Source(file, problems)
    scenarios: list[Scenario] = []
    applications: list[AcceptanceCase] = []
    rulebook = ""
    with suppress(TooManyProblems):
        node = composed(file, text, problems)
        if node is not None:
            block = read_block(node, FILE, source, "the scenario file")
            rulebook = block.get("rulebook", "")
            if "scenarios" in block.nodes:
                scenarios = _scenarios(block.nodes["scenarios"], source)
            if "applications" in block.nodes:
                applications = read_applications(block.nodes["applications"], source)
            if not {"scenarios", "applications"} & set(block.nodes):
                source.problem(node, "the scenario file needs 'scenarios'.")
        elif not problems.found:
            problems.add(Place(file, 1, 1), "the file is empty.", "start with 'scenarios:'")
    found_wrong = [
        problem._replace(message=problem.message.replace(*_CALLED)) for problem in problems.found
    ]
    ordered = sorted(found_wrong, key=lambda problem: (problem.line, problem.column))
    if ordered:
        return None, ordered
    return ScenarioFile(file, rulebook, tuple(scenarios), tuple(applications)), []


def _scenarios(node: Node, source: Source) -> list[Scenario]:
    nodes = items(node, source, "'scenarios'")
    if len(nodes) > SCENARIOS_MAX:
        source.problem(nodes[SCENARIOS_MAX], f"more than {SCENARIOS_MAX} scenarios in one file.")
        return []
    names: dict[str, int] = {}
    scenarios = []
    for story_node in nodes:
        scenario = _StoryReader(story_node, source).read()
        if scenario is None:
            continue
        first = names.setdefault(folded(scenario.name), scenario.place.line)
        if first != scenario.place.line:
            source.problem(story_node, f"{scenario.name!r} appears twice; first in line {first}.")
        scenarios.append(scenario)
    return scenarios


class _StoryReader:
    """One scenario while it is read."""

    def __init__(self, node: Node, source: Source) -> None:
        self.node = node
        self.source = source
        self.block = read_block(node, SCENARIO, source, "the scenario")
        self.names = ScenarioNames(source, {}, {}, date.min)
        self.contacts: list[Contact] = []
        self.agreed: list[Customer] = []
        self.invoices: list[Invoice] = []
        self.events: list[Event] = []

    def read(self) -> Scenario | None:
        """Return the scenario; None with problems."""
        if "invoices" not in self.block.nodes or not self.block.get("name"):
            return None
        before = len(self.source.problems.found)
        self.read_invoices()
        if len(self.source.problems.found) > before or not self.invoices:
            return None  # without invoices no other day means anything
        self.read_customers()
        self.read_events()
        expected = list(self.read_expected())
        never = list(self.read_never())
        taken_over = self.when("taken_over")
        begins = min(invoice.issued_on for invoice in self.invoices)
        begins = max(begins, taken_over) if taken_over else begins
        named = [dated.on for dated in expected] + [event.on for event in self.events]
        until = self.when("until") or max([*named, begins])
        self.check_days(begins, until, expected)
        return Scenario(
            name=self.block.get("name"),
            place=self.source.place(self.node),
            contacts=tuple(self.contacts),
            invoices=tuple(self.invoices),
            begins=begins,
            until=until,
            anchor=self.names.anchor,
            agreed=tuple(self.agreed),
            events=tuple(sorted(self.events, key=lambda dated: dated.on)),
            expected=tuple(expected),
            never=tuple(never),
            # Without it every debt would count as older than the connection.
            taken_over_on=taken_over or begins,
            approved_same_day=self.block.get("approvals", "same day") == "same day",
            unlisted_allowed=self.block.get("unlisted") == "allowed",
        )

    def check_days(self, begins: date, until: date, expected: list[Expected]) -> None:
        """Report lines before the first day or after the last, where nothing is played."""
        if (until - begins).days > DAYS_MAX:
            self.source.problem(self.node, f"the scenario lasts longer than {DAYS_MAX:,} days.")
        for expectation in expected:
            if expectation.on < begins:
                message = (
                    f"{expectation.on} is before the first day, {begins}: nothing is played then."
                )
                self.source.problems.add(expectation.place, message)
        named = [(expectation.on, expectation.place) for expectation in expected]
        for on, place in named + [(event.on, event.place) for event in self.events]:
            if on > until:
                self.source.problems.add(place, f"{on} is after {until}: nothing is played then.")

    def when(self, key: str, block: Block | None = None) -> date | None:
        """Return the day that a key says."""
        node = (block or self.block).nodes.get(key)
        if node is None:
            return None
        text = Text().read(node, self.source, f"{key!r}")
        return None if text is None else self.names.when(text, node, f"{key!r}")

    def read_customers(self) -> None:
        """Read who it is about; without a word, an active customer with an address."""
        nodes = self.block.nodes
        if "customer" in nodes and "customers" in nodes:
            hint = "put every customer under 'customers'"
            self.source.problem(
                nodes["customer"], "give either 'customer' or 'customers', not both.", hint
            )
        customer_nodes = [nodes["customer"]] if "customer" in nodes else []
        if "customers" in nodes:
            customer_nodes += items(nodes["customers"], self.source, "'customers'")
        for node in customer_nodes:
            self.read_customer(read_block(node, CUSTOMER, self.source, "the customer"), node)
        if not self.contacts:
            self.contacts.append(
                Contact("customer 1", "Customer", email="accounts@customer.example")
            )
        # Children and invoices refer to customers by name; the ids exist only now.
        by_name = {folded(record.name): record for record in self.contacts}
        self.names = ScenarioNames(
            self.source,
            {folded(record.number): record.number for record in self.invoices},
            {name: record.name for name, record in by_name.items()},
            self.names.anchor,
        )
        for index, contact in enumerate(self.contacts):
            if contact.parent_id and folded(contact.parent_id) in by_name:
                parent = by_name[folded(contact.parent_id)]
                self.contacts[index] = contact._replace(parent_id=parent.id)
        for index, invoice in enumerate(self.invoices):
            owner = by_name.get(folded(invoice.contact_id), self.contacts[0])
            self.invoices[index] = invoice._replace(contact_id=owner.id)

    def read_customer(self, block: Block, node: Node) -> None:
        """Read one customer."""
        name, parent = block.get("name", ""), block.get("parent", "")
        names = {folded(contact.name): contact.name for contact in self.contacts}
        if folded(name) in names:
            self.source.problem(node, f"the customer {name!r} appears twice.")
        if parent and folded(parent) not in names:
            hint = did_you_mean(parent, names.values()) or "the parent comes before its children"
            self.source.problem(block.nodes["parent"], f"there is no customer {parent!r}.", hint)
        email = block.get("email", _ADDRESS)
        self.contacts.append(
            Contact(
                id=f"customer {len(self.contacts) + 1}",
                name=name,
                email="" if email == "none" else email,
                country=block.get("country", ""),
                groups=block.get("groups", ()),
                parent_id=parent,
                bill_to_parent=block.get("bill_to_parent") == "yes",
                created_on=self.when("since", block),
            )
        )
        if any(key in block.nodes for key in AGREED):
            self.agreed.append(
                Customer(
                    contact=name,
                    place=self.source.place(node),
                    credit_limit=block.get("credit_limit"),
                    insured_limit=block.get("insured_limit"),
                    insured_until=block.get("insured_until"),
                    review_on=block.get("review_on"),
                    pause_until=block.get("pause_until"),
                    limits=limits_of(block, self.source),
                    tags=frozenset(folded(tag) for tag in block.get("tags", ())),
                )
            )

    def read_invoices(self) -> None:
        """Read the invoices; the first one's due date is day 0."""
        nodes = items(self.block.nodes["invoices"], self.source, "'invoices'")
        if not nodes:
            self.source.problem(self.block.nodes["invoices"], "a scenario needs an invoice.")
        if len(nodes) > INVOICES_MAX:
            self.source.problem(self.node, f"more than {INVOICES_MAX} invoices in one scenario.")
            return
        for node in nodes:
            self.read_invoice(node)

    def read_invoice(self, node: Node) -> None:
        """Read one invoice, and that it was paid."""
        block = read_block(node, INVOICE, self.source, "the invoice")
        number, amount = block.get("number"), block.get("amount")
        if not self.invoices and "due" in block.nodes:
            due_node = block.nodes["due"]
            first = DayShape().read(
                due_node, self.source, "the first invoice's 'due', which is day 0,"
            )
            self.names = ScenarioNames(self.source, {}, {}, first or date.min)
        due = self.when("due", block) if self.names.anchor > date.min else None
        if number is None or amount is None or due is None:
            return
        if any(folded(earlier.number) == folded(number) for earlier in self.invoices):
            self.source.problem(node, f"the invoice {number!r} appears twice.")
        issued = self.when("issued", block) or due - timedelta(TERMS_DAYS)
        rate = block.get("rate")
        invoice = Invoice(
            id=number,
            contact_id=self.owner(block),
            number=number,
            status=DocumentStatus.OPEN,
            issued_on=issued,
            due_on=due,
            currency=block.get("currency", ""),
            rate=Decimal(rate) if rate else None,
            total=amount,
            amount_due=amount,
            sent={"yes": True, "no": False}.get(block.get("sent", "")),
            reference=block.get("reference", ""),
        )
        self.invoices.append(invoice)
        paid = self.when("paid", block)
        if paid is not None:
            place = self.source.place(block.nodes["paid"])
            sentence = f"payment for {number}"
            self.events.append(Event(paid, place, EventKind.PAYMENT, sentence, invoice=number))

    def owner(self, block: Block) -> str:
        """Return the customer that an invoice names; it must be listed under `customers`."""
        name: str = block.get("customer", "")
        if not name:
            return ""
        # Invoices are read before customers, because they define day 0, so the names come from the
        # nodes.
        listed = self.block.nodes.get("customers")
        names = [
            str(value.value)
            for node in (listed.value if isinstance(listed, SequenceNode) else ())
            for key, value in (node.value if isinstance(node, MappingNode) else ())
            if key.value == "name"
        ]
        if folded(name) not in {folded(known_name) for known_name in names}:
            hint = did_you_mean(name, names) or "list it under 'customers'"
            self.source.problem(block.nodes["customer"], f"there is no customer {name!r}.", hint)
        return name

    def by_day(self, key: str) -> Iterator[tuple[date, Node]]:
        """Yield each line of a section with its day."""
        if key not in self.block.nodes:
            return
        for text, day_node, value in entries(self.block.nodes[key], self.source, f"{key!r}"):
            on = self.names.when(text, day_node, "the day")
            if on is None:
                continue
            lines = value.value if isinstance(value, SequenceNode) else [value]
            for line in lines:
                yield on, line

    def read_events(self) -> None:
        """Read what happens."""
        issued = {invoice.number: invoice.issued_on for invoice in self.invoices}
        for on, node in self.by_day("events"):
            text = Text().read(node, self.source, "an event")
            event = read_event(text, on, node, self.names) if text else None
            if event is None:
                continue
            first = issued.get(event.invoice)
            if first is not None and on < first:
                message = f"{event.invoice} is issued on {first}, after this."
                self.source.problem(node, message)
            self.events.append(event)

    def read_expected(self) -> Iterator[Expected]:
        """Read what is to happen."""
        for on, node in self.by_day("expect"):
            place = self.source.place(node)
            if isinstance(node, MappingNode):
                facts = self.facts(node)
                if facts is not None:
                    yield Expected(on, place, "facts", facts=facts)
                continue
            text = Text().read(node, self.source, "what is expected")
            if text is None:
                continue
            if text == "nothing":
                yield Expected(on, place, text)
                continue
            phrase = read_phrase(text, node, self.names)
            if phrase is not None:
                yield Expected(on, place, phrase.sentence, phrase)

    def facts(self, node: Node) -> Condition | None:
        """Read `facts:`, a condition on the customer; a bare number means exactly that."""
        block = read_block(
            node,
            (Key("facts", LATER, "facts of the customer, as in a rulebook", required=True),),
            self.source,
            "what is expected",
        )
        inner = block.nodes.get("facts")
        if not isinstance(inner, MappingNode):
            if inner is not None:
                entries(inner, self.source, "'facts'")
            return None
        pairs = []
        for key, value in inner.value:
            field = CONTACT_BY_NAME.get(key.value) if isinstance(key, ScalarNode) else None
            number = field is not None and field.kind in NUMBERS and isinstance(value, ScalarNode)
            if number and value.value not in {"known", "unknown"}:
                words = [
                    (ScalarNode(key.tag, word, value.start_mark, value.end_mark), value)
                    for word in ("at_least", "at_most")
                ]
                value = MappingNode(inner.tag, words, value.start_mark, value.end_mark)  # noqa: PLW2901
            pairs.append((key, value))
        exact = MappingNode(inner.tag, pairs, inner.start_mark, inner.end_mark)
        return ConditionShape().read(exact, self.source, "'facts'")

    def read_never(self) -> Iterator[Never]:
        """Read what must not happen."""
        node = self.block.nodes.get("never")
        if node is None:
            return
        lines = node.value if isinstance(node, SequenceNode) else [node]
        for line in lines:
            text = Text().read(line, self.source, "what must never happen")
            phrase = read_phrase(text, line, self.names) if text else None
            if phrase is not None:
                yield Never(self.source.place(line), phrase)
