"""Cadences that are tried: which customers get them in place of their own."""

from __future__ import annotations

import hashlib

from arsync.core.rulebook.model import Cadence, Rulebook, folded

_PARTS = 2**64


def tried_or_own(rulebook: Rulebook, cadence: Cadence, debtor_id: str) -> Cadence:
    """Return the cadence that a customer gets: its own, or the one that is tried in its place."""
    tried = trial_beside(rulebook, cadence)
    return tried if tried is not None and is_tried_on(tried, debtor_id) else cadence


def trial_beside(rulebook: Rulebook, cadence: Cadence) -> Cadence | None:
    """Return the cadence that is tried beside another; None: there is none."""
    for tried in rulebook.reminders:
        if tried.trial is not None and folded(tried.trial.of) == folded(cadence.name):
            return tried
    return None


def stands_beside(rulebook: Rulebook, cadence: Cadence) -> Cadence:
    """Return the cadence whose customers a cadence has: its own, unless it is tried."""
    if cadence.trial is None:
        return cadence
    of = folded(cadence.trial.of)
    return next((own for own in rulebook.reminders if folded(own.name) == of), cadence)


def is_tried_on(tried: Cadence, debtor_id: str) -> bool:
    """Return whether a customer is in the share of a trial.

    The same customer is on the same side on every day and on every machine, whatever it does: by a
    hash of its id and the trial's name. With a larger share nobody changes back.
    """
    assert tried.trial is not None, "a cadence that is tried"
    digest = hashlib.sha256(f"{tried.name}|{debtor_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") * 100 < tried.trial.percent * _PARTS
