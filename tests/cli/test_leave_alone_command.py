"""`leave-alone` at a shell."""

from __future__ import annotations

from tests.cli.conftest import Shell


def test_a_customer_is_left_alone_listed_and_treated_again(shell: Shell) -> None:
    shell("pull")
    assert shell("leave-alone").out == "Nobody is left alone by hand.\n"
    refused = shell("leave-alone", "Late & Sons", "--connection", "xero", "--until", "2030-01-01")
    assert refused.code == 2
    assert "needs a reason" in refused.err
    until = shell("status", "--json").json[0]["today"]
    done = shell(
        "leave-alone",
        "Late & Sons",
        "--connection",
        "xero",
        "--until",
        until,
        "--reason",
        "they move house",
    )
    assert f"is left alone until {until}: they move house." in done.err
    (listed,) = shell("leave-alone", "--json").json
    assert (listed["customer"], listed["reason"]) == ("Late & Sons", "they move house")
    assert "they move house" in shell("leave-alone").out
    assert (
        "by the rulebook again"
        in shell("leave-alone", "Late & Sons", "--connection", "xero", "--end").err
    )
    assert shell("leave-alone", "Late & Sons", "--connection", "xero", "--end").code == 2


def test_a_day_or_an_end_is_given(shell: Shell) -> None:
    assert shell("leave-alone", "Late & Sons").code == 2
    assert shell("leave-alone", "--end").code == 2
