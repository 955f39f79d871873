"""The Xero half of the sandbox: one organisation's ledger behind Xero's own paths."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from flask import Blueprint

from arsync_sandbox.platform import (
    ContactRow,
    Frame,
    InvoiceRow,
    PaymentRow,
    SandboxOrganisation,
    SandboxSetting,
    Unpaid,
)
from arsync_sandbox.signing import key_set

from . import load
from .api import XeroApi, XeroGate
from .auth import XeroAuth
from .ledger import XeroLedger
from .load_documents import load_documents
from .organisation import add_organisation
from .people import XeroPeople
from .reads import add_reads
from .settings import SETTINGS
from .state import ledger_state
from .webhooks import URL_SETTING, XeroWebhooks
from .wire import guid, mapped_guid
from .writes import add_writes

TENANT_ID = "8e3f6c1a-5b7d-4f0e-9a2b-6d1c4e8f7a90"
"""The tenant where the organisation has no id of its own."""


class XeroBook(XeroPeople):
    """One Xero organisation."""

    name = "xero"
    settings: ClassVar[tuple[SandboxSetting, ...]] = SETTINGS

    def __init__(
        self, frame: Frame, organisation: SandboxOrganisation, first: XeroBook | None = None
    ) -> None:
        tenant_id = guid(organisation.id) or (
            mapped_guid("organisation", organisation.name) if first else TENANT_ID
        )
        self.organisation = replace(organisation, id=tenant_id)
        self.frame = frame
        self.ledger = XeroLedger(frame, self.organisation)
        self.auth = first.auth if first else XeroAuth(frame)
        self.auth.tenants.append(self.organisation)
        self.webhooks = XeroWebhooks(self.ledger, self.organisation.id)
        gate = first.api.gate if first else XeroGate()
        self.api: XeroApi = XeroApi(self.ledger, self.auth, self.webhooks, gate)

    def beside(self, organisation: SandboxOrganisation) -> XeroBook:
        """Another organisation behind the same login, app limits and idempotency keys."""
        return XeroBook(self.frame, organisation, self)

    def asked_for(self, environ: Mapping[str, Any]) -> str:
        """The tenant of the header; a custom connection's call need not have one."""
        return guid(environ.get("HTTP_XERO_TENANT_ID", ""))

    def blueprint(self) -> Blueprint:
        """The routes of Xero's API, login and identity hosts."""
        blueprint = Blueprint("xero", __name__)
        api = self.api
        api.guard(blueprint)
        add_reads(blueprint, api)
        add_writes(blueprint, api)
        add_organisation(blueprint, api)
        auth, route = self.auth, blueprint.add_url_rule
        route("/identity/connect/authorize", "authorise", auth.authorise, methods=["GET", "POST"])
        route("/connect/token", "token", auth.token, methods=["POST"])
        route("/connect/revocation", "revocation", auth.revoke, methods=["POST"])
        well_known = "/.well-known/openid-configuration"
        route(well_known, "discovery", auth.discovery, methods=["GET"])
        route(f"{well_known}/jwks", "jwks", key_set, methods=["GET"])
        route("/connect/userinfo", "userinfo", auth.user_info, methods=["GET", "POST"])
        route("/connections", "connections", auth.list_connections, methods=["GET"])
        route(
            "/connections/<connection_id>",
            "delete_connection",
            auth.delete_connection,
            methods=["DELETE"],
        )
        return blueprint

    def setting_changed(self, name: str) -> None:
        """A new webhook address is probed; everything else is read when it is needed."""
        if name == URL_SETTING:
            self.webhooks.probe()
        for table in (self.ledger.contacts, self.ledger.invoices, self.ledger.payments):
            table.touch()

    def load_contacts(self, rows: Iterable[ContactRow]) -> None:
        """Take contacts; ids that are no GUIDs are mapped and remembered."""
        load.load_contacts(self.ledger, rows)
        self.webhooks.flush()

    def load_invoices(self, rows: Iterable[InvoiceRow]) -> None:
        """Take sales invoices, in the same way."""
        load.load_invoices(self.ledger, rows)
        self.webhooks.flush()

    def load_payments(self, rows: Iterable[PaymentRow]) -> None:
        """Take payments, in the same way."""
        load.load_payments(self.ledger, rows)
        self.webhooks.flush()

    def load_documents(self, documents: dict[str, list[dict[str, Any]]]) -> None:
        """Take documents in Xero's own JSON as they are."""
        load_documents(self.ledger, documents)
        self.ledger.events.clear()

    def unpaid(self) -> list[Unpaid]:
        """The open sales invoices."""
        ledger = self.ledger
        return [
            Unpaid(
                invoice.id,
                invoice.contact.id,
                invoice.number,
                invoice.issued_on,
                invoice.due_on,
                invoice.currency,
                invoice.total,
                invoice.due,
                ledger.emails.get(invoice.id, 0),
            )
            for invoice in ledger.invoices.rows.values()
            if invoice.type == "ACCREC"
            and invoice.status == "AUTHORISED"
            and invoice.due > 0
            and invoice.issued_on
            and invoice.due_on
        ]

    def state(self) -> dict[str, Any]:
        """The ledger for `GET /_sandbox/state`."""
        return ledger_state(self.ledger)
