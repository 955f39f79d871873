"""The words for a message's way, its copies and its sender, and what is wrong with others."""

from __future__ import annotations

import pytest
from tests.builders.rulebooks import a_rulebook

from arsync.core.rulebook import Rulebook, read_rulebook
from arsync.core.rulebook.model import StepKind
from arsync.core.rulebook.reading.message_shapes import COPIES_MAX, SENDERS_MAX
from arsync.core.rulebook.reading.reader import read_layers
from arsync.core.rulebook.recipients import AddressedTo, CopyRule, SenderRule

HEAD = "version: 1\ncurrency: GBP\n"


def steps(words: str) -> str:
    return f"{HEAD}reminders: [{{name: A, steps: [{{day: 3, {words}}}]}}]\n"


def sending(words: str) -> str:
    return f"{HEAD}sending: {{{words}}}\n"


def a_step(words: str) -> tuple[StepKind, str, tuple[str, ...] | None]:
    step = a_rulebook(steps(words)).reminders[0].steps[0]
    return step.kind, step.via, step.attach


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("email: first reminder", (StepKind.EMAIL, "", None)),
        ("email: first reminder, via: smtp", (StepKind.EMAIL, "smtp", None)),
        ("sms: first reminder", (StepKind.EMAIL, "sms", None)),
        ("letter: final notice, via: post", (StepKind.LETTER, "post", None)),
        (
            "letter: final notice, attach: [statement, invoice]",
            (StepKind.LETTER, "", ("invoice", "statement")),
        ),
    ],
)
def test_a_step_says_its_way(
    words: str, read: tuple[StepKind, str, tuple[str, ...] | None]
) -> None:
    assert a_step(words) == read


def test_copies_are_addresses_roles_and_rules() -> None:
    rule = "{when: {contact_group: North}, address: north@example.com}"
    read = a_rulebook(sending(f"cc: [jo@example.com, account manager, {rule}]")).sending.cc
    assert read[:2] == (CopyRule("jo@example.com"), CopyRule("", "account manager"))
    assert (read[2].address, read[2].when is not None) == ("north@example.com", True)
    assert a_rulebook(sending("copy_to: owner")).sending.copy_to == (CopyRule("", "owner"),)


def test_a_sender_is_a_name_and_an_address() -> None:
    berlin = SenderRule("berlin@example.com", "Berlin accounts")
    text = a_rulebook(sending("sender: Berlin accounts <berlin@example.com>"))
    block = a_rulebook(sending("sender: {name: Berlin accounts, address: berlin@example.com}"))
    assert text.sending.sender == block.sending.sender == (berlin,)
    bare = a_rulebook(sending("sender: berlin@example.com")).sending.sender
    assert bare == (SenderRule("berlin@example.com"),)


def test_whose_address_and_what_goes_along() -> None:
    read = a_rulebook(sending("to: contact person, attach: invoice")).sending
    assert (read.to, read.attach) == (AddressedTo.CONTACT_PERSON, ("invoice",))
    assert a_rulebook(HEAD + "take_over: by hand\n").sending.to is AddressedTo.INVOICE_ADDRESS


def test_conditions_of_copies_count_as_asked() -> None:
    rule = "{when: {contact_group: North}, address: north@example.com}"
    step = f"{{day: 3, email: first reminder, via: smtp, cc: {rule}}}"
    cadence = f"reminders: [{{name: A, steps: [{step}]}}]\n"
    book = a_rulebook(sending(f"cc: {rule}") + cadence)
    assert len([place for place, _ in book.conditions()]) == 3


def test_an_installed_channel_is_a_way() -> None:
    def ways(*more: str) -> Rulebook | None:
        text = steps("email: first reminder, via: whatsapp")
        known = ("accounting system", "smtp", *more)
        return read_layers([("r.yaml", text)], ways=known).rulebook

    assert ways("whatsapp") is not None
    assert ways() is None


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            steps("email: a, via: smpt"),
            "'via' is 'smpt'; it can be accounting system, post, sms, smtp.",
            "did you mean 'smtp'?",
        ),
        (
            steps("letter: a, via: accounting system"),
            "the accounting system sends no letter of ours.",
            "write via: smtp, via: post, or leave the line out",
        ),
        (
            steps("letter: a, via: sms"),
            "a letter is a PDF, and a text message carries none.",
            "write sms: in place of letter:, or via: smtp",
        ),
        (
            steps("email: a, via: post"),
            "what goes by post is a letter.",
            "write letter: in place of email:",
        ),
        (steps("sms: a, via: smtp"), "'sms' says already how it leaves.", "remove 'via'"),
        (
            steps("sms: a, attach: invoice"),
            "'attach' needs a letter of ours: by 'sms' nothing goes along.",
            "write via: smtp",
        ),
        (steps("task: a, via: smtp"), "'via' belongs to an email or a letter.", ""),
        (
            steps("email: a, via: smtp, cc: jo@example"),
            "'cc' is 'jo@example', which is no email address.",
            "write jo@example.com",
        ),
        (
            sending("cc: 'a@example.com; b@example.com'"),
            "'cc' is 'a@example.com; b@example.com', which is no email address.",
            "several stand in a list: [a@example.com, b@example.com]",
        ),
        (sending("cc: []"), "'cc' is an empty list.", "remove the line"),
        (
            sending("sender: Berlin"),
            "'sender' is 'Berlin', which is no address.",
            "as in Berlin accounts <berlin@example.com>",
        ),
        (
            sending("sender: {name: Berlin}"),
            "'sender' has no address.",
            "as in sender: Berlin accounts <berlin@example.com>",
        ),
        (
            sending("attach: pdf"),
            "'attach' is 'pdf'; it can be invoice, letter, statement.",
            "write attach: [invoice]",
        ),
        (
            sending("to: customer"),
            "'to' is 'customer'; it can be invoice address, contact person.",
            "write to: contact person",
        ),
        (
            sending(f"cc: [{', '.join(f'a{n}@example.com' for n in range(COPIES_MAX + 1))}]"),
            f"'cc' has {COPIES_MAX + 1} items; at most {COPIES_MAX}.",
            "",
        ),
        (
            sending(f"sender: [{', '.join(f'a{n}@example.com' for n in range(SENDERS_MAX + 1))}]"),
            f"'sender' has {SENDERS_MAX + 1} items; at most {SENDERS_MAX}.",
            "",
        ),
    ],
)
def test_what_cannot_be_meant_leads_on(text: str, message: str, hint: str) -> None:
    _, problems = read_rulebook([("r.yaml", text)])
    assert (problems[0].message, problems[0].hint) == (message, hint)
