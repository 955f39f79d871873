"""What the settings say of the sender, as letters show it."""

from __future__ import annotations

from arsync.config.typed_settings import LettersSettings
from arsync.mail.letter_facts import ADDRESS_LINES_MAX, address_lines, sender_details


def test_settings_become_what_letters_show() -> None:
    sender = sender_details(
        LettersSettings(
            address="1 High Street\n  Leeds\nLS1 1AA\n",
            phone=" 0113 496 0000",
            signed_by="Jane Hill,\tCredit control",
            iban="gb29nwbk60161331926819",
        )
    )
    assert sender.address == ("1 High Street", "Leeds", "LS1 1AA")
    assert sender.phone == "0113 496 0000"
    assert sender.signed_by == "Jane Hill, Credit control"
    assert sender.bank.iban == "GB29 NWBK 6016 1331 9268 19"
    assert sender.bank.is_set


def test_without_settings_nothing_is_shown() -> None:
    sender = sender_details(LettersSettings())
    assert sender.address == ()
    assert not sender.bank.is_set


def test_a_variable_holds_an_address_on_one_line() -> None:
    assert address_lines("1 High Street; Leeds ;LS1 1AA") == ("1 High Street", "Leeds", "LS1 1AA")


def test_an_address_is_cut_to_its_most_lines() -> None:
    lines = address_lines("\n".join(f"line {n}" for n in range(20)))
    assert len(lines) == ADDRESS_LINES_MAX
