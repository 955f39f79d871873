"""THE registry: one row for each kind of action, and what depends on nothing but the kind.

A new kind of action is its payload (`payloads`), its row here, its planner, and a writer in each
connector that offers its capability. Nothing else keeps a table of kinds.
"""

from __future__ import annotations

from typing import get_args

from msgspec import Struct

from arsync.core.actions.payloads import ActionKind, Payload


class KindOfAction(Struct, frozen=True):
    """What is true of every action of one kind. Texts are for people."""

    kind: ActionKind
    verb: str
    """What a plan says it does: `PLACE CREDIT HOLD`."""
    done: tuple[str, str]
    """What was done, one and several: `hold placed`, `holds placed`."""
    planned: tuple[str, str] | None = None
    """What a plan counts, one and several; None: it is not planned by a rulebook."""
    happening: str = ""
    """What scenarios call it: `hold placed`; empty: no rulebook does it."""
    thing: str = ""
    """What stands at the platform afterwards: `the credit hold`."""
    acts_against_customer: bool = False
    """It is paused while figures are uncertain. A note, a task and what is in a customer's favour
    are not."""
    reaches_customer: bool = False
    """It keeps the gap between messages."""
    reaches_others: bool = False
    """It is written to somebody else about the customer, and nothing of it stands in the books."""
    is_step: bool = False
    """It is always a step of a cadence. A task is one only when its invoices name a step."""
    one_for_all_causes: bool = False
    """However many rules ask for it, it is done once: its key leaves the rule out."""
    asked_while_reason_stands: bool = False
    """A plan asks for it each day that its reason stands, unless a person refused or undid it."""
    records_a_word: bool = False
    """It tells of what a person said or did: no rule has to hold for it."""
    decided_with: ActionKind | None = None
    """What a person decides about together with it: a hold and its terms are one decision."""
    follows_in_decision: bool = False
    """Where both wait, the decision is listed and counted under the other."""
    ended_by: ActionKind | None = None
    """What puts it back in the ordinary course."""
    ended_words: str = ""
    note_on_contact: bool = False
    """Its note hangs on the contact even when it names invoices."""
    has_note: bool = True
    """It leaves a marked note besides what it changes."""
    safety_limit: str = ""
    """The key of the rulebook's `safety` that counts it; empty: nothing limits it."""
    counted_as: str = ""
    """Its column where a policy is tried; empty: it goes with another kind."""
    step_note: str = ""
    """How its note begins, with the step's text: `{} billed`. Of messages: see `message_words`."""
    not_undoable: str = ""
    """Why it cannot be undone; empty: it can."""
    refused_words: str = ""
    """What a plan says when its reason stands and it was refused; `{key}` is its key."""
    trace_question: str = ""
    """What a person looks for when its outcome is unknown, besides the note."""


_REFUSED = (
    "{thing} was refused: it is not requested again while a reason remains, unless you withdraw"
    " the refusal: `arsync refuse {{key}} --take-back --why REASON`"
)

_ROWS = (
    KindOfAction(
        ActionKind.REMINDER,
        verb="SEND",
        done=("reminder", "reminders"),
        planned=("reminder", "reminders"),
        happening="email",
        acts_against_customer=True,
        reaches_customer=True,
        is_step=True,
        safety_limit="emails",
        counted_as="messages",
        not_undoable="a message that has left cannot be recalled",
    ),
    KindOfAction(
        ActionKind.LETTER,
        verb="SEND LETTER",
        done=("letter", "letters"),
        planned=("letter", "letters"),
        happening="letter",
        acts_against_customer=True,
        reaches_customer=True,
        is_step=True,
        has_note=False,
        safety_limit="letters",
        counted_as="letters",
        not_undoable="a letter stays with its invoice: the customer may have it already",
        trace_question="is the letter among its files",
    ),
    KindOfAction(
        ActionKind.ACCOUNT_LETTER,
        verb="WRITE",
        done=("account letter sent", "account letters sent"),
        planned=("account letter", "account letters"),
        happening="account letter",
        acts_against_customer=True,
        reaches_customer=True,
        note_on_contact=True,
        safety_limit="account_letters",
        counted_as="account letters",
        not_undoable="a letter that has left cannot be recalled",
    ),
    KindOfAction(
        ActionKind.REFERENCE_LETTER,
        verb="ASK A REFERENCE",
        done=("reference asked", "references asked"),
        reaches_others=True,
        has_note=False,
        not_undoable=(
            "a letter that has left cannot be recalled; `arsync credit reference NUMBER NAME"
            " --answer ANSWER` records what came of it"
        ),
    ),
    KindOfAction(
        ActionKind.CREDIT_HOLD,
        verb="PLACE CREDIT HOLD",
        done=("hold placed", "holds placed"),
        planned=("hold to place", "holds to place"),
        happening="hold placed",
        thing="the credit hold",
        acts_against_customer=True,
        one_for_all_causes=True,
        decided_with=ActionKind.TERMS,
        asked_while_reason_stands=True,
        ended_by=ActionKind.LIFT_CREDIT_HOLD,
        ended_words="it was lifted",
        note_on_contact=True,
        safety_limit="credit_holds",
        counted_as="holds",
        refused_words=_REFUSED.format(thing="the credit hold"),
        trace_question="is the credit hold shown on the customer",
    ),
    KindOfAction(
        ActionKind.HOLD_REASONS,
        verb="UPDATE REASONS OF HOLD",
        done=("hold's reasons updated", "holds' reasons updated"),
        planned=("hold with new reasons", "holds with new reasons"),
        one_for_all_causes=True,
        note_on_contact=True,
        not_undoable="undo the credit hold itself: its reasons go with it",
        refused_words=(
            "the books show earlier reasons of the credit hold: writing them anew was refused, or "
            "its outcome is not known yet"
        ),
        trace_question="are its present reasons shown on the customer",
    ),
    KindOfAction(
        ActionKind.REMINDER_LEVEL,
        verb="REMINDER LEVEL",
        done=("reminder level shown", "reminder levels shown"),
        planned=("reminder level to show", "reminder levels to show"),
        thing="the reminder level",
        one_for_all_causes=True,
        note_on_contact=True,
        has_note=False,
        refused_words=(
            "the reminder level was refused, or its outcome is not known yet: the next level is"
            " shown again"
        ),
        trace_question="is this the reminder level shown on the customer",
    ),
    KindOfAction(
        ActionKind.LIFT_CREDIT_HOLD,
        verb="LIFT CREDIT HOLD",
        done=("hold lifted", "holds lifted"),
        planned=("hold to lift", "holds to lift"),
        happening="hold lifted",
        one_for_all_causes=True,
        decided_with=ActionKind.RESTORE_TERMS,
        note_on_contact=True,
        counted_as="holds lifted",
        not_undoable=(
            "lifting a hold is not undone: if a reason remains, the next run places it again"
        ),
        refused_words=(
            "the credit hold is still in place: lifting it was refused, or its outcome is not "
            "known yet"
        ),
        trace_question="is the credit hold gone from the customer",
    ),
    KindOfAction(
        ActionKind.TERMS,
        verb="CHANGE TERMS",
        done=("change of terms", "changes of terms"),
        planned=("change of terms", "changes of terms"),
        happening="terms changed",
        thing="the change of payment terms",
        acts_against_customer=True,
        one_for_all_causes=True,
        decided_with=ActionKind.CREDIT_HOLD,
        follows_in_decision=True,
        asked_while_reason_stands=True,
        ended_by=ActionKind.RESTORE_TERMS,
        ended_words="the terms were restored",
        note_on_contact=True,
        refused_words=_REFUSED.format(thing="the change of payment terms"),
        trace_question="are the payment terms those of the credit hold",
    ),
    KindOfAction(
        ActionKind.RESTORE_TERMS,
        verb="RESTORE TERMS",
        done=("customer back on old terms", "customers back on old terms"),
        planned=("change back of terms", "changes back of terms"),
        happening="terms restored",
        one_for_all_causes=True,
        decided_with=ActionKind.LIFT_CREDIT_HOLD,
        follows_in_decision=True,
        note_on_contact=True,
        not_undoable=(
            "restored terms are not changed back: if a reason remains, the next run changes them"
        ),
        refused_words=(
            "the payment terms are still those of the credit hold: restoring them was refused, or "
            "its outcome is not known yet"
        ),
        trace_question="are the payment terms what they were before",
    ),
    KindOfAction(
        ActionKind.AGREED_CREDIT,
        verb="SET AGREED CREDIT",
        done=("credit decision noted", "credit decisions noted"),
        planned=("credit decision to note", "credit decisions to note"),
        thing="the agreed payment terms",
        one_for_all_causes=True,
        note_on_contact=True,
        trace_question="are the payment terms those that were agreed, where any were",
    ),
    KindOfAction(
        ActionKind.TASK,
        verb="OPEN TASK",
        done=("task opened", "tasks opened"),
        planned=("task", "tasks"),
        happening="task",
        safety_limit="tasks",
        counted_as="tasks",
        step_note="Task opened: {}",
        not_undoable=(
            "only a note was written; `arsync done KEY --outcome OUTCOME` closes the task"
        ),
    ),
    KindOfAction(
        ActionKind.LATE_FEE,
        verb="BILL LATE FEE",
        done=("late fee billed", "late fees billed"),
        planned=("late fee", "late fees"),
        happening="late fee",
        thing="the late fee",
        acts_against_customer=True,
        is_step=True,
        has_note=False,
        safety_limit="late_fees",
        counted_as="late fees",
        step_note="{} billed",
        trace_question="is there an invoice for the late fee",
    ),
    KindOfAction(
        ActionKind.CREDIT_NOTE,
        verb="DRAFT CREDIT NOTE",
        done=("credit note drafted", "credit notes drafted"),
        planned=("draft credit note", "draft credit notes"),
        happening="credit note",
        thing="the draft credit note",
        # It rests on what was paid: a payment that came, or was taken back, makes it wrong.
        acts_against_customer=True,
        one_for_all_causes=True,
        has_note=False,
        safety_limit="credit_notes",
        counted_as="credit notes",
        trace_question="is there a draft credit note for the discount",
    ),
    KindOfAction(
        ActionKind.PLACEMENT,
        verb="PLACEMENT",
        done=("placement noted", "placements noted"),
        planned=("placement", "placements"),
        happening="placed with",
        thing="the placement",
        acts_against_customer=True,
        counted_as="placements",
        not_undoable=(
            "only notes were written, which stay in the history; `arsync recall CUSTOMER` takes "
            "the debts back"
        ),
    ),
    KindOfAction(
        ActionKind.NOTE,
        verb="NOTE",
        done=("note", "notes"),
        records_a_word=True,
        not_undoable=(
            "only a note was written, which stays in the history;"
            " `arsync log CUSTOMER --take-back NUMBER` takes the entry back"
        ),
    ),
    KindOfAction(
        ActionKind.PROMISE,
        verb="NOTE PROMISE",
        done=("promise noted", "promises noted"),
        thing="the promise to pay",
        records_a_word=True,
        trace_question="is the promised day shown",
    ),
    KindOfAction(
        ActionKind.PAYMENT_PLAN,
        verb="NOTE PAYMENT PLAN",
        done=("payment plan noted", "payment plans noted"),
        planned=("payment plan to note", "payment plans to note"),
        thing="the payment plan",
        records_a_word=True,
        trace_question="is the day of the next instalment shown, where there is a place for it",
    ),
    KindOfAction(
        ActionKind.DISPUTE,
        verb="NOTE DISPUTE",
        done=("dispute noted", "disputes noted"),
        records_a_word=True,
        not_undoable=(
            "only a note was written, which stays in the history;"
            " `arsync dispute INVOICE --settled dropped` ends the dispute"
        ),
    ),
    KindOfAction(
        ActionKind.TASK_DONE,
        verb="NOTE TASK DONE",
        done=("task done", "tasks done"),
        records_a_word=True,
        not_undoable=(
            "only a note was written, which stays in the history;"
            " `arsync done KEY --outcome OUTCOME --correct` replaces the outcome"
        ),
    ),
    KindOfAction(
        ActionKind.UNDO,
        verb="UNDO",
        done=("action undone", "actions undone"),
        one_for_all_causes=True,
        not_undoable=(
            "an undoing is not undone: `arsync undo KEY --allow-again` allows it to be planned "
            "again"
        ),
    ),
)

KINDS: dict[ActionKind, KindOfAction] = {row.kind: row for row in _ROWS}
"""Every kind's row."""

assert set(KINDS) == set(ActionKind), "a kind of action without a row"
assert {payload.kind for payload in get_args(Payload)} == set(ActionKind), "a kind, no payload"


def kinds_with(attribute: str) -> frozenset[ActionKind]:
    """Return the kinds of which something is so: `kinds_with("is_step")`."""
    return frozenset(kind for kind, row in KINDS.items() if getattr(row, attribute))


STEP_KINDS = kinds_with("is_step")
MESSAGE_KINDS = kinds_with("reaches_customer")
OUTSIDE_BOOKS = kinds_with("reaches_others")
LETTER_KINDS = MESSAGE_KINDS | OUTSIDE_BOOKS
"""All that is read outside the business, by a customer or by somebody else."""
KINDS_AGAINST_CUSTOMERS = kinds_with("acts_against_customer")
KINDS_OF_RULES = frozenset(kind for kind, row in KINDS.items() if row.planned)
"""The kinds that a rulebook plans; the others follow from what people said."""

LIFTING_KINDS = frozenset(
    row.ended_by for row in _ROWS if row.asked_while_reason_stands and row.ended_by is not None
)
FOLLOWING_KINDS = kinds_with("follows_in_decision")
HOLD_KINDS = kinds_with("asked_while_reason_stands")
WORD_KINDS = kinds_with("records_a_word")
ONE_FOR_ALL_CAUSES = kinds_with("one_for_all_causes")
NOTED_ON_CONTACT = kinds_with("note_on_contact")
UNDOABLE = frozenset(ActionKind) - kinds_with("not_undoable")
