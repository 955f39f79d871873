"""The play: connect, then day by day what the scheduler, the accountant and the customers do."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import UNSET, Struct, UnsetType

from arsync.application.agreements import disputes, payment_plans, promises
from arsync.application.connections import connecting
from arsync.application.decisions import approvals
from arsync.application.decisions.action_history import ActionFilter, actions
from arsync.application.organisation.container import Container
from arsync.application.organisation.oauth_authorisation import authorise
from arsync.application.permissions import SCHEDULE, Actor, Role
from arsync.application.results import Listed, RunResult
from arsync.application.tasks import tasks
from arsync.clock import SetClock
from arsync.config import load_config
from arsync.core.actions import ActionState
from arsync.core.actions.registry import KINDS
from arsync.core.ledger.agreements.payment_plans import Every
from arsync.core.ledger.agreements.plan_terms import Terms
from arsync.core.ledger.money import rounded
from arsync.core.ledger.records import Contact, DisputeOutcome
from arsync.demo import bounces, letters, suppliers
from arsync.demo.agency import (
    PLACED_ON_DAY,
    RECALLED_ON_DAY,
    place_the_oldest,
    recall_all,
)
from arsync.demo.late_booking import (
    BOOKED_ON_DAY,
    PROMISED_ON_DAY,
    LateBooking,
    book,
    is_kept,
    promise_of_the_oldest,
)
from arsync.demo.reconcile import LedgerSide, compare
from arsync.demo.world import World, config_text, free_port, sandbox
from arsync.errors import UserMistake
from arsync.workers.embedded_loop import sync_all

DAYS = 60
SEED = 11
CONTACTS = 36
INVOICES = 240
START = datetime(2026, 9, 1, 10, tzinfo=UTC)
PLATFORMS = ("xero", "quickbooks")

DISPUTE_DAYS = 14
"""The demo's accountant settles a dispute after so many days."""

PROMISES_TO_A_PLAN = 2
"""Of so many customers who name a day, the demo's accountant agrees instalments with the first."""

TASK_DAYS = 2
"""The demo's accountant does a task after so many days."""

PROMISED_DAYS = 9
"""Who names a day on the telephone names one so many days ahead."""

OBSERVED_DAYS = 2
"""The demo observes so long before it writes anything, as a careful owner would."""

ACCOUNTANT = Actor("demo", Role.OWNER)
"""Who decides and records in the demo."""

Say = Callable[[str], None]


@dataclass
class Outcome:
    """What the demo ends with."""

    folder: Path
    sides: list[LedgerSide]
    totals: dict[str, Counter[str]] = field(default_factory=dict)
    """By connection: how often each thing happened over the days."""
    problems: list[str] = field(default_factory=list)
    example_invoice: str = ""
    """An invoice that a lot happened to, for `why`."""
    example_connection: str = ""

    @property
    def agrees(self) -> bool:
        """Return whether the platforms' ledgers and the store tell the same story."""
        return not self.problems and not any(side.differences for side in self.sides)


class ExampleView(Struct, frozen=True):
    """An invoice that a lot happened to."""

    invoice: str
    connection: str


class OutcomeView(Struct, frozen=True):
    """The JSON view of the demo's end."""

    agrees: bool
    sides: tuple[LedgerSide, ...]
    totals: Mapping[str, Mapping[str, int]]
    problems: tuple[str, ...]
    example: ExampleView
    config: Path
    report: Path
    sandbox_pid: int | UnsetType
    """Left out where it does not run on."""


def outcome_view(outcome: Outcome, config: Path, report: Path, pid: int | None) -> OutcomeView:
    """Return the JSON view of the demo's end."""
    return OutcomeView(
        outcome.agrees,
        tuple(outcome.sides),
        outcome.totals,
        tuple(outcome.problems),
        ExampleView(outcome.example_invoice, outcome.example_connection),
        config,
        report,
        UNSET if pid is None else pid,
    )


class _Claim(NamedTuple):
    """A dispute that the demo's accountant has yet to settle."""

    settle_on: date
    connection: str
    number: str
    invoice_id: str
    contact_id: str
    credit: Decimal | None
    """The part that is disputed, and will be credited; None: all of it, and nothing will."""


class Demo:
    """A demo in a folder. `play` runs it to the end."""

    def __init__(
        self, folder: Path, rulebook: str, *, say: Say, days: int = DAYS, keep: bool = False
    ) -> None:
        """Prepare a demo; nothing is started.

        Args:
            folder: gets the config, the rulebook, the store and the report.
            rulebook: the rulebook's text.
            say: prints a line for people.
            days: how many days to play.
            keep: leave the sandbox running.
        """
        self._folder = folder
        self._rulebook = rulebook
        self._say = say
        self._days = days
        self._keep = keep
        self._clock = SetClock(START)
        self._heard = dict.fromkeys(PLATFORMS, 0)
        self._disputes: list[_Claim] = []
        self._late: dict[str, LateBooking] = {}
        self._unreached: dict[str, Contact] = {}
        self._totals: dict[str, Counter[str]] = {}
        self._problems: list[str] = []

    def play(
        self,
        at_the_end: Callable[[Container, Outcome], object],
        *,
        afterwards: Callable[[World, datetime], object] = lambda *_: None,
    ) -> Outcome:
        """Play all days, compare both sides, and hand what is open to `at_the_end`.

        Args:
            at_the_end: sees the store while it is open.
            afterwards: gets the sandbox, which still runs, and the demo's last moment.

        Raises:
            UserMistake: the folder cannot be written, or the sandbox does not start.
        """
        self._make_folder()
        with (
            sandbox(
                self._folder,
                start=START,
                seed=SEED,
                contacts=CONTACTS,
                invoices=INVOICES,
                keep=self._keep,
            ) as world,
            self._container(world) as container,
        ):
            self._connect(container, world)
            for number in range(1, self._days + 1):
                self._day(container, world, number)
            outcome = self._outcome(container, world)
            at_the_end(container, outcome)
            container.close()
            afterwards(world, self._clock.moment)
        return outcome

    def _make_folder(self) -> None:
        try:
            (self._folder / "rules").mkdir(parents=True, exist_ok=True)
            # Only the demo's own files: the folder may hold other work.
            for old in ("arsync.db", "arsync.db-wal", "arsync.db-shm", "arsync.key"):
                (self._folder / old).unlink(missing_ok=True)
            for papers in self._folder.glob("papers for the agency, *"):
                shutil.rmtree(papers)
            shutil.rmtree(self._folder / letters.POST_FOLDER, ignore_errors=True)
            (self._folder / letters.POST_FOLDER).mkdir()
            rules = self._folder / "rules" / letters.RULES_FILE
            rules.write_text(letters.RULES, encoding="utf-8")
            rules.with_name(suppliers.RULES_FILE).write_text(suppliers.RULES, encoding="utf-8")
            (self._folder / "rules" / "standard.yaml").write_text(self._rulebook, encoding="utf-8")
        except OSError as error:
            raise UserMistake(f"{self._folder}: {error.strerror}.") from None

    def _container(self, world: World) -> Container:
        file = self._folder / "config.toml"
        file.write_text(config_text(world, via_port=free_port()), encoding="utf-8")
        file.chmod(0o600)
        # Variables of the reader's own set-up must not lead the demo to real books.
        return Container(load_config(file, {}), clock=self._clock)

    def _connect(self, container: Container, world: World) -> None:
        world.set_clock(self._clock.moment)
        for name in PLATFORMS:
            grant = authorise(
                container.authoriser(name),
                redirect_url=container.config.get(name, "redirect_url"),
                say=lambda _: None,
                open_browser=world.give_consent,
            )
            (organisation,) = connecting.add_connections(
                ACCOUNTANT, container, name, grant, [(grant.organisations[0], name)]
            )
            self._totals[name] = Counter()
            books = organisation.connection.organisation
            if books.own_reminders is None:  # as `connect` asks the owner
                connecting.set_own_reminders(ACCOUNTANT, organisation, on=False)
            self._say(f"Connected {books.name} at {organisation.label}: observing.")

    def _day(self, container: Container, world: World, number: int) -> None:
        self._clock.advance(timedelta(days=1))
        world.set_clock(self._clock.moment)
        if number == OBSERVED_DAYS + 1:
            for organisation in connecting.connections(ACCOUNTANT, container):
                connecting.set_mode(ACCOUNTANT, organisation, "auto")
            self._say(f"Day {number}: both connections may write now; holds need approval.")
            self._lose_some_mailboxes(container, world)
            for organisation in connecting.connections(ACCOUNTANT, container):
                suppliers.be_billed(world, organisation, self._clock.moment.date())
        self._listen(container, world)
        if number > OBSERVED_DAYS:
            self._be_the_accountant(container, world)
        if number in {PLACED_ON_DAY, RECALLED_ON_DAY}:
            self._see_the_agency(container, number)
        if number in {PROMISED_ON_DAY, BOOKED_ON_DAY}:
            self._hear_of_late_money(container, world, number)
        results = list(sync_all(SCHEDULE, container))
        for result in results:
            self._count(result)
        self._tell(number, results)
        if number == BOOKED_ON_DAY:
            self._see_what_was_kept(container)

    def _lose_some_mailboxes(self, container: Container, world: World) -> None:
        """Let an address of each ledger take no mail."""
        for organisation in connecting.connections(ACCOUNTANT, container):
            if unreached := bounces.who_lost_its_mailbox(organisation):
                self._unreached[organisation.name] = unreached
        bounces.take_no_mail(world, self._unreached.values())

    def _listen(self, container: Container, world: World) -> None:
        """Record what customers wrote back, as a person would after reading the mail."""
        replies = world.get("/_sandbox/state")["replies"]
        for name in PLATFORMS:
            its_replies = [reply for reply in replies if reply["platform"] == name]
            for reply in its_replies[self._heard[name] :]:
                self._record(container, name, reply)
            self._heard[name] = len(its_replies)
        today = self._clock.moment.date()
        for entry in [dispute for dispute in self._disputes if dispute.settle_on <= today]:
            self._disputes.remove(entry)
            self._settle(container, world, entry)

    def _settle(self, container: Container, world: World, entry: _Claim) -> None:
        """Uphold a claim; or agree to a credit, and book the credit note in the platform itself."""
        outcome = DisputeOutcome.CREDITED if entry.credit else DisputeOutcome.UPHELD
        disputes.settle_dispute(
            ACCOUNTANT, container, entry.number, outcome=outcome, connection=entry.connection
        )
        if entry.credit:
            credit = {"contact_id": entry.contact_id, "invoice_id": entry.invoice_id}
            edit = {"platform": entry.connection, "do": "credit", "amount": str(entry.credit)}
            world.post("/_sandbox/people", {**edit, **credit})
        self._totals[entry.connection][f"disputes {outcome} by a person"] += 1

    def _record(self, container: Container, name: str, reply: dict[str, Any]) -> None:
        number = reply["invoice_number"]
        if reply["kind"] == "promise":
            first = date.fromisoformat(reply["promised_on"])
            if self._is_agreed(container, name, number, first):
                return
            promised = promises.PromiseToPay(first)
            promises.promise(ACCOUNTANT, container, [number], promised, connection=name)
            self._totals[name]["promises by customers"] += 1
        else:
            settle_on = self._clock.moment.date() + timedelta(days=DISPUTE_DAYS)
            # The customers write of a whole invoice; of every second number, a part is meant.
            credit = self._quarter(container, name, number) if number[-1] in "02468" else None
            words = disputes.DisputeWords(reply["reason"], amount=credit, owner="sales")
            disputes.open_dispute(ACCOUNTANT, container, number, words, connection=name)
            its_ids = reply["invoice_id"], reply["contact_id"]
            self._disputes.append(_Claim(settle_on, name, number, *its_ids, credit))
            kind = "disputes about a part" if credit else "disputes"
            self._totals[name][f"{kind} by customers"] += 1

    def _is_agreed(self, container: Container, name: str, number: str, first: date) -> bool:
        """Agree two instalments with every second customer who names a day, if that can be."""
        totals = self._totals[name]
        plans = totals["payment plans by customers"]
        if (totals["promises by customers"] + plans) % PROMISES_TO_A_PLAN:
            return False
        terms = Terms(equal_parts=2, every=Every.WEEK, first=first)
        try:
            payment_plans.agree(ACCOUNTANT, container, [number], terms, connection=name)
        except UserMistake:  # one stands already
            return False
        totals["payment plans by customers"] += 1
        return True

    def _quarter(self, container: Container, name: str, number: str) -> Decimal:
        """Return a quarter of what is due on an invoice."""
        (organisation,) = connecting.connections(ACCOUNTANT, container, name)
        invoice = organisation.store.ledger.invoice(organisation.id, number)
        return rounded(invoice.amount_due / 4, invoice.currency)

    def _be_the_accountant(self, container: Container, world: World) -> None:
        """Approve what waits since yesterday, and do the tasks that are two days old."""
        waiting = approvals.waiting(ACCOUNTANT, container)
        if waiting:
            # By key: what was listed is approved, and nothing that came since.
            approvals.approve(ACCOUNTANT, container, [listed.row.key for listed in waiting])
            for listed in waiting:
                self._totals[listed.connection]["approvals by a person"] += 1
        before = self._clock.now() - timedelta(days=TASK_DAYS)
        for task in tasks.tasks(ACCOUNTANT, container):
            if task.row.created_at <= before:
                self._do(container, world, task)

    def _do(self, container: Container, world: World, task: Listed) -> None:
        """Say what came of a task: nobody answers at first, then somebody names a day or none."""
        row = task.row
        if row.next_on is not None and row.next_on > self._clock.moment.date():
            return
        day = self._clock.moment.date() + timedelta(days=PROMISED_DAYS)
        number = int(row.key[:2], 16)
        answer = f"will pay on {day}" if number % 4 == 0 and row.action.invoices else "spoke"
        outcome = "voicemail" if row.tries == 0 and number % 2 else answer
        outcome = letters.outcome_of_posting(row.action) or outcome
        tasks.complete_task(ACCOUNTANT, container, row.key, tasks.CallReport(outcome))
        did = "tried" if outcome == "voicemail" else "done"
        if did == "done" and bounces.asks_for_address(row.action):
            self._unreached.pop(task.connection, None)
            bounces.take_no_mail(world, self._unreached.values())
            self._totals[task.connection]["mailboxes put right by customers"] += 1
        self._totals[task.connection][f"tasks {did} by a person"] += 1
        if outcome.startswith("will pay"):
            self._totals[task.connection]["promises on the telephone"] += 1

    def _see_the_agency(self, container: Container, number: int) -> None:
        """Hand the oldest debts over, and take back later what was not paid meanwhile."""
        for organisation in connecting.connections(ACCOUNTANT, container):
            if number == RECALLED_ON_DAY:
                recalled = recall_all(ACCOUNTANT, container, organisation)
                self._totals[organisation.name]["placements recalled by a person"] += recalled
                continue
            customer = place_the_oldest(ACCOUNTANT, container, organisation, self._folder)
            if customer:
                self._totals[organisation.name]["placements by a person"] += 1
                self._say(f"Day {number}: {customer} goes to the agency ({organisation.label}).")

    def _hear_of_late_money(self, container: Container, world: World, number: int) -> None:
        """Record a promise that is kept in time, and book its payment only days later."""
        for organisation in connecting.connections(ACCOUNTANT, container):
            name = organisation.name
            if number == PROMISED_ON_DAY:
                late = promise_of_the_oldest(ACCOUNTANT, container, organisation)
                if late is not None:
                    self._late[name] = late
            elif name in self._late and not book(world, organisation, self._late[name]):
                del self._late[name]

    def _see_what_was_kept(self, container: Container) -> None:
        """Count the promises that are kept since their payment was booked."""
        for organisation in connecting.connections(ACCOUNTANT, container):
            late = self._late.get(organisation.name)
            if late is not None and is_kept(organisation, late):
                self._totals[organisation.name]["promises kept, and booked late"] += 1

    def _count(self, result: RunResult) -> None:
        self._problems += [f"{result.connection}: {text}" for text in result.all_problems]
        if result.applied:
            for effect in result.applied.effects:
                if effect.state is ActionState.SENT:
                    self._totals[result.connection][KINDS[effect.action.kind].done[1]] += 1
                    if letter := letters.named(effect.action):
                        self._totals[result.connection][letter] += 1

    def _tell(self, number: int, results: list[RunResult]) -> None:
        summaries = []
        for result in results:
            done = Counter(
                effect.action.kind
                for effect in (result.applied.effects if result.applied else [])
                if effect.state is ActionState.SENT
            )
            words = ", ".join(f"{n} {KINDS[kind].done[n > 1]}" for kind, n in done.items())
            if result.awaiting:
                words = ", ".join(filter(None, [words, f"{result.awaiting} waiting for approval"]))
            planned = len(result.plan.actions) if result.plan else 0
            if result.mode == "observe":
                words = f"{planned} planned, nothing written"
            if words:
                summaries.append(f"{result.connection}: {words}")
        if summaries:
            self._say(f"Day {number:2} {self._clock.moment:%a %d %b}  {' | '.join(summaries)}")

    def _outcome(self, container: Container, world: World) -> Outcome:
        state = world.state()
        post = self._folder / letters.POST_FOLDER
        sides = [compare(container.store, name, state, post / name) for name in PLATFORMS]
        for side in sides:
            self._totals[side.name]["letters that came back"] = side.came_back
        for plan in payment_plans.payment_plans(ACCOUNTANT, container, also_over=True):
            was_broken = plan.judged.missed > 0
            kept = "broken on the way" if was_broken else "kept"
            self._totals[plan.connection][f"payment plans {kept}"] += 1
        outcome = Outcome(self._folder, sides, self._totals, list(dict.fromkeys(self._problems)))
        busiest: Counter[tuple[str, str]] = Counter()
        for listed in actions(ACCOUNTANT, container, None, ActionFilter(rows_max=100_000)):
            if listed.row.state in {ActionState.SENT, ActionState.CONFIRMED}:
                for ref in listed.row.action.invoices:
                    busiest[listed.connection, ref.number] += 1
        if busiest:
            (outcome.example_connection, outcome.example_invoice), _ = busiest.most_common(1)[0]
        return outcome
