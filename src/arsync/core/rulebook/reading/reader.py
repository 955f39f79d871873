"""The reader: files in, one rulebook out, or every problem at once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any, NamedTuple, TypeVar

from yaml.nodes import Node, ScalarNode

from arsync.core.ledger.agreements.promises import PromiseTerms
from arsync.core.ledger.late_payment_law import LatePayment
from arsync.core.ledger.unapplied_cash import UnappliedCash
from arsync.core.rulebook import conditions as tree
from arsync.core.rulebook.facts.watching_facts import AGAINST_POLICY
from arsync.core.rulebook.model import (
    CUSTOMER_TOLD,
    NOWHERE,
    AcceptanceRule,
    AfterIssue,
    AlertRule,
    Cadence,
    Charge,
    CreditHold,
    CreditLimit,
    Customer,
    DatedLimit,
    Discount,
    FollowUp,
    LeaveAlone,
    Place,
    PlacementRule,
    Problem,
    Rulebook,
    Safety,
    Sending,
    StatementRule,
    TakeOver,
    TermsRule,
    ThankYou,
    WriteOff,
    folded,
)
from arsync.core.rulebook.reading.acceptance_section import read_acceptance, reference_rules
from arsync.core.rulebook.reading.agreement_sections import dispute_rules, payment_plan_rules
from arsync.core.rulebook.reading.alert_section import read_alert, read_supplier_alert
from arsync.core.rulebook.reading.cadence_reader import read_cadence, trials_fit
from arsync.core.rulebook.reading.condition_reader import when_of
from arsync.core.rulebook.reading.currency_changes import still_there
from arsync.core.rulebook.reading.customer_families import odd_families
from arsync.core.rulebook.reading.earlier_names import EARLIER_NAMES
from arsync.core.rulebook.reading.extends import Finder, Stack, found_nowhere, stacked
from arsync.core.rulebook.reading.goal_section import goals_of
from arsync.core.rulebook.reading.hints import Spot, example_of, guessed
from arsync.core.rulebook.reading.late_payment_table import statutory_of
from arsync.core.rulebook.reading.letter_sections import (
    announcements_of,
    read_after_issue,
    read_statement,
    thanks_of,
)
from arsync.core.rulebook.reading.merge import GROWING, LISTS, ROWS, SETTINGS, File
from arsync.core.rulebook.reading.provision_section import provision_of
from arsync.core.rulebook.reading.sections import (
    BOOKKEEPER,
    OPEN_BILLS,
    TOP,
    NamedConditions,
    ReadBlock,
    sending_of,
)
from arsync.core.rulebook.reading.value_types import SHIPPED_WAYS, Block, Source, Text, entries
from arsync.core.rulebook.reading.yaml_nodes import (
    Problems,
    TooManyProblems,
    composed,
    did_you_mean,
    is_empty,
    place_of,
    values_of,
)
from arsync.core.rulebook.roles import APPROVAL, NO_APPROVAL, Approval

FILES_MAX = 200
"""How many files make one rulebook."""

_Item = TypeVar(
    "_Item",
    LeaveAlone,
    CreditLimit,
    CreditHold,
    Cadence,
    FollowUp,
    Charge,
    Discount,
    PlacementRule,
    TermsRule,
    WriteOff,
    AcceptanceRule,
    AlertRule,
    StatementRule,
    AfterIssue,
)


class Reading(NamedTuple):
    """The result of reading: the rulebook, or the problems."""

    rulebook: Rulebook | None
    """None when a problem is an error."""
    problems: list[Problem]
    """All problems, by file and line."""
    files: list[File]
    """The effective rulebook as nodes, each with the file and line it was written in."""
    texts: Sequence[tuple[str, str]] = ()
    """(Name to show, text) of every file that counts, in the order of the hash."""


def read_rulebook(
    files: Sequence[tuple[str, str]],
    *,
    texts: Collection[str] | None = None,
    shared: Sequence[tuple[str, str]] = (),
    find: Finder = found_nowhere,
) -> tuple[Rulebook | None, list[Problem]]:
    """Read files as one rulebook.

    Args:
        files: (name to show, text) of each.
        texts: the reminder texts that exist; None does not check them.
        shared: files that these extend, when none of them says `extends:`.
        find: finds what `extends:` names.

    Returns:
        The rulebook, None when a problem is an error; and all problems, by file and line.
    """
    reading = read_layers(files, texts=texts, shared=shared, find=find)
    return reading.rulebook, reading.problems


def read_layers(
    files: Sequence[tuple[str, str]],
    *,
    texts: Collection[str] | None = None,
    shared: Sequence[tuple[str, str]] = (),
    find: Finder = found_nowhere,
    ways: Collection[str] = SHIPPED_WAYS,
) -> Reading:
    """Read files as one rulebook, and return also what it was read from; see `read_rulebook`."""
    problems = Problems()
    if not shared and not files:
        problems.add(Place("rules", 1, 1), "there is no rulebook file.", "add one *.yaml file")
    if len(shared) + len(files) > FILES_MAX:
        first = (*shared, *files)[0][0]
        problems.add(Place(first, 1, 1), f"more than {FILES_MAX} files in one rulebook.")
        shared, files = (), ()
    rulebook, stack = None, Stack([], [])
    counted: list[tuple[str, str]] = []
    with suppress(TooManyProblems):
        own = _one_whole(_composed(files, problems), problems, find)
        # A connection's folder extends the shared files unless it has its own `extends:`.
        if any("extends" in values_of(file.node) for file in own):
            shared = ()
        all_files = [*shared, *files]
        below = stacked(_one_whole(_composed(shared, problems), problems, find), problems, find)
        stack = stacked(own, problems, find, below.files)
        if all_files and not stack.files and not problems.found:
            place = Place(all_files[0][0], 1, 1)
            problems.add(place, "the rulebook is empty.", "start with 'version: 1'")
        if stack.files and below.whole and stack.whole:
            names = {name for name, _ in all_files}
            extended = dict.fromkeys((*below.extended, *stack.extended))
            # Extended texts belong to the rulebook as well: its hash covers them, each once.
            beside = [
                (problem.file, problem.text) for problem in extended if problem.file not in names
            ]
            counted = [*all_files, *beside]
            rulebook = _Assembly(problems, texts, ways).build(stack.files, counted)
            changes = (*below.currencies, *stack.currencies)
            rulebook = replace(rulebook, cautions=tuple(still_there(changes, stack.files)))
    ordered = sorted(
        problems.found, key=lambda problem: (problem.file, problem.line, problem.column)
    )
    return Reading(None if problems.fatal else rulebook, ordered, stack.files, counted)


def _composed(files: Sequence[tuple[str, str]], problems: Problems) -> list[File]:
    return [
        File(name, node)
        for name, text in files
        if (node := composed(name, text, problems)) is not None
    ]


def _one_whole(files: list[File], problems: Problems, find: Finder) -> list[File]:
    """Return files that can be one rulebook: of two whole ones, the first, with a problem.

    Read as one they would contradict each other in every line, and renaming the rules that both
    have would make two policies of it.
    """
    wholes: dict[str, File] = {}
    extended: set[str] = set()
    for file in files:
        node = values_of(file.node).get("extends")
        if len(files) > 1 and isinstance(node, ScalarNode):
            with suppress(LookupError):  # what is not there is reported later
                extended.add(find(str(node.value).strip(), file.name).file)
    kept: list[File] = []
    for file in files:
        values = values_of(file.node)
        name = values.get("name")
        whole = "version" in values or "extends" in values
        if not whole or not isinstance(name, ScalarNode):
            kept.append(file)
            continue
        first = next(iter(wholes.values()), None)
        if file.name in extended or first is None or folded(str(name.value)) in wholes:
            kept.append(file)
        else:
            beside = PurePosixPath(first.name).name
            problems.add(
                place_of(name),
                f"this is a whole rulebook beside another, {first.name}.",
                f"take one out of the folder, or begin this one with 'extends: {beside}'",
            )
        if file.name not in extended:
            wholes.setdefault(folded(str(name.value)), file)
    return kept


def rulebook_hash(files: Sequence[tuple[str, str]]) -> str:
    """Return the SHA-256 of the texts; line ends and trailing blanks make no difference."""
    digest = hashlib.sha256()
    for _, text in files:
        # A file that was saved on Windows, or with a blank at a line's end, is the same rulebook.
        lines = text.removeprefix("\ufeff").splitlines()
        digest.update("\n".join(line.rstrip() for line in lines).strip().encode("utf-8", "replace"))
        # Parts the files: a line moved from one to the next is a change.
        digest.update(b"\0")
    return digest.hexdigest()


class _Assembly:
    """Many files on their way to one rulebook."""

    def __init__(
        self, problems: Problems, texts: Collection[str] | None, ways: Collection[str]
    ) -> None:
        self.problems = problems
        self.texts = texts
        self.ways = ways
        self.groups: dict[str, tree.Condition | None] = {}
        self.group_places: dict[str, Place] = {}
        self.scalars: dict[str, tuple[Any, Place]] = {}
        self.lists: dict[str, list[tuple[ReadBlock, Source]]] = {name: [] for name in LISTS}
        self.sending: dict[str, tuple[Any, Place]] = {}
        self.roles: dict[str, tuple[Any, Place]] = {}
        self.settings: dict[str, dict[str, tuple[Any, Place]]] = {name: {} for name in SETTINGS}
        self.statutory: dict[str, tuple[Any, Place]] = {}
        self.rows: dict[str, list[tuple[ReadBlock, Source]]] = {name: [] for name in ROWS}

    def build(self, files: list[File], texts: Sequence[tuple[str, str]]) -> Rulebook:
        """Read the groups of all files first: every other section may ask for them."""
        for file in files:
            self.read_groups(file)
        for file in files:
            self.read_file(file)
        first = Place(files[0].name, 1, 1)
        self.require("version", first, "version: 1")
        self.require("currency", first, "currency: GBP")
        take_over = self.scalars.get("take_over", (None, first))[0]
        unapplied_cash = self.scalars.get("unapplied_cash", (None, first))[0]
        sending_place = self.sending.get("place", (first, first))[0]
        sending = Sending(
            **{name: value for name, (value, _) in self.sending.items() if name != "place"},
            place=sending_place,
        )
        statutory = statutory_of(self.statutory, self.rows, self.problems)
        charges = self.named("charges", _charge)
        self.require_table(charges, statutory)
        return Rulebook(
            files=tuple(name for name, _ in texts),
            hash=rulebook_hash(texts),
            name=self.scalars.get("name", ("Rulebook", first))[0] or "Rulebook",
            currency=self.scalars.get("currency", ("", first))[0] or "",
            currency_place=self.scalars.get("currency", ("", first))[1],
            groups={
                name: condition for name, condition in self.groups.items() if condition is not None
            },
            group_places=self.group_places,
            customers=self.customers(),
            leave_alone=self.named("leave_alone", _leave_alone),
            credit_limits=self.named("credit_limits", _credit_limit),
            credit_holds=self.named("credit_holds", _credit_hold),
            reminders=self.cadences(),
            follow_ups=self.named("follow_ups", _follow_up),
            charges=charges,
            discounts=self.named("discounts", _discount),
            placements=self.named("placements", _placement),
            write_offs=self.named("write_offs", _write_off),
            terms=self.named("terms", _terms),
            acceptance=self.named("acceptance", read_acceptance),
            alerts=self.named("alerts", read_alert),
            supplier_alerts=self.named("supplier_alerts", read_supplier_alert),
            sending=sending,
            roles=tuple(role for role, _ in self.roles.values()),
            safety=Safety(**self.values("safety")),
            promises=PromiseTerms(**self.values("promises")),
            take_over=take_over or TakeOver(),
            payment_plans=payment_plan_rules(self.settings["payment_plans"], sending),
            disputes=dispute_rules(self.settings["disputes"]),
            unapplied_cash=UnappliedCash(unapplied_cash or UnappliedCash.NET),
            statutory=statutory,
            statements=self.named("statements", read_statement),
            thank_you=self.thanks(),
            after_issue=self.named("after_issue", read_after_issue),
            announcements=announcements_of(self.settings["announcements"]),
            credit_references=reference_rules(self.settings["credit_references"]),
            goals=goals_of(self.settings["goals"]),
            provision=provision_of(self.settings["provision"], self.problems),
            bills_asked_at=self.bills_asked_at(),
        )

    def bills_asked_at(self) -> Place | None:
        """Return where open bills are asked for; None where they are not."""
        word, place = self.settings["payables"].get("read", ("", NOWHERE))
        return place if word == OPEN_BILLS else None

    def thanks(self) -> ThankYou | None:
        """Return the thanks for payments; how long a condition has held is nothing to ask then."""
        thanks = thanks_of(self.settings["thank_you"])
        if thanks is not None and thanks.when.spans:
            message = "'thank_you' cannot ask for how long a condition has held."
            self.problems.add(thanks.place, message, "leave out 'for:'")
        return thanks

    def values(self, section: str) -> dict[str, Any]:
        """Return what a block of single values says."""
        return {name: value for name, (value, _) in self.settings[section].items()}

    def require_table(self, charges: Sequence[Charge], statutory: LatePayment | None) -> None:
        """Report the first charge that asks for the law's sums where no table has them."""
        asking = [charge for charge in charges if charge.is_statutory or charge.compensation]
        if asking and statutory is None and not self.statutory:
            message = f"the charge {asking[0].name!r} needs the table 'statutory'."
            hint = "add it, or extend a rulebook that has one: uk-standard, eu-standard"
            self.problems.add(asking[0].place, message, hint)

    def require(self, key: str, place: Place, example: str) -> None:
        """Report a key that is in none of the files."""
        if key not in self.scalars:
            self.problems.add(place, f"the rulebook needs {key!r}.", f"add the line '{example}'")

    def read_groups(self, file: File) -> None:
        """Read `groups:` of one file."""
        source = Source(file.name, self.problems)
        for key_node, value in file.node.value:
            if getattr(key_node, "value", None) != "groups" or is_empty(value):
                continue
            for name, name_node, definition in entries(value, source, "'groups'"):
                if Text().read(name_node, source, "a group's name") is None:
                    continue
                if name in self.groups:
                    source.problem(name_node, f"the group {name!r} is defined twice.")
                    continue
                self.group_places[name] = source.place(name_node)
                self.groups[name] = NamedConditions.shape.read(
                    definition, source, f"the group {name!r}"
                )

    def read_file(self, file: File) -> None:
        """Read every section of one file."""
        source = Source(file.name, self.problems, self.groups, self.texts, self.ways)
        keys = {key.name: key for key in TOP}
        for name, key_node, value in entries(file.node, source, "the rulebook"):
            key = keys.get(name)
            if key is None:
                hint = guessed(Spot.RULEBOOK, name) or did_you_mean(name, keys)
                source.problem(key_node, f"unknown section {name!r} in the rulebook.", hint)
            elif is_empty(value):
                source.problem(key_node, f"{name!r} is empty.", "remove it, or say what it holds")
            elif name != "groups":
                self.keep(name, key.shape.read(value, source, f"{name!r}"), value, source)

    def keep(self, name: str, value: Any, node: Node, source: Source) -> None:
        """Merge a section into those of other files: lists grow, single values must agree."""
        place = source.place(node)
        if name in LISTS:
            self.lists[name] += [(entry, source) for entry in value or ()]
        elif name in GROWING:
            return  # nothing a rulebook decides by: see `not_rules_of`
        elif name == "sending":
            _say_twice(value, source)
            values = sending_of(value, place)
            self.sending.setdefault("place", (values.pop("place"), place))
            for key, part_value in values.items():
                self.settle(self.sending, key, part_value, _key_place(value, key, place, source))
        elif name == "roles":
            for role, node_of_name in value or ():
                self.settle(self.roles, folded(role.name), role, source.place(node_of_name))
        elif name in SETTINGS:
            into = self.settings[name]
            for key, part_value in value.values.items():
                if part_value is not None:
                    self.settle(into, key, part_value, _key_place(value, key, place, source))
        elif name == "statutory":
            for key, part_value in value.values.items():
                if key in ROWS:
                    self.rows[key] += [(entry, source) for entry in part_value or ()]
                elif part_value is not None:
                    self.settle(
                        self.statutory, key, part_value, _key_place(value, key, place, source)
                    )
        else:
            self.settle(self.scalars, name, value, place)

    def settle(
        self, into: dict[str, tuple[Any, Place]], key: str, value: Any, place: Place
    ) -> None:
        """Keep a single value; two different ones are a problem that names both places."""
        # The same value twice is no contradiction: several files may each say the currency.
        if key in into and into[key][0] != value and None not in {into[key][0], value}:
            first = into[key][1]
            self.problems.add(
                place,
                f"{key!r} has another value in {first.file}:{first.line}.",
                "one rulebook says it once: keep one of them",
            )
            return
        into.setdefault(key, (value, place))

    def customers(self) -> tuple[Customer, ...]:
        """Return the agreements; each customer may appear once."""
        first_places: dict[str, Place] = {}
        customers: list[Customer] = []
        for (block, node), source in self.lists["customers"]:
            name = block.get("contact", "")
            place = source.place(node)
            # With two entries for one customer, the agreed limit would be anybody's guess.
            first = first_places.setdefault(folded(name), place) if name else place
            if first is not place:
                source.problem(
                    node,
                    f"the customer {name!r} appears twice; first in {first.file}:{first.line}.",
                    "put the agreements into one place",
                )
                continue
            tags = frozenset(folded(tag) for tag in block.get("tags", ()))
            optional = (
                "credit_limit",
                "insured_limit",
                "insured_until",
                "review_on",
                "pause_until",
            )
            customers.append(
                Customer(
                    contact=name,
                    place=place,
                    tags=tags,
                    language=block.get("language", ""),
                    holidays=block.get("holidays", ""),
                    limits=limits_of(block, source),
                    parent=block.get("parent", ""),
                    suppliers=block.get("suppliers", ()),
                    parent_place=_key_place(block, "parent", place, source),
                    **{key: block.get(key) for key in optional},
                )
            )
        for problem in odd_families(customers):
            self.problems.add(Place(*problem[:3]), problem.message, problem.hint)
        return tuple(customers)

    def cadences(self) -> tuple[Cadence, ...]:
        """Return the cadences; each knows of the others which steps were not its own."""
        cadences = self.named("reminders", read_cadence)
        trials_fit(cadences, self.problems)
        names = frozenset(cadence.name for cadence in cadences)
        return tuple(cadence._replace(others=names - {cadence.name}) for cadence in cadences)

    def named(
        self, section: str, make: Callable[[Block, Node, Source, str, Place], _Item]
    ) -> tuple[_Item, ...]:
        """Return a section's items; names are unique, because they are part of an action's key."""
        first_places: dict[str, Place] = {}
        named: list[_Item] = []
        for (block, node), source in self.lists[section]:
            place = source.place(node)
            name = block.get("name", "")
            if not name and section == "after_issue":
                name = block.get("email", "")
            if name and folded(name) in first_places:
                first = first_places[folded(name)]
                source.problem(
                    block.nodes.get("name", node),
                    f"{section} has {name!r} twice; first in {first.file}:{first.line}.",
                    "give each its own name",
                )
            first_places.setdefault(folded(name), place)
            named.append(make(block, node, source, name, place))
        return tuple(named)


def limits_of(block: Block, source: Source) -> tuple[DatedLimit, ...]:
    """Return limits that follow each other; problems where one could never count."""
    if "limits" in block.nodes and "credit_limit" in block.nodes:
        source.problem(
            block.nodes["limits"],
            "'limits' and 'credit_limit' both say the agreed limit.",
            "write the lasting limit as the last of 'limits', without 'until'",
        )
    limits: list[DatedLimit] = []
    for entry in block.get("limits", ()):
        amount, until = entry.block.get("amount"), entry.block.get("until")
        if amount is None or (until is None and "until" in entry.block.nodes):
            continue  # reported already
        limit = DatedLimit(amount, until)
        before = limits[-1] if limits else None
        if before and before.until is None:
            message = "this limit never counts: the one above it has no end."
            source.problem(entry.node, message, "give the one above 'until', or remove one")
        elif before and before.until and limit.until and limit.until <= before.until:
            message = f"this limit never counts: the one above it ends on {before.until}."
            source.problem(entry.node, message, "put the earliest end first")
        limits.append(limit)
    if "limits" in block.nodes and block.get("limits") == []:
        source.problem(block.nodes["limits"], "'limits' is an empty list.")
    return tuple(limits)


def _say_twice(block: Block, source: Source) -> None:
    """Report a key that stands under its name and its earlier one."""
    for name, earlier in EARLIER_NAMES.items():
        if name in block.nodes and earlier in block.nodes:
            message = f"{earlier!r} is the earlier name of {name!r}, which stands here too."
            source.problem(block.nodes[earlier], message, f"remove {earlier!r}")


def _key_place(block: Block, key: str, place: Place, source: Source) -> Place:
    written = {
        "weekdays": "days",
        "on_holidays": "days",
        "earliest": "between",
        "latest": "between",
    }
    node = block.nodes.get(written.get(key, key)) or block.nodes.get(EARLIER_NAMES.get(key, key))
    return place if node is None else source.place(node)


def _approval(block: Block, default: Approval = NO_APPROVAL) -> Approval:
    approval: Approval = block.get("approval", default)
    return approval


def _leave_alone(block: Block, node: Node, source: Source, name: str, place: Place) -> LeaveAlone:
    return LeaveAlone(name, place, when_of(block))


def _credit_limit(block: Block, node: Node, source: Source, name: str, place: Place) -> CreditLimit:
    limit = block.get("limit")
    amount, fact = limit if limit is not None else (None, "")
    return CreditLimit(name, place, when_of(block), amount, fact)


def _credit_hold(block: Block, node: Node, source: Source, name: str, place: Place) -> CreditHold:
    told_names: tuple[str, ...] = block.get("tell") or ()
    return CreditHold(
        name,
        place,
        when_of(block),
        terms=block.get("terms", ""),
        approval=_approval(block),
        release=block.get("release", NO_APPROVAL),
        tells_customer=CUSTOMER_TOLD in map(folded, told_names),
        tell=tuple(name for name in told_names if folded(name) != CUSTOMER_TOLD),
    )


def _follow_up(block: Block, node: Node, source: Source, name: str, place: Place) -> FollowUp:
    return FollowUp(name, place, when_of(block), block.get("task", ""), block.get("assign_to", ""))


def _charge(block: Block, node: Node, source: Source, name: str, place: Place) -> Charge:
    interest, compensation = block.get("interest"), block.get("compensation")
    if "interest" not in block.nodes and "compensation" not in block.nodes:
        hint = example_of(Spot.CHARGE)
        source.problem(node, f"the charge {name!r} has neither interest nor compensation.", hint)
    return Charge(
        name=name,
        place=place,
        when=when_of(block),
        text=interest.text if interest else "",
        percent_a_year=interest.percent_a_year if interest else None,
        is_statutory=interest is not None and interest.percent_a_year is None,
        compensation=compensation is not None,
        after_days=block.get("after") or 0,
        approval=_approval(block),
    )


def _discount(block: Block, node: Node, source: Source, name: str, place: Place) -> Discount:
    when = when_of(block)
    if when.spans:
        # A discount that was taken is not owed, so its conditions would not go on holding.
        source.problem(node, f"the discount {name!r} asks for how long a condition has held.")
    return Discount(
        name=name,
        place=place,
        when=when,
        percent=block.get("percent") or Decimal(0),
        within_days=block.get("within") or 0,
        approval=_approval(block, APPROVAL),
    )


def _placement(block: Block, node: Node, source: Source, name: str, place: Place) -> PlacementRule:
    approval = _approval(block, APPROVAL)
    if not approval.required or approval.over is not None:
        source.problem(
            block.nodes["approval"],
            f"the placement {name!r} is to be done without a person.",
            "a person always decides: write approval: required, or approval: {by: owner}",
        )
    return PlacementRule(name, place, when_of(block), block.get("to", ""), approval)


def _terms(block: Block, node: Node, source: Source, name: str, place: Place) -> TermsRule:
    when = when_of(block)
    if when.spans:
        message = f"{name!r} asks for how long a condition has held: terms are as they are today."
        source.problem(node, message, "leave out 'for:'")
    if AGAINST_POLICY in {field.name for field in when.fields}:
        message = f"{name!r} asks whether terms are against the policy, which it is part of."
        source.problem(node, message, "ask for something else: a tag, a contact group, a country")
    return TermsRule(name, place, when, block.get("terms", ""), block.get("propose") == "yes")


def _write_off(block: Block, node: Node, source: Source, name: str, place: Place) -> WriteOff:
    return WriteOff(name, place, when_of(block), block.get("propose_to", BOOKKEEPER))
