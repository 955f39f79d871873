"""The suite that every connector must pass, against the sandbox's QuickBooks.

Where nobody could verify how QuickBooks behaves, the sandbox has a switch: the suite runs with the
likelier answers, and again with all the others.
"""

from __future__ import annotations

import pytest

from arsync.connector_sdk.contract_tests import Bench, ConnectorContract
from arsync_sandbox.server import Sandbox

OTHER_ANSWERS = {
    "quickbooks_ids_as_text": True,
    "quickbooks_total_count": False,
    "quickbooks_cdc_cap": "entity",
    "quickbooks_terms_move_due_date": True,
    "quickbooks_currency_on_sparse": True,
    "quickbooks_requestid_on_send": True,
    "quickbooks_requestid_keeps_faults": True,
    "quickbooks_requestid_days": 1,
    "quickbooks_send_bumps_sync_token": True,
    "quickbooks_invoice_link_always": True,
    "quickbooks_cdc_false_deleted": True,
    "quickbooks_customer_notes_max": 1024,
    "quickbooks_unqueryable": "VendorCredit.Balance",
}


class TestQuickBooks(ConnectorContract):
    @pytest.fixture
    def bench(self, quickbooks: Bench) -> Bench:
        return quickbooks


class TestQuickBooksWithTheOtherAnswers(ConnectorContract):
    @pytest.fixture
    def bench(self, sandbox: Sandbox, quickbooks: Bench) -> Bench:
        sandbox.change_settings(OTHER_ANSWERS)
        return quickbooks
