"""A key's earlier name is read as ever: in one file, in layers, and in what is removed."""

from __future__ import annotations

import pytest

from arsync.core.rulebook import read_rulebook
from arsync.core.rulebook.effective import rulebook_differences
from arsync.core.rulebook.reading.reader import read_layers

HEAD = "version: 1\ncurrency: GBP\n"
NEW, OLD = "days_between_messages", "days_between_emails"


@pytest.mark.parametrize("name", [NEW, OLD])
def test_either_name_is_read(name: str) -> None:
    rulebook, problems = read_rulebook([("r.yaml", f"{HEAD}sending: {{{name}: 9}}")])
    assert rulebook is not None, problems
    assert rulebook.sending.days_between_messages == 9


def test_both_names_at_once_are_one_problem() -> None:
    text = f"{HEAD}sending:\n  {NEW}: 5\n  {OLD}: 9\n"
    _, (problem,) = read_rulebook([("r.yaml", text)])
    assert (problem.line, problem.column) == (5, 24)
    assert f"'{OLD}' is the earlier name of '{NEW}'" in problem.message
    files = [("a.yaml", f"{HEAD}sending: {{{NEW}: 5}}"), ("b.yaml", f"sending: {{{OLD}: 9}}")]
    _, (contradiction,) = read_rulebook(files)
    assert f"'{NEW}' has another value in a.yaml:3" in contradiction.message


@pytest.mark.parametrize(("below", "own"), [(NEW, OLD), (OLD, NEW)])
def test_a_layer_changes_it_under_either_name(below: str, own: str) -> None:
    base = [("base.yaml", f"{HEAD}name: Base\nsending: {{{below}: 5, via: smtp}}\n")]
    changed, problems = read_rulebook([("own.yaml", f"sending: {{{own}: 9}}\n")], shared=base)
    assert changed is not None, problems
    assert (changed.sending.days_between_messages, changed.sending.via) == (9, "smtp")
    removed, problems = read_rulebook(
        [("own.yaml", f"sending: {{remove: [{own}]}}\n")], shared=base
    )
    assert removed is not None, problems
    assert removed.sending.days_between_messages == 5


def test_a_renamed_key_is_no_difference() -> None:
    before, after = (
        read_layers([("r.yaml", f"{HEAD}sending: {{{name}: 5}}\n")]).files for name in (OLD, NEW)
    )
    assert rulebook_differences(before, after) == []
