"""By which way a step's message leaves, to whom, from whom, with what; and what has no way."""

from __future__ import annotations

import pytest
from tests.core.conftest import Desk

from arsync.core.actions import Action, ActionKind, LetterPayload, ReminderPayload, Via
from arsync.core.ledger.records import Account, Phone
from arsync.core.planning.plan import Plan
from arsync.core.planning.planning_context import Sends

K = ActionKind
NO_MAIL = Sends(frozenset({"accounting system"}), "Xero")
POSTED = Sends(frozenset({"accounting system", "post"}), "Xero")


def book(desk: Desk, step: str, sending: str = "", more: str = "") -> str:
    steps = f"reminders: [{{name: Standard, steps: [{step}]}}]\n"
    return f"{desk.head}{steps}sending: {{days: every day{sending}}}\n{more}"


def the_action(plan: Plan) -> Action:
    (action,) = plan.actions
    return action


def late(desk: Desk, **contact: object) -> Account:
    return desk.account(desk.invoice("i1", 40), contacts=(desk.contact("c1", **contact),))


@pytest.mark.parametrize(
    ("step", "kind", "via"),
    [
        ("{day: 30, email: final notice}", K.REMINDER, Via.PLATFORM),
        ("{day: 30, email: final notice, via: smtp}", K.REMINDER, Via.SMTP),
        ("{day: 30, letter: final notice}", K.LETTER, Via.SMTP),
        ("{day: 30, letter: final notice, via: post}", K.LETTER, Via.POST),
        ("{day: 30, sms: first reminder}", K.REMINDER, Via.SMS),
    ],
)
def test_a_step_leaves_by_its_own_way(desk: Desk, step: str, kind: ActionKind, via: str) -> None:
    account = late(desk, phones=(Phone("020 1"), Phone("077", "mobile")), address=("1 High St",))
    action = the_action(desk.plan(book(desk, step), account))
    assert (action.kind, action.via) == (kind, via)


def test_messages_go_to_the_address_of_their_way(desk: Desk) -> None:
    account = late(desk, phones=(Phone("020 1"), Phone("077", "mobile")), address=("1 St", "Leeds"))
    by_sms = the_action(desk.plan(book(desk, "{day: 3, sms: first reminder}"), account)).payload
    assert isinstance(by_sms, ReminderPayload)
    assert (by_sms.to, by_sms.platform) == ("077", "")
    letter = "{day: 3, letter: final notice, via: post}"
    by_post = the_action(desk.plan(book(desk, letter), account)).payload
    assert isinstance(by_post, LetterPayload)
    assert (by_post.to, by_post.attach) == ("1 St, Leeds", ("letter",))


@pytest.mark.parametrize(
    ("step", "lacking"),
    [
        ("{day: 30, email: final notice, via: smtp}", "no mail server is set up ([smtp] url)"),
        (
            "{day: 30, letter: final notice, via: post}",
            "no post folder is set up ([letters] post_folder)",
        ),
        ("{day: 3, sms: final notice}", "no text messages are set up ([sms] account)"),
        (
            "{day: 30, letter: final notice}",
            "neither a mail server nor a post folder is set up ([smtp] url, [letters] post_folder)",
        ),
    ],
)
def test_a_step_without_a_way_is_a_task(desk: Desk, step: str, lacking: str) -> None:
    action = the_action(desk.plan(book(desk, step), late(desk), sends=NO_MAIL))
    assert action.kind is K.TASK
    assert action.payload.title == f"Send the text 'final notice' another way: {lacking}"
    assert action.via == Via.PLATFORM


def test_what_all_messages_lack_opens_no_tasks(desk: Desk) -> None:
    text = book(desk, "{day: 3, email: first reminder}", ", via: smtp")
    plan = desk.plan(text, late(desk), sends=NO_MAIL)
    assert not plan.actions
    assert [held.why for held in plan.held_back] == ["no mail server is set up ([smtp] url)"]


def test_a_letter_goes_by_post_without_mail(desk: Desk) -> None:
    text = book(desk, "{day: 30, letter: final notice}")
    by_post = the_action(desk.plan(text, late(desk, address=("1 High St",)), sends=POSTED))
    assert by_post.via == Via.POST
    # A mail server is there, and no address that it could use.
    without = desk.plan(text, late(desk, email="", address=("1 High St",)))
    assert the_action(without).via == Via.POST


@pytest.mark.parametrize(
    ("step", "lacking"),
    [
        ("{day: 30, letter: final notice, via: post}", "postal address"),
        ("{day: 30, sms: final notice}", "telephone number"),
        ("{day: 30, email: final notice, via: smtp}", "email address"),
    ],
)
def test_a_lacking_address_is_named(desk: Desk, step: str, lacking: str) -> None:
    account = late(desk, email="")
    plan = desk.plan(book(desk, step), account)
    assert [held.why for held in plan.held_back] == [f"no {lacking}"]
    action = the_action(desk.plan(book(desk, step, ", without_email: task"), account))
    assert action.payload.title == f"There is no {lacking}: send the final notice another way"


def test_one_letter_tells_a_customer_everything(desk: Desk) -> None:
    step = "{day: 10, letter: first reminder}, {day: 30, letter: final notice}"
    invoices = [desk.invoice("i1", 40), desk.invoice("i2", 12), desk.invoice("i3", 11)]
    sent = (desk.sent("i1", 10, 20, "first reminder"),)
    action = the_action(desk.plan(book(desk, step), desk.account(*invoices, sent=sent)))
    assert (action.kind, action.step) == (K.LETTER, "final notice")
    assert [ref.id for ref in action.invoices] == ["i1", "i2", "i3"]
    assert action.subject == "i1 day 30", "the key of the oldest invoice and its step"


def test_letters_of_other_addresses_go_apart(desk: Desk) -> None:
    step = "{day: 10, letter: first reminder}"
    invoices = (desk.invoice("i1", 40), desk.invoice("i2", 12, email="works@x.test"))
    plan = desk.plan(book(desk, step), desk.account(*invoices))
    payloads = [action.payload for action in plan.actions]
    assert [payload.to for payload in payloads if isinstance(payload, LetterPayload)] == [
        "c1@x.test",
        "works@x.test",
    ]


def test_letters_sent_one_by_one_count_as_done(desk: Desk) -> None:
    step = "{day: 10, letter: first reminder}"
    invoices = (desk.invoice("i1", 40), desk.invoice("i2", 12))
    alone = [the_action(desk.plan(book(desk, step), desk.account(invoice))) for invoice in invoices]
    history = tuple(desk.sent(name, 10, 9, "first reminder") for name in ("i1", "i2"))
    keys = frozenset(action.key for action in alone)
    assert not desk.plan(book(desk, step), desk.account(*invoices, sent=history)).actions
    refused = desk.plan(book(desk, step), desk.account(*invoices, done_keys=keys))
    assert not refused.actions


def test_ways_leave_apart_in_one_moment(desk: Desk) -> None:
    steps = "{day: 1, email: first reminder}, {day: 30, email: final notice, via: smtp}"
    sent = (desk.sent("i1", 1, 39, "first reminder"),)
    account = desk.account(desk.invoice("i1", 40), desk.invoice("i2", 4), sent=sent)
    plan = desk.plan(book(desk, steps), account)
    assert [(action.step, action.via) for action in plan.actions] == [
        ("final notice", Via.SMTP),
        ("first reminder", Via.PLATFORM),
    ]
    assert len({action.batch_id for action in plan.actions}) == 1
    # Where one email is one moment, our letter is that one.
    alone = desk.plan(book(desk, steps, ", platform_emails_per_moment: 1"), account)
    assert [action.step for action in alone.actions] == ["final notice"]
    assert [held.why for held in alone.held_back] == [
        "waits for the next moment: at most one email at once"
    ]


RULES = """roles:
  account manager: {by_contact_group: {North: jo@example.com}}
  owner: boss@example.com
"""


def envelope(desk: Desk, step: str, sending: str, **contact: object) -> ReminderPayload:
    text = book(desk, step, f", via: smtp{sending}", RULES)
    payload = the_action(desk.plan(text, late(desk, **contact))).payload
    assert isinstance(payload, ReminderPayload)
    return payload


NOTICE = "{day: 30, email: final notice}"


def test_copies_go_to_all_that_match(desk: Desk) -> None:
    sending = (
        ", cc: [a@example.com, account manager]"
        ", copy_to: {when: {balance: {at_least: 5000}}, address: owner}"
    )
    small = envelope(desk, NOTICE, sending, groups=("North",))
    assert (small.cc, small.copy_to) == ("a@example.com, jo@example.com", "")
    nobody = envelope(desk, NOTICE, sending, groups=("South",))
    assert nobody.cc == "a@example.com"
    low = sending.replace("5000", "50")
    assert envelope(desk, NOTICE, low).copy_to == "boss@example.com"


def test_a_step_adds_its_own_copies(desk: Desk) -> None:
    step = "{day: 30, email: final notice, cc: account manager, copy_to: owner}"
    both = envelope(desk, step, ", cc: a@example.com", groups=("North",))
    assert (both.cc, both.copy_to) == ("a@example.com, jo@example.com", "boss@example.com")


def test_nobody_gets_one_message_twice(desk: Desk) -> None:
    sending = ", cc: [C1@X.test, owner, boss@example.com], copy_to: owner"
    payload = envelope(desk, NOTICE, sending)
    assert (payload.to, payload.cc, payload.copy_to) == ("c1@x.test", "boss@example.com", "")


def test_an_unknown_condition_copies_to_nobody(desk: Desk) -> None:
    rule = "{when: {average_days_late: {at_least: 1}}, address: a@example.com}"
    assert not envelope(desk, NOTICE, f", cc: {rule}").cc


def test_the_first_sender_that_matches_counts(desk: Desk) -> None:
    sending = (
        ", sender: [{when: {contact_group: Berlin}, name: Berlin accounts,"
        " address: berlin@example.com}, Accounts <accounts@example.com>]"
    )
    berlin = envelope(desk, NOTICE, sending, groups=("Berlin",))
    assert berlin.sender == "Berlin accounts <berlin@example.com>"
    assert envelope(desk, NOTICE, sending).sender == "Accounts <accounts@example.com>"
    assert not envelope(desk, NOTICE, "").sender


def test_whose_address_is_a_rule(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 40, email="works@x.test"))
    for word, address in (("invoice address", "works@x.test"), ("contact person", "c1@x.test")):
        text = book(desk, NOTICE, f", via: smtp, to: {word}")
        payload = the_action(desk.plan(text, account)).payload
        assert isinstance(payload, ReminderPayload)
        assert payload.to == address


@pytest.mark.parametrize(
    ("step", "attach"),
    [
        (NOTICE, ("invoice",)),
        ("{day: 30, email: final notice, attach: [statement, letter]}", ("letter", "statement")),
        ("{day: 30, letter: final notice}", ("letter", "invoice")),
    ],
)
def test_what_goes_along(desk: Desk, step: str, attach: tuple[str, ...]) -> None:
    text = book(desk, step, ", via: smtp, attach: invoice")
    payload = the_action(desk.plan(text, late(desk))).payload
    assert isinstance(payload, (ReminderPayload, LetterPayload))
    assert payload.attach == attach


def test_nothing_goes_along_with_the_platforms_own_email(desk: Desk) -> None:
    text = book(desk, NOTICE, ", cc: a@example.com, attach: invoice, sender: a@example.com")
    payload = the_action(desk.plan(text, late(desk))).payload
    assert isinstance(payload, ReminderPayload)
    assert (payload.cc, payload.sender, payload.attach) == ("", "", ())


def test_what_is_no_address_counts_as_none(desk: Desk) -> None:
    text = book(desk, "{day: 30, email: final notice, via: smtp}", ", without_email: task")
    action = the_action(desk.plan(text, late(desk, email="ask Jo Bloggs")))
    assert action.payload.title == "There is no email address: send the final notice another way"
