"""A first rulebook: a few answers in, commented YAML out."""

from __future__ import annotations

import re
from typing import NamedTuple

COUNTRIES = {
    "GB": ("GBP", "GB-ENG"),
    "IE": ("EUR", "IE"),
    "DE": ("EUR", "DE"),
    "FR": ("EUR", "FR"),
    "NL": ("EUR", "NL"),
    "ES": ("EUR", "ES"),
    "IT": ("EUR", "IT"),
    "AT": ("EUR", "AT"),
    "CH": ("CHF", "CH"),
    "US": ("USD", "US"),
    "CA": ("CAD", "CA"),
    "AU": ("AUD", "AU"),
    "NZ": ("NZD", "NZ"),
    "ZA": ("ZAR", "ZA"),
    "SG": ("SGD", "SG"),
}
"""The currency and the holidays that are proposed for a country."""


class Tone(NamedTuple):
    """How soon, how often and how strictly customers are reminded."""

    days: tuple[int, ...]
    """The days of the emails, the first before the due date when it is below 0."""
    call: int
    hold: int
    """Days overdue after which credit is held."""
    between: int
    small: int
    """An invoice below this amount brings no reminder."""


TONES = {
    "gentle": Tone((5, 25, 45), 60, 90, 10, 25),
    "standard": Tone((-3, 1, 14, 30), 45, 60, 5, 10),
    "firm": Tone((-5, 1, 8, 15, 22), 35, 30, 5, 0),
}
APPROVALS = ("final notices", "everything", "nothing")
OWN_SERVER = "own mail server"
POSTED = "post"
LETTERS = {
    "accounting system": (
        "reminders are its own invoice emails, in its own words, one for each invoice; notices that"
        " need words of yours become tasks until [smtp] url names a mail server"
    ),
    OWN_SERVER: (
        "your words, one letter for all invoices of a customer, with enclosures and copies; nothing"
        " leaves until [smtp] url names the server"
    ),
    POSTED: (
        "reminders are the accounting system's own emails; notices are PDFs in a folder, which a"
        " person prints and posts; they become tasks until [letters] post_folder names the folder"
    ),
}
"""How letters leave, and what each way does."""

DAYS = ("business days", "every day", "tuesday to thursday")


class Answers(NamedTuple):
    """The answers to the questions of `rules new`."""

    currency: str = "GBP"
    tone: str = "standard"
    first_day: int | None = None
    """Days after the due date of the first reminder; None: as the tone has it."""
    days: str = "business days"
    approval: str = "final notices"
    holidays: str = "GB-ENG"
    name: str = "Our credit control"
    letters: str = "accounting system"


def starter_rulebook(answers: Answers) -> str:
    """Return a commented rulebook that says what was answered."""
    tone = TONES[answers.tone]
    everything = answers.approval == "everything"
    hold = (
        ""
        if answers.approval == "nothing"
        else "\n    approval: required            # placed once a person approves"
    )
    small = (
        f"        - amount_due: {{less_than: {tone.small}}}     # too small to write about\n"
        "        - dispute: open\n        - promise_to_pay: open\n"
        if tone.small
        else ""
    )
    skip = f"    skip_invoices_when:\n      any:\n{small}        - {_NEVER_SENT}\n"
    notice = "required" if answers.approval != "nothing" else "none"
    second = (
        ""
        if answers.tone == "gentle"
        else f"      - {{after: 10 days, {_notice('final notice', answers)}, approval: {notice}}}\n"
    )
    mode = "# Each email needs approval: `arsync approve`.\n" if everything else ""
    return _TEXT.format(
        name=answers.name,
        currency=answers.currency,
        hold_days=tone.hold,
        hold=hold,
        skip=skip,
        never_sent=_NEVER_SENT.partition("   ")[0],
        promise_broken=_notice("promise broken", answers),
        sending=_SENDING[answers.letters],
        asked=", approval: required" if everything else "",
        second=second,
        mode=mode,
        steps="".join(_steps(answers, tone)),
        days=_days(answers.days),
        holidays=f"  holidays: {answers.holidays:<22}# public holidays of this place\n"
        if answers.holidays
        else "",
        between=tone.between,
    )


def with_letters(text: str, letters: str) -> str:
    """Return a shipped rulebook, or one that extends a pack, whose letters leave by a way.

    Args:
        text: the rulebook's.
        letters: one of `LETTERS`.
    """
    if letters == POSTED:
        return re.sub(
            r"email: (final notice|promise broken), via: smtp", r"letter: \1, via: post", text
        )
    if letters != OWN_SERVER:
        return text
    changed = re.sub(r"(?m)^  via: accounting system\b.*$", _SENDING[OWN_SERVER], text)
    if "\nextends:" in changed and "\nsending:" not in changed:
        changed += f"sending:\n{_SENDING[OWN_SERVER]}\n"
    return changed


def _steps(answers: Answers, tone: Tone) -> list[str]:
    late = [day for day in tone.days if day > 0]
    # The whole cadence moves along with its first reminder, and keeps its gaps.
    shift = 0 if answers.first_day is None else answers.first_day - late[0]
    names = ["first reminder", "second reminder", "third reminder"][: len(late) - 1]
    if answers.tone != "gentle":
        # A gentle tone never threatens.
        names.append("final notice")
    else:
        names = ["first reminder", "second reminder", "third reminder"]
    lines = [_step(day, "upcoming", answers) for day in tone.days if day < 0]
    lines += [_step(day + shift, text, answers) for day, text in zip(late, names, strict=True)]
    call = "task: Call the customer, assign_to: credit control"
    call = f"      - {{day: {tone.call + shift}, {call}}}\n"
    return [*lines, call]


def _step(day: int, text: str, answers: Answers) -> str:
    last = text in {"final notice", "third reminder"} and (
        text == "final notice" or answers.tone == "gentle"
    )
    asks = answers.approval == "everything" or (answers.approval == "final notices" and last)
    says = _notice(text, answers) if text == "final notice" else f"email: {text}"
    return f"      - {{day: {day}, {says}{', approval: required' if asks else ''}}}\n"


def _notice(text: str, answers: Answers) -> str:
    """Return how a text leaves whose words matter: the accounting system's email has its own."""
    ways = {OWN_SERVER: f"email: {text}", POSTED: f"letter: {text}, via: post"}
    return ways.get(answers.letters, f"email: {text}, via: smtp")


def _days(days: str) -> str:
    return "[tuesday, wednesday, thursday]" if days == DAYS[2] else days


_SENDING = {
    "accounting system": (
        "  via: accounting system          # its own email, in its own words; notices above\n"
        "                                  # leave by your own mail server (via: smtp)"
    ),
    OWN_SERVER: (
        "  via: smtp                       # your own mail server: one letter for all\n"
        "  attach: invoice                 # the accounting system's PDF of each goes along"
    ),
    POSTED: (
        "  via: accounting system          # its own email, in its own words; notices above\n"
        "                                  # are printed and posted by a person"
    ),
}
_NEVER_SENT = '{sent: no, not: {sent: unknown}}      # never sent: see "Never sent" below'

_TEXT = """\
# yaml-language-server: $schema=./rulebook.schema.json
#
# Change what does not fit; everything after a # is a comment for you. After each change:
#     arsync rules check          reports mistakes, with line and hint
#     arsync plan                 shows what it would do; sends nothing

version: 1
name: {name}
currency: {currency}                     # every amount in this file

# Names for kinds of customers, to use with `group:` further down.
groups:
  Key account:
    contact_group: Key accounts   # a Xero contact group, or a QuickBooks customer type

# Agreements with single customers. Remove the # and write your own:
#
# customers:
#   - contact: Ridgeway University        # the name, or the id in the accounting system
#     credit_limit: 25,000
#   - contact: City Agency
#     tags: [legal]

# Read first, and overrides everything else: never reminded, never put on hold.
leave_alone:
  - name: With the solicitor
    when: {{tag: legal}}

# The first match from the top counts.
credit_limits:
  - name: Agreed in writing
    when: {{agreed_limit: known}}
    limit: agreed_limit
  - name: Everyone else
    limit: no limit               # or an amount, such as 10,000

# Every match is a reason. The hold stays while any reason remains and is lifted when none does.
credit_holds:
  - name: Seriously overdue
    when:
      oldest_days_overdue: {{at_least: {hold_days}}}
      overdue_amount: {{at_least: 500}}
    unless:
      any:
        - promise_to_pay: open
        - dispute: open
        - group: Key account{hold}

# The first matching cadence counts. Day 0 is the due date; a step is due from its day on.
# Missed steps are caught up one at a time, with the same gaps.
{mode}reminders:
  - name: Key accounts get a call
    when: {{group: Key account}}
    skip_invoices_when: {never_sent}
    steps:
      - {{day: 7, task: Call the account manager, assign_to: credit control}}
  - name: After a broken promise  # a call at once, see "Broken promise" below, and in writing
    when: {{promise_to_pay: broken}}
    steps:
      - {{day: 0, counted_from: broken promise, {promise_broken}{asked}}}
{second}      - {{after: 15 days, call: Agree a payment plan, assign_to: credit control}}
  - name: Everyone else
{skip}    steps:
{steps}
# Tasks for a person, opened once each time the condition becomes true.
follow_ups:
  - name: Never sent              # remove it, and `sent` above, if you send invoices another way
    when:
      sent: no
      days_since_issued: {{at_least: 3}}
    task: Send the invoice
    assign_to: credit control
  - name: Broken promise
    when: {{promise_to_pay: broken}}
    task: Call about the broken promise
    assign_to: credit control

# What people are told of a customer, once for as long as it stands; remove the signs you want.
# alerts:
#   - name: At 90 % of the limit
#     when: {{limit_used_percent: {{at_least: 90}}}}
#     tell: owner
#   - name: Paying slower
#     when: {{days_to_pay_change: {{more_than: 10}}}}
#     tell: credit control

sending:
{sending}
  days: {days}
  between: 09:00-16:30            # in the organisation's time zone
{holidays}  days_between_messages: {between}        # no customer hears from you more often
  at_most: {{messages: 8, in: 90 days}}    # to one customer, whatever is due
  platform_emails_per_moment: 1   # the accounting system sends one email per invoice
  without_email: task             # customers without an address get a call

# Above these limits nothing is sent until a person has looked.
safety:
  credit_holds: 20
  emails: 300

# Debts that are older than the connection: first step, by age, spread over 10 days, or by hand.
take_over: first step
"""
