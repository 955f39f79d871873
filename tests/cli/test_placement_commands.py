"""`place`, `recall`, `placements`: a debt goes to an agency, with its papers, and comes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Shell


def names(shell: Shell) -> list[str]:
    listed = shell("plan", "--connection", "xero", "--json").json["held_back"]
    return [held["invoice"] for held in listed if held["why"].startswith("placed with")]


def test_a_debt_is_placed_listed_and_recalled(shell: Shell, tmp_path: Path) -> None:
    customer = shell("plan", "--connection", "xero", "--json").json["actions"][0]["contact"]["name"]
    pack = tmp_path / "pack"
    done = shell(
        *("place", customer, "--to", "Example Collections", "--cost", "40"),
        *("--pack", str(pack), "--connection", "xero"),
    )
    assert done.code == 0, done.err
    assert f"{customer} is placed with Example Collections" in done.err
    assert "has cost GBP 40.00 so far" in done.err
    assert (pack / "statement.pdf").read_bytes().startswith(b"%PDF")
    assert names(shell)
    (view,) = shell("placements", "--connection", "xero", "--json").json
    assert (view["agency"], view["state"], view["cost"]) == (
        "Example Collections",
        "placed",
        "40.00",
    )
    assert "Example Collections" in shell("placements", customer, "--connection", "xero").out
    taken = shell("place", customer, "--pack", str(pack), "--connection", "xero")
    assert (taken.code, "is there already" in taken.err) == (2, True)
    recalled = shell("recall", customer, "--why", "paid by phone", "--connection", "xero")
    assert "recalled from Example Collections" in recalled.err
    assert not names(shell)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["place", "Nobody", "--to", "X"], "there is no contact 'Nobody'"),
        (["place", "Nobody"], "say with whom"),
        (["place", "Nobody", "INV-1", "--cost", "4"], "leave the invoices out"),
        (["recall", "Nobody"], "there is no contact 'Nobody'"),
    ],
)
def test_a_wrong_placement_is_one_clear_message(
    shell: Shell, words: list[str], message: str
) -> None:
    done = shell(*words, "--connection", "xero")
    assert (done.code, message in done.err) == (2, True), done.err
