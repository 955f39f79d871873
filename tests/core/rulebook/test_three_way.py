"""Two people's changes of one text, put together."""

from __future__ import annotations

from arsync.core.rulebook.three_way import diff_lines, merged

BASE = "".join(f"line {number}\n" for number in range(1, 21))


def test_changes_of_different_lines_are_both_kept() -> None:
    first = BASE.replace("line 3\n", "line 3, first\n")
    later = BASE.replace("line 12\n", "line 12, later\nand one more\n").replace("line 20\n", "")
    together = merged(BASE, first, later)
    assert "line 3, first\n" in together.text
    assert "line 12, later\nand one more\n" in together.text
    assert "line 20" not in together.text
    assert together.clashes == ()


def test_the_later_counts_where_both_touch_a_line() -> None:
    first = BASE.replace("line 5\n", "line 5, first\n").replace("line 9\n", "line 9, first\n")
    later = BASE.replace("line 5\n", "line 5, later\n")
    together = merged(BASE, first, later)
    assert "line 5, later" in together.text
    assert "line 5, first" not in together.text
    assert "line 9, first" in together.text
    assert together.clashes == (5,)


def test_the_same_change_is_no_clash() -> None:
    both = BASE.replace("line 5\n", "line 5, both\n")
    assert merged(BASE, both, both) == (both, ())
    assert merged(BASE, BASE, both) == (both, ())
    assert merged(BASE, both, BASE) == (both, ())


def test_a_comparison_folds_what_is_the_same() -> None:
    new = BASE.replace("line 10\n", "line 10, new\n")
    kinds = [line.kind for line in diff_lines(BASE, new)]
    assert kinds == ["folded", *["same"] * 3, "removed", "added", *["same"] * 3, "folded"]
    numbers = {line.kind: line.number for line in diff_lines(BASE, new)}
    assert (numbers["removed"], numbers["added"]) == (10, 10)
    assert list(diff_lines("a", "a", context=3)) == [("same", 1, "a")]


def test_a_text_of_repeated_lines_is_compared_at_once() -> None:
    # With each repeated line as a landmark this would take half a minute.
    lines = list(diff_lines("a\nb\n" * 900, "b\nc\na\n" * 600))
    assert sum(line.kind == "added" for line in lines) >= 600
