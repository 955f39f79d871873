"""Segments are the groups of people, not the ones that arsync makes."""

from __future__ import annotations

from tests.builders.records import a_contact

from arsync.core.analytics.segments import HOLD_GROUP, NO_SEGMENT, segment_of, segments_of
from arsync_xero.credit_holds import GROUP_NAME


def test_a_customer_belongs_to_its_first_group() -> None:
    assert segment_of(a_contact(groups=("Trade", "Key accounts"))) == "Trade"
    assert segment_of(a_contact()) == NO_SEGMENT


def test_a_hold_is_no_segment() -> None:
    assert HOLD_GROUP == GROUP_NAME
    assert segment_of(a_contact(groups=(GROUP_NAME, "Trade"))) == "Trade"
    assert segment_of(a_contact(groups=(GROUP_NAME,))) == NO_SEGMENT
    assert segments_of(a_contact(groups=("Key", GROUP_NAME, "Trade"))) == ("Key", "Trade")
    assert segments_of(a_contact(groups=(GROUP_NAME,))) == (NO_SEGMENT,)
