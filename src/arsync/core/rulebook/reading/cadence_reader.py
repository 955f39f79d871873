"""Cadences: the words of their steps, in the order in which they are taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from yaml.nodes import Node

from arsync.core.rulebook.model import (
    DAYS_AFTER_SEEN,
    HOLD_LIFTED,
    HOLD_PLACED,
    INSTALMENT_DUE,
    INSTALMENT_MISSED,
    LIMIT_CHANGED,
    MESSAGE_STEPS,
    PLAN_AGREED,
    PREVIOUS_STEP,
    REFERENCE_LETTERS,
    SATISFACTION_CHECK,
    STATEMENT_OF_ACCOUNT,
    TASK_STEPS,
    TERMS_OF_TRADE,
    THANK_YOU,
    Cadence,
    CadenceTrial,
    CountedFrom,
    Place,
    Step,
    StepKind,
    folded,
)
from arsync.core.rulebook.reading.condition_reader import when_of
from arsync.core.rulebook.reading.hints import Spot, example_of
from arsync.core.rulebook.reading.sections import STEP, TAKEN_MAX, ReadBlock
from arsync.core.rulebook.reading.value_types import Block, Source
from arsync.core.rulebook.reading.yaml_nodes import Problems, did_you_mean, place_of, values_of
from arsync.core.rulebook.roles import NO_APPROVAL

_KEYS = frozenset(key.name for key in STEP)


def read_cadence(block: Block, node: Node, source: Source, name: str, place: Place) -> Cadence:
    """Return a cadence; problems where its steps contradict each beside."""
    counted_from = block.get("counted_from", CountedFrom.DUE_DATE.value)
    steps = [
        (step, entry)
        for entry in block.get("steps", ())
        if (step := _step(entry, source, counted_from)) is not None
    ]
    # Days of one kind have an order of their own; otherwise steps come as they are written.
    if len({step.slot for step, _ in steps}) == 1 and steps[0][0].days_after is None:
        steps.sort(key=lambda written: written[0].day)
    if "steps" in block.nodes and block.get("steps") == []:
        source.problem(block.nodes["steps"], f"the cadence {name!r} has no steps.")
    return Cadence(
        name,
        place,
        when_of(block),
        block.get("skip_invoices_when"),
        _in_order(steps, node, source, is_chain=counted_from == PREVIOUS_STEP),
        days_after_seen=block.get("wait_after_seen", DAYS_AFTER_SEEN) or 0,
        trial=_trial_of(block, source),
    )


USUAL_SHARE = 50


def _trial_of(block: Block, source: Source) -> CadenceTrial | None:
    """Return beside which cadence it is tried; a problem where it asks for customers of its own."""
    trial: Block | None = block.get("trial")
    if trial is None or not trial.get("of"):
        return None
    for key in ("when", "unless"):
        if key in block.nodes:
            message = f"a cadence that is tried has the customers of {trial.get('of')!r}."
            source.problem(block.nodes[key], message, f"leave out '{key}'")
    place = place_of(block.nodes["trial"])
    return CadenceTrial(trial.get("of"), trial.get("share") or USUAL_SHARE, place)


def trials_fit(cadences: Sequence[Cadence], problems: Problems) -> None:
    """Report trials of what is no cadence, of another trial, or of one that is tried already."""
    by_name = {folded(cadence.name): cadence for cadence in cadences}
    tried: dict[str, Cadence] = {}
    for cadence in cadences:
        trial = cadence.trial
        if trial is None:
            continue
        beside = by_name.get(folded(trial.of))
        if beside is None:
            names = [named.name for named in cadences if named.trial is None]
            problems.add(
                trial.place, f"there is no cadence {trial.of!r}.", did_you_mean(trial.of, names)
            )
        elif beside.trial is not None:
            message = f"{trial.of!r} is itself tried: a trial stands beside a cadence of its own."
            problems.add(trial.place, message)
        elif beside.name in tried:
            first = tried[beside.name].place
            message = f"{beside.name!r} has a trial already, in {first.file}:{first.line}."
            problems.add(trial.place, message, "end one before the next, or neither tells anything")
        elif beside.is_about_promises != cadence.is_about_promises:
            message = f"one of {beside.name!r} and {cadence.name!r} is about broken promises alone."
            problems.add(trial.place, message)
        else:
            tried[beside.name] = cadence


def _in_order(
    written: list[tuple[Step, ReadBlock]], node: Node, source: Source, *, is_chain: bool
) -> tuple[Step, ...]:
    """Return the steps as they are taken, with their repeats; problems where that has no order."""
    steps: list[Step] = []
    for step, entry in written:
        is_first_of_chain = is_chain and not steps and "after" not in entry.block.nodes
        if step.days_after is not None and is_first_of_chain:
            # Where all steps count from the one before, the first counts from the due date.
            step = step._replace(day=step.days_after, days_after=None)  # noqa: PLW2901
        if step.days_after is not None:
            if not steps:
                message = "there is no step before this one to count from."
                source.problem(entry.node, message, "the first step has a day, as in day: 7")
                continue
            before = steps[-1]
            step = step._replace(  # noqa: PLW2901
                day=before.day + step.days_after, counted_from=before.counted_from
            )
        if _stands_too_early(step, steps, entry, source):
            continue
        steps += _with_repeats(step, entry.block)
    if len(steps) > TAKEN_MAX:
        message = f"its steps come to {len(steps)}, repeats counted; at most {TAKEN_MAX}."
        source.problem(node, message, "fewer repeats: a person is to look in the end")
    return tuple(steps[:TAKEN_MAX])


def _stands_too_early(step: Step, steps: list[Step], entry: ReadBlock, source: Source) -> bool:
    """Report a step whose day is not after that of the step of its kind above it."""
    same = [before for before in steps if before.counted_from is step.counted_from]
    if not same or step.day > same[-1].day:
        return False
    before = same[-1]
    if before.day == step.day and before.days_after is None:
        message = f"two steps on day {step.day}; the first in line {before.place.line}."
        source.problem(entry.node, message, "each day has one step")
    elif before.repeat > 1:
        message = f"the step in line {before.place.line} is repeated until day {before.day}."
        source.problem(entry.node, message, "let this one follow it, as in after: 7 days")
    else:
        message = f"the step of day {step.day} stands after that of day {before.day}."
        source.problem(entry.node, message, "write the steps in the order in which they come")
    return True


def _with_repeats(step: Step, block: Block) -> Iterator[Step]:
    yield step
    every, most = block.get("every"), block.get("at_most")
    for repeat in range(2, (most or 1) + 1 if every else 2):
        day = step.day + every * (repeat - 1)
        yield step._replace(day=day, days_after=every, repeat=repeat)


def _step(entry: ReadBlock, source: Source, counted_from: str) -> Step | None:
    """Return one step; the day of one that counts from the step before is that of `_in_order`."""
    block, node = entry
    kind = _kind_of(entry, source)
    if kind is None or not _has_its_day(entry, source):
        return None
    by_sms = TEXT_MESSAGE in block.nodes
    word = TEXT_MESSAGE if by_sms else kind.value
    value = block.get(word)
    since = block.get("counted_from", counted_from)
    day, days_after = block.get("day", 0), block.get("after")
    if days_after is None and since == PREVIOUS_STEP:
        day, days_after = 0, day
        if days_after < 1:
            message = "a step that counts from the one before it comes after it."
            source.problem(block.nodes["day"], message, "as in after: 7 days")
            return None
    if value is None or (day is None and days_after is None):
        return None
    _check_words(kind, block, source)
    if kind in {StepKind.EMAIL, StepKind.LETTER}:
        _check_text(value, block.nodes[word], source)
    if block.get("script"):
        _check_text(block.get("script"), block.nodes["script"], source)
    fee = value if kind is StepKind.LATE_FEE else None
    return Step(
        day=day,
        kind=kind,
        text=value if fee is None else f"late fee {fee.text}",
        place=place_of(node),
        approval=block.get("approval", NO_APPROVAL),
        assign_to=block.get("assign_to", ""),
        fee_amount=fee.amount if fee else None,
        fee_percent=fee.percent if fee else None,
        counted_from=CountedFrom.DUE_DATE if since == PREVIOUS_STEP else CountedFrom(since),
        days_after=days_after,
        when=when_of(block) if {"when", "unless"} & set(block.nodes) else None,
        waits_until_done=block.get("then") is not None,
        script=block.get("script", ""),
        via=TEXT_MESSAGE if by_sms else block.get("via") or "",
        attach=tuple(sorted(block.get("attach"))) if block.get("attach") else None,
        cc=block.get("cc") or (),
        copy_to=block.get("copy_to") or (),
    )


TEXT_MESSAGE = "sms"
"""The word for an email's text that leaves as a text message, and the way by which it does."""


def _kind_of(entry: ReadBlock, source: Source) -> StepKind | None:
    """Return what a step does; a problem when it does nothing, or several things."""
    kinds = [kind for kind in StepKind if kind.value in entry.block.nodes]
    if TEXT_MESSAGE in entry.block.nodes:
        kinds.append(StepKind.EMAIL)
    if len(kinds) == 1:
        return kinds[0]
    # A word that is none was reported already, with what is meant.
    if kinds or set(values_of(entry.node)) <= _KEYS:
        names = ", ".join((*StepKind, TEXT_MESSAGE))
        hint = "give each its own day" if kinds else example_of(Spot.STEP)
        source.problem(entry.node, f"a step does one thing of: {names}.", hint)
    return None


def _has_its_day(entry: ReadBlock, source: Source) -> bool:
    """Return whether a step says when it comes, in one way."""
    block, node = entry
    if "day" in block.nodes and "after" in block.nodes:
        message = "'day' and 'after' both say when the step comes."
        source.problem(block.nodes["after"], message, "keep one of them")
        return False
    if "day" not in block.nodes and "after" not in block.nodes:
        message = "a step needs 'day': days after the due date, or before it."
        source.problem(node, message, "as in day: 7; or after: 7 days, from the step before it")
        return False
    if "after" in block.nodes and "counted_from" in block.nodes:
        message = "'after' counts from the step before it, and not from another day."
        source.problem(block.nodes["counted_from"], message, "write 'day' in place of 'after'")
        return False
    # What could not be read was reported already.
    return block.get("day" if "day" in block.nodes else "after") is not None


_BELONGS: dict[str, tuple[frozenset[StepKind], str]] = {
    "assign_to": (TASK_STEPS, "a task or a call"),
    "then": (TASK_STEPS, "a task or a call"),
    "script": (frozenset({StepKind.CALL}), "a call"),
    **dict.fromkeys(("via", "attach", "cc", "copy_to"), (MESSAGE_STEPS, "an email or a letter")),
}
"""Words of single kinds of steps."""


def _check_words(kind: StepKind, block: Block, source: Source) -> None:
    """Report words that say nothing beside the others of their step."""
    for word, (kinds, owner) in _BELONGS.items():
        if word in block.nodes and kind not in kinds:
            source.problem(block.nodes[word], f"{word!r} belongs to {owner}.")
    _check_way(kind, block, source)
    if "every" in block.nodes and "at_most" not in block.nodes:
        # Without it nobody would ever stop writing to a customer who does not read.
        message = "'every' needs 'at_most': how often it comes in all."
        source.problem(block.nodes["every"], message, "as in every: 14 days, at_most: 3")
    elif "at_most" in block.nodes and "every" not in block.nodes:
        message = "'at_most' counts repeats, and the step has none."
        source.problem(block.nodes["at_most"], message, "as in every: 14 days, at_most: 3")


_NOT_BY: dict[tuple[StepKind, str], tuple[str, str]] = {
    (StepKind.LETTER, "accounting system"): (
        "the accounting system sends no letter of ours.",
        "write via: smtp, via: post, or leave the line out",
    ),
    (StepKind.LETTER, TEXT_MESSAGE): (
        "a letter is a PDF, and a text message carries none.",
        "write sms: in place of letter:, or via: smtp",
    ),
    (StepKind.EMAIL, "post"): (
        "what goes by post is a letter.",
        "write letter: in place of email:",
    ),
}
"""Ways that cannot carry what a step sends."""


def _check_way(kind: StepKind, block: Block, source: Source) -> None:
    """Report a way that cannot carry the step, and what goes along where nothing can."""
    if TEXT_MESSAGE in block.nodes and "via" in block.nodes:
        source.problem(block.nodes["via"], "'sms' says already how it leaves.", "remove 'via'")
    via = TEXT_MESSAGE if TEXT_MESSAGE in block.nodes else block.get("via")
    if "via" in block.nodes and (kind, via) in _NOT_BY:
        source.problem(block.nodes["via"], *_NOT_BY[kind, via])
    for word in ("attach", "cc", "copy_to") if via in {"accounting system", TEXT_MESSAGE} else ():
        if word in block.nodes:
            message = f"{word!r} needs a letter of ours: by {via!r} nothing goes along."
            source.problem(block.nodes[word], message, "write via: smtp")


NO_STEPS = {
    **dict.fromkeys((PLAN_AGREED, INSTALMENT_DUE, INSTALMENT_MISSED), "payment_plans"),
    **dict.fromkeys((HOLD_PLACED, HOLD_LIFTED, LIMIT_CHANGED), "announcements"),
    **dict.fromkeys((SATISFACTION_CHECK, TERMS_OF_TRADE), "after_issue"),
    STATEMENT_OF_ACCOUNT: "statements",
    THANK_YOU: "thank_you",
    **dict.fromkeys(REFERENCE_LETTERS, "credit_references"),
}
"""Texts that would not be true as a step of a cadence, and the section that sends each."""


def _check_text(text: str, node: Node, source: Source) -> None:
    # As files are named: `hand-over announced` is `hand over announced`.
    name = " ".join(text.replace("-", " ").replace("_", " ").lower().split())
    if name in NO_STEPS:
        message = f"{text!r} is no reminder: it would say what is not so."
        source.problem(node, message, f"the section {NO_STEPS[name]!r} sends it")
    elif source.texts is not None and not {text, name} & set(source.texts):
        hint = did_you_mean(text, source.texts) or (
            f"put it into templates/ of the rules folder, as {name}.txt; "
            "`arsync letters copy` gives you a beginning"
        )
        source.problem(node, f"there is no reminder text {text!r}.", hint)
