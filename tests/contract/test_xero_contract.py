"""The suite that every connector must pass, against the sandbox's Xero.

Where nobody could verify how Xero behaves, the sandbox has a switch: the suite runs with the
likelier answers, and again with all the others.
"""

from __future__ import annotations

import pytest

from arsync.connector_sdk.contract_tests import Bench, ConnectorContract
from arsync_sandbox.server import Sandbox

OTHER_ANSWERS = {
    "xero_modified_since_inclusive": False,
    "xero_lists_deleted": True,
    "xero_note_bumps_updated": True,
    "xero_email_marks_sent": False,
    "xero_email_writes_history": False,
    "xero_group_bumps_contact": True,
    "xero_clears_omitted_terms": True,
}


class TestXero(ConnectorContract):
    @pytest.fixture
    def bench(self, xero: Bench) -> Bench:
        return xero


class TestXeroWithTheOtherAnswers(ConnectorContract):
    @pytest.fixture
    def bench(self, sandbox: Sandbox, xero: Bench) -> Bench:
        sandbox.change_settings(OTHER_ANSWERS)
        return xero
