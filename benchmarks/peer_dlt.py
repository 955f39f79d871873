"""Load the same lists with dlt's rest_api source into SQLite.

python peer_dlt.py CONFIG.json

Runs inside dlt's own virtual environment. The pages are as large as the platform gives, and nested
lists stay one column (`max_table_nesting=0`), which is the least work dlt can be given.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import dlt  # type: ignore[import-not-found]
from dlt.sources.helpers.rest_client.paginators import (  # type: ignore[import-not-found]
    BasePaginator,
    PageNumberPaginator,
)
from dlt.sources.rest_api import rest_api_source  # type: ignore[import-not-found]

ROWS = 1000
XERO = {
    "Contacts": {"includeArchived": "true", "order": "ContactID ASC"},
    "Invoices": {"where": 'Type=="ACCREC"', "order": "InvoiceID ASC"},
    "CreditNotes": {"order": "CreditNoteID ASC"},
    "Prepayments": {"order": "PrepaymentID ASC"},
    "Overpayments": {"order": "OverpaymentID ASC"},
    "Payments": {"order": "PaymentID ASC"},
}
QUICKBOOKS = ("Customer", "Invoice", "CreditMemo", "Payment", "CustomerType", "Term")


class StartPosition(BasePaginator):  # type: ignore[misc]
    """QuickBooks pages within the query itself."""

    def __init__(self, entity: str) -> None:
        super().__init__()
        self._entity = entity
        self._start = 1

    def init_request(self, request: Any) -> None:
        self._start = 1
        self.update_request(request)

    def update_state(self, response: Any, data: list[Any] | None = None) -> None:
        self._has_next_page = len(data or ()) == ROWS
        self._start += ROWS

    def update_request(self, request: Any) -> None:
        request.params = {
            **(request.params or {}),
            "query": f"select * from {self._entity} startposition {self._start} maxresults {ROWS}",
        }


def xero(config: dict[str, Any]) -> Any:
    """Return the source of Xero's lists."""
    resources = [
        {
            "name": name,
            "endpoint": {
                "path": name,
                "params": {**params, "pageSize": ROWS},
                "data_selector": name,
                "paginator": PageNumberPaginator(
                    base_page=1, page_param="page", total_path="pagination.pageCount"
                ),
            },
        }
        for name, params in XERO.items()
    ]
    client = {
        "base_url": f"{config['url']}/api.xro/2.0/",
        "auth": {"type": "bearer", "token": config["access_token"]},
        "headers": {"Xero-tenant-id": config["organisation"], "Accept": "application/json"},
    }
    return rest_api_source({"client": client, "resources": resources}, max_table_nesting=0)


def quickbooks(config: dict[str, Any]) -> Any:
    """Return the source of QuickBooks' entities."""
    resources = [
        {
            "name": name,
            "endpoint": {
                "path": "query",
                "params": {"minorversion": "75"},
                "data_selector": f"QueryResponse.{name}",
                "paginator": StartPosition(name),
            },
        }
        for name in QUICKBOOKS
    ]
    client = {
        "base_url": f"{config['url']}/v3/company/{config['organisation']}/",
        "auth": {"type": "bearer", "token": config["access_token"]},
        "headers": {"Accept": "application/json"},
    }
    return rest_api_source({"client": client, "resources": resources}, max_table_nesting=0)


def main() -> None:
    """Extract, normalise and load."""
    config = json.loads(Path(sys.argv[1]).read_text())
    # Several writers on one SQLite file meet `database is locked` on a busy computer.
    dlt.config["load.workers"] = 1
    folder = Path(config["folder"])
    pipeline = dlt.pipeline(
        pipeline_name=f"bench_{config['platform']}",
        pipelines_dir=str(folder / "pipelines"),
        destination=dlt.destinations.sqlalchemy(f"sqlite:///{folder / 'dlt.db'}"),
        dataset_name="bench",
    )
    source = xero(config) if config["platform"] == "xero" else quickbooks(config)
    print(pipeline.run(source))


if __name__ == "__main__":
    main()
