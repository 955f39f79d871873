"""Letters about the account that a person asks for: true of the books of now, or refused.

They have the keys of the rules' letters: one leaves once for one occasion, whoever asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import NamedTuple

from msgspec.structs import replace

from arsync.core.actions import (
    AccountLetterPayload,
    Action,
    ActionKind,
    ReminderPayload,
    Via,
    payload_of,
)
from arsync.core.actions.message_words import sent_words
from arsync.core.ledger.records import Account, Invoice
from arsync.core.planning.account_letter_planner import what_stops_account_letters
from arsync.core.planning.account_letters import (
    ASKED_FOR,
    DAYS_LATE_MAX,
    LetterDue,
    asked_by_person,
    key_of,
    letter_action,
    no_way,
    way_of,
)
from arsync.core.planning.announcement_planner import (
    hand_over_announced,
    hand_over_letter,
    held_id,
    hold_letter,
    lift_letter,
    limit_letter,
    limit_stands,
)
from arsync.core.planning.asked_plan_letters import PLAN_TEXTS, asked_plan_letter
from arsync.core.planning.assessment import Assessment, DunnedParty
from arsync.core.planning.courtesy_planner import (
    LIVE,
    is_first,
    letter_after_issue,
    paid_lately,
    thanks_for,
)
from arsync.core.planning.placement_planner import agency_proposed
from arsync.core.planning.planning_context import Planning
from arsync.core.planning.untrue_letters import Untrue
from arsync.core.rulebook.conditions import ALWAYS
from arsync.core.rulebook.model import (
    HAND_OVER,
    HOLD_LIFTED,
    HOLD_PLACED,
    LIMIT_CHANGED,
    NOWHERE,
    SATISFACTION_CHECK,
    TERMS_OF_TRADE,
    THANK_YOU,
    AfterIssue,
    EvenIf,
    OncePer,
    Rulebook,
    ThankYou,
)

_WHATEVER_ELSE = frozenset(EvenIf)
"""A person knows what else is overdue or disputed."""


class WishedLetter(NamedTuple):
    """Which letter a person asks for."""

    text: str
    """Its name."""
    invoice: Invoice | None = None
    via: str = ""
    """Empty: as the rulebook sends it."""
    plan_id: int | None = None
    """The number of the payment plan that it is about; None: of the one that there is."""


class AskedLetter(NamedTuple):
    """A letter that is true now."""

    action: Action
    keys: tuple[str, ...]
    """Under any of these it may have left before; its own is the first."""


class _Asking(NamedTuple):
    planning: Planning
    assessment: Assessment
    party: DunnedParty
    wish: WishedLetter

    @property
    def rulebook(self) -> Rulebook:
        return self.planning.assessor.rulebook

    @property
    def name(self) -> str:
        return self.party.view.contact.name


_Made = LetterDue | Untrue
_Maker = Callable[[_Asking], _Made]


def texts_to_ask_for(rulebook: Rulebook) -> tuple[str, ...]:
    """Return the names of the letters that a person can send, besides the statement of account."""
    return *_makers(rulebook), *PLAN_TEXTS


def asked_letter(
    planning: Planning, account: Account, contact_id: str, wish: WishedLetter, who: str
) -> AskedLetter | Untrue:
    """Return the letter that a person asks for.

    Args:
        planning: of today.
        account: the customer's.
        contact_id: the contact that answers for its documents.
        wish: which letter; its text is one of `texts_to_ask_for`.
        who: asks, for the note in the books.
    """
    assessment = planning.assessor.assess(account)
    party = assessment.party_of(contact_id)
    if wish.text in PLAN_TEXTS:
        return _about_plan(planning, assessment, party, wish, who)
    asking = _Asking(planning, assessment, party, wish)
    letter = _makers(asking.rulebook)[wish.text](asking)
    if isinstance(letter, Untrue):
        return letter
    letter = letter._replace(via=wish.via or letter.via)
    stop = what_stops_account_letters(planning, assessment, party)
    if stop is not None:
        return Untrue(f"{asking.name}: {stop.reason}")
    lacking = no_way(planning, party, letter)
    if lacking:
        return Untrue(f"{asking.name}: {lacking}", "--via takes another way")
    action = letter_action(planning, party, letter)
    sent = sent_words(ActionKind.ACCOUNT_LETTER, letter.text, way_of(planning, letter))
    # Whoever asks for it now does not want it tomorrow: it waits for no hour.
    payload = replace(payload_of(action, AccountLetterPayload), waits_for="", asked_by=who)
    note = f"{sent}, asked for by {who}."
    action = replace(action, payload=payload, not_before=None, note=note)
    return AskedLetter(action, _keys(asking, letter))


def _about_plan(
    planning: Planning, assessment: Assessment, party: DunnedParty, wish: WishedLetter, who: str
) -> AskedLetter | Untrue:
    if wish.via not in {"", Via.SMTP}:
        return Untrue(f"{wish.text!r} leaves by mail alone", "leave out --via")
    action = asked_plan_letter(planning, assessment, party, wish.text, wish.plan_id, who)
    return action if isinstance(action, Untrue) else AskedLetter(action, (action.key,))


def _keys(asking: _Asking, letter: LetterDue) -> tuple[str, ...]:
    rules = {rule.name for rule in asking.rulebook.after_issue if rule.email == letter.text}
    each = [
        letter,
        asked_by_person(letter),
        *(letter._replace(rule=name) for name in sorted(rules)),
    ]
    keys = (key_of(asking.planning, asking.party, variant) for variant in each)
    return tuple(dict.fromkeys(keys))


def true_still(planning: Planning, account: Account, action: Action) -> Action | str:
    """Return a letter that a person asked for as it is true now, or why it is not any more.

    Args:
        planning: of today.
        account: the customer's, read again.
        action: the letter, as it was asked for. A statement is true on every day.
    """
    if isinstance(action.payload, ReminderPayload):
        return _plan_letter_still(planning, account, action, action.payload)
    if action.step not in _makers(planning.assessor.rulebook):
        return action
    named = [ref.id for ref in action.invoices]
    by_id = {invoice.id: invoice for invoice in account.invoices}
    invoice = next((by_id[one] for one in named if one in by_id), None)
    wish = WishedLetter(action.step, invoice, action.via)
    fresh = asked_letter(planning, account, action.contact_id, wish, "")
    if isinstance(fresh, Untrue):
        return fresh.reason
    if fresh.action.subject != action.subject:
        return "what it was about has changed"
    # An invoice that nobody saw in it is not slipped in.
    refs = tuple(ref for ref in fresh.action.invoices if ref.id in named)
    occasion = payload_of(fresh.action, AccountLetterPayload).occasion
    payload = replace(payload_of(action, AccountLetterPayload), occasion=occasion)
    return replace(action, invoices=refs, payload=payload)


def _plan_letter_still(
    planning: Planning, account: Account, action: Action, payload: ReminderPayload
) -> Action | str:
    """Return a letter about a payment plan as it is true now, or why it is not any more."""
    plan_id = payload.about_plan.plan_id if payload.about_plan is not None else None
    wish = WishedLetter(action.step, plan_id=plan_id)
    fresh = asked_letter(planning, account, action.contact_id, wish, "")
    if isinstance(fresh, Untrue):
        return fresh.reason
    if fresh.action.subject != action.subject:
        return "the instalment that it was about has come"
    named = {ref.id for ref in action.invoices}
    refs = tuple(ref for ref in fresh.action.invoices if ref.id in named)
    return replace(action, invoices=refs)


def _makers(rulebook: Rulebook) -> Mapping[str, _Maker]:
    """Return what makes each letter, by the name of its text, the rulebook's own among them."""
    makers: dict[str, _Maker] = {
        THANK_YOU: _thanks,
        SATISFACTION_CHECK: _after_issue,
        TERMS_OF_TRADE: _after_issue,
        HOLD_PLACED: _hold_placed,
        HOLD_LIFTED: _hold_lifted,
        LIMIT_CHANGED: _limit_changed,
        HAND_OVER: _hand_over,
    }
    makers |= {rule.email: _after_issue for rule in rulebook.after_issue}
    if rulebook.thank_you is not None:
        makers[rulebook.thank_you.email] = _thanks
    return makers


def _thanks(asking: _Asking) -> _Made:
    planning, assessment, party, wish = asking
    ruled = asking.rulebook.thank_you or ThankYou(ASKED_FOR, NOWHERE, ALWAYS, wish.text)
    rule = ruled._replace(place=NOWHERE, when=ALWAYS, email=wish.text, even_if=_WHATEVER_ELSE)
    by_day = paid_lately(assessment, party, planning.today, whenever_begun=True)
    for day in sorted(by_day, reverse=True):
        if wish.invoice is None or any(paid.id == wish.invoice.id for paid in by_day[day]):
            letter = thanks_for(planning, assessment, party, rule, by_day[day])
            if letter is not None:
                return letter
    what = "no invoice" if wish.invoice is None else f"not {wish.invoice.number}"
    return Untrue(
        f"{asking.name} paid {what} in full in the last {DAYS_LATE_MAX} days: there is nothing to"
        " thank for",
        "`arsync pull` brings in what was paid since the last one",
    )


def _after_issue(asking: _Asking) -> _Made:
    planning, assessment, party, wish = asking
    own = [
        invoice
        for invoice in assessment.account.invoices
        if invoice.status in LIVE
        and invoice.issued_on <= planning.today
        and party.view.counts(invoice.contact_id)
    ]
    if wish.invoice is not None and wish.invoice not in own:
        return Untrue(f"{wish.invoice.number} is no invoice that {asking.name} has to do with now")
    rule = _rule_after_issue(asking, wish.invoice)
    if wish.invoice is None and rule.once_per is OncePer.INVOICE:
        return Untrue(f"{wish.text!r} is about one invoice", "--invoice NUMBER says which")
    if not own:
        return Untrue(f"{asking.name} has no invoice", "`arsync pull` brings in what is new")
    latest = max(own, key=_issued)
    invoice = wish.invoice or latest
    if wish.invoice is not None and not is_first(assessment, party, invoice):
        # Their own occasion, beside that of the first one.
        rule = rule._replace(once_per=OncePer.INVOICE)
    return letter_after_issue(planning, assessment, party, rule, invoice, answer=True)


def _rule_after_issue(asking: _Asking, invoice: Invoice | None) -> AfterIssue:
    """Return the rule that sends the text, or else would for this invoice."""
    text, party = asking.wish.text, asking.party
    once = OncePer.CUSTOMER if text == TERMS_OF_TRADE else OncePer.INVOICE
    rules = [rule for rule in asking.rulebook.after_issue if rule.email == text]
    row = asking.planning.assessor.invoice_row(party, invoice) if invoice is not None else None
    fits = [rule for rule in rules if row and rule.when.test(party.row, row) is not False]
    usual = AfterIssue(ASKED_FOR, NOWHERE, ALWAYS, 0, text, once)
    rule = next(iter((*fits, *rules, usual)))
    return rule._replace(place=NOWHERE, when=ALWAYS, even_if=_WHATEVER_ELSE)


def _issued(invoice: Invoice) -> tuple[date, str]:
    return invoice.issued_on, invoice.number


def _hold_placed(asking: _Asking) -> _Made:
    hold = asking.assessment.account.hold
    if hold is None:
        return Untrue(
            f"no credit hold stands on {asking.name}",
            "`arsync hold CUSTOMER --why REASON` asks for one",
        )
    return _of_holder(asking) or hold_letter(asking.planning, asking.party, hold, NOWHERE)


def _hold_lifted(asking: _Asking) -> _Made:
    account = asking.assessment.account
    if account.hold is not None:
        return Untrue(
            f"the credit hold on {asking.name} still stands", "`arsync release CUSTOMER` lifts it"
        )
    if not account.last_hold_episode:
        return Untrue(f"{asking.name} was never on hold")
    return _of_holder(asking) or lift_letter(asking.planning, account, NOWHERE)


def _of_holder(asking: _Asking) -> Untrue | None:
    """Return that it is another contact that is on hold; None: it is this one."""
    if asking.party.view.contact.id == held_id(asking.assessment):
        return None
    holder = asking.assessment.root.view.contact.name
    return Untrue(f"it is {holder} that is told of credit holds", f"--customer {holder!r}")


def _limit_changed(asking: _Asking) -> _Made:
    change, party = asking.assessment.account.limit_change, asking.party
    if party.view.limit.amount is None:
        return Untrue(
            f"{asking.name} has no credit limit", "`credit_limits` in the rulebook sets one"
        )
    if change is None or change.contact_id != party.view.contact.id:
        return Untrue(f"no change of {asking.name}'s credit limit is known")
    if not limit_stands(party, change):
        return Untrue(
            f"{asking.name}'s credit limit has changed again",
            "the next run records the change: send the letter after it",
        )
    return limit_letter(asking.planning, change, NOWHERE)


def _hand_over(asking: _Asking) -> _Made:
    planning, assessment, party, _ = asking
    agency = agency_proposed(planning, assessment, party)
    if not agency:
        return Untrue(
            f"no rule of placements hands over a debt of {asking.name} now",
            f"`arsync why {asking.name!r}` says what each of them asks for",
        )
    told_before = hand_over_announced(assessment.account, party.view.contact.id, planning.today)
    if told_before is not None:
        return Untrue(f"it was announced to {asking.name} on {told_before.on}")
    return hand_over_letter(planning, assessment, party, agency)
