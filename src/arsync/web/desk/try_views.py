"""What a page says of a rulebook that was played: a verdict in a sentence, and letters a week."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import NamedTuple

from arsync.application.desk.tries import TryResult
from arsync.translation import gettext
from arsync.web.desk.reader_locale import ReaderLocale


class Verdict(NamedTuple):
    """What a try showed, in a sentence."""

    bold: str
    text: str
    look: str


def verdict(words: ReaderLocale, result: TryResult) -> Verdict:
    """Return what a try showed, in a sentence."""
    number = words.number
    letters, needless = _letters(result.draft.totals), _letters(result.draft.needless)
    if result.live is None:
        text = gettext(
            "%(number)s letters to %(number_2)s customers",
            number=number(letters),
            number_2=number(result.draft.customers),
        )
        text += gettext(
            "; a person is asked %(number)s times", number=number(result.draft.approvals)
        )
        if result.payments is None:
            text += gettext(
                "; %(number)s letters to customers who paid within two days anyway",
                number=number(needless),
            )
        return Verdict("", f"{text}.", "blue")
    before, before_needless = _letters(result.live.totals), _letters(result.live.needless)
    work = result.draft.approvals - result.live.approvals
    more_needless = needless - before_needless
    bold = ", ".join([_work(work), _needless(more_needless)]).capitalize()
    text = gettext(
        "%(number)s letters instead of %(number_2)s; you would have been asked "
        "%(number_3)s times instead of %(number_4)s; %(number_5)s letters instead "
        "of %(number_6)s to customers who paid within two days anyway.",
        number=number(letters),
        number_2=number(before),
        number_3=number(result.draft.approvals),
        number_4=number(result.live.approvals),
        number_5=number(needless),
        number_6=number(before_needless),
    )
    worse = work > 0 or more_needless > 0
    return Verdict(f"{bold}.", text, "amber" if worse else "blue")


def _work(change: int) -> str:
    return (
        gettext("the same work")
        if change == 0
        else gettext("more work")
        if change > 0
        else gettext("less work")
    )


def _needless(change: int) -> str:
    if change == 0:
        return gettext("as many needless letters")
    return gettext("more needless letters") if change > 0 else gettext("fewer needless letters")


def _letters(counts: Mapping[str, int]) -> int:
    return counts.get("messages", 0) + counts.get("letters", 0)


class WeekBar(NamedTuple):
    """One bar of the chart; in its units."""

    x: float
    y: float
    height: float
    cls: str


class WeekChart(NamedTuple):
    """Letters a week, ready to be drawn."""

    sentence: str
    bars: tuple[WeekBar, ...]
    width: float
    """Of one bar."""
    marks: tuple[tuple[float, int], ...]
    """Heights of the axis, with their numbers."""
    labels: tuple[tuple[float, str], ...]
    rows: tuple[tuple[date, int | None, int], ...]
    """Of the table behind it: the week's Monday, live, tried."""


CHART_WIDTH, CHART_HEIGHT, CHART_LEFT, CHART_TOP = 640, 240, 40, 10
LABELS_MAX = 5


def week_chart(words: ReaderLocale, result: TryResult) -> WeekChart:
    """Return the letters of each week as bars."""
    weeks = sorted(set(result.draft.weeks) | set(result.live.weeks if result.live else ()))
    live = result.live.weeks if result.live is not None else None
    rows = [
        (
            date.fromisoformat(week),
            live.get(week, 0) if live is not None else None,
            result.draft.weeks.get(week, 0),
        )
        for week in weeks
    ]
    top = _round_up(max((max(tried, before or 0) for _, before, tried in rows), default=0))
    step = (CHART_WIDTH - CHART_LEFT) / max(len(rows), 1)
    wide = min(step * (0.4 if live is not None else 0.8), 40)

    def bar(at: float, count: int, cls: str) -> WeekBar:
        height = CHART_HEIGHT * count / top
        return WeekBar(
            round(at, 1), round(CHART_TOP + CHART_HEIGHT - height, 1), round(height, 1), cls
        )

    def bars() -> Iterator[WeekBar]:
        for place, (_, before, tried) in enumerate(rows):
            middle = CHART_LEFT + step * (place + 0.5)
            if before is None:
                yield bar(middle - wide / 2, tried, "bar")
            else:
                yield bar(middle - wide, before, "before")
                yield bar(middle, tried, "bar")

    every = max(-(-len(rows) // LABELS_MAX), 1)
    labels = tuple(
        (round(CHART_LEFT + step * (place + 0.5), 1), words.short_day(week, today=week))
        for place, (week, _, _) in enumerate(rows)
        if place % every == 0
    )
    most = max(rows, key=lambda row: row[2], default=None)
    sentence = gettext("Letters a week.")
    if most is not None:
        sentence = gettext(
            "Letters a week from %(day)s: %(most)s at most, in the week of %(day_2)s.",
            day=words.day(rows[0][0]),
            most=most[2],
            day_2=words.day(most[0]),
        )
    marks = tuple((CHART_TOP + CHART_HEIGHT * (1 - half / 2), top * half // 2) for half in range(3))
    return WeekChart(sentence, tuple(bars()), round(wide, 1), marks, labels, tuple(rows))


def _round_up(count: int) -> int:
    """Return an even number at or above a count, for the top of an axis."""
    step = int(10 ** max(len(str(count)) - 1, 0))
    step = max(step // 2, 2) if count < step * 5 else max(step, 2)
    return max(-(-count // step) * step, 2)
