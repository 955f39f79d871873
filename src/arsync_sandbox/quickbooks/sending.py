"""Emails that the platform sends by itself."""

from __future__ import annotations

from datetime import date

from arsync_sandbox.platform import Frame, SandboxEmail
from arsync_sandbox.quickbooks import faults
from arsync_sandbox.quickbooks.company import SandboxCompany
from arsync_sandbox.quickbooks.ledger import QuickBooksLedger
from arsync_sandbox.quickbooks.sales import payable_online
from arsync_sandbox.quickbooks.wire import Doc, stamp

ADDRESS_MAX = 100
"""The longest BillEmail, in characters."""


class Sender:
    """Sends invoices and other forms to customers.

    Args:
        frame: for the clock, the mailbox and the switches.
        ledger: the books.
        company: for the subject and text, which no caller can choose.
    """

    def __init__(self, frame: Frame, ledger: QuickBooksLedger, company: SandboxCompany) -> None:
        self._frame = frame
        self._ledger = ledger
        self._company = company
        self._day = date.min
        self._sent_today = 0
        self.received: dict[str, int] = {}
        """Per invoice, how many emails arrived."""

    def send(self, entity: str, id_: str, send_to: str = "") -> Doc:
        """Send a document now.

        Args:
            entity: its kind.
            id_: its id.
            send_to: another address; it replaces the one in the document.

        Raises:
            Refusal: 610 no such document, 2050 address too long, 2020 no address,
                6000 too many emails today.
        """
        doc = self._ledger.get(entity, id_)
        if doc is None:
            raise faults.gone()
        if self._company.read_only:
            raise faults.read_only_company()
        if len(send_to) > ADDRESS_MAX:
            raise faults.too_long("sendTo", ADDRESS_MAX, len(send_to))
        address = send_to or self._address(entity, doc)
        if not address:
            raise faults.missing("BillEmail")
        self._count()
        if entity != "Payment":
            doc["BillEmail"] = {**(doc.get("BillEmail") or {}), "Address": address}
            doc["EmailStatus"] = "EmailSent"
            doc["DeliveryInfo"] = {
                "DeliveryType": "Email",
                "DeliveryTime": stamp(self._ledger.moment()),
            }
        # Recorded: a send moves LastUpdatedTime. Whether it raises the SyncToken is a switch.
        raise_token = bool(self._frame.setting("quickbooks_send_bumps_sync_token"))
        self._ledger.change(entity, doc, "Emailed", raise_token=raise_token)
        self._deliver(entity, doc, address)
        return doc

    def _address(self, entity: str, doc: Doc) -> str:
        source = doc
        name = "BillEmail"
        if entity == "Payment":
            # A payment has no address of its own.
            source = self._ledger.get("Customer", doc["CustomerRef"]["value"]) or {}
            name = "PrimaryEmailAddr"
        return str((source.get(name) or {}).get("Address") or "")

    def send_queued(self, entity: str, doc: Doc) -> Doc:
        """Send what was marked NeedToSend, where the platform does that by itself."""
        if doc.get("EmailStatus") == "NeedToSend" and self._frame.setting(
            "quickbooks_need_to_send_sends"
        ):
            return self.send(entity, doc["Id"])
        return doc

    def _count(self) -> None:
        today = self._company.today()
        if today != self._day:
            self._day, self._sent_today = today, 0
        cap = int(self._frame.setting("quickbooks_emails_per_day"))
        if self._frame.limits_enforced and cap and self._sent_today >= cap:
            raise faults.business(f"No more than {cap} emails can be sent a day")
        self._sent_today += 1

    def _deliver(self, entity: str, doc: Doc, address: str) -> None:
        # An address that cannot be one is not reported: the email just never arrives.
        to = [
            recipient.strip() for recipient in address.split(",") if _looks_valid(recipient.strip())
        ]
        if not to:
            return
        subject, text = self._company.invoice_message()
        if entity != "Invoice":
            subject = f"{entity} from {self._company.info()['CompanyName']}"
        if doc.get("DocNumber"):
            subject = f"{subject} ({doc['DocNumber']})"
        if payable_online(doc):
            text = f"{text}\n\nPay online: {invoice_link(self._frame, doc)}"
        id_ = doc["Id"] if entity == "Invoice" else ""
        self._frame.send_email(
            SandboxEmail(
                self._frame.now(),
                "quickbooks",
                to,
                subject,
                text,
                invoice_id=id_,
                organisation=self._company.realm,
            )
        )
        if id_:
            self.received[id_] = self.received.get(id_, 0) + 1


def invoice_link(frame: Frame, doc: Doc) -> str:
    """The address where a customer can pay an invoice."""
    return f"{frame.url}/v3/pay/{doc['Id']}"


def _looks_valid(address: str) -> bool:
    name, _, domain = address.partition("@")
    return bool(name) and "." in domain.strip(".") and " " not in address
