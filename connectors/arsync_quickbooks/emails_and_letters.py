"""Messages to the customer: the platform's own email, and our letter attached to the invoice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

from arsync.connector_sdk import Receipt, Write
from arsync.core.actions import Action, ReminderPayload, payload_of
from arsync.errors import HealsWhen, OutcomeUnknown, Rejected
from arsync_quickbooks.documents import CustomerDoc, DeliveryInfo, InvoiceDoc
from arsync_quickbooks.records import moment
from arsync_quickbooks.write_client import Target, WriteClient, note_text, request_id

DELIVERY_TIME = "delivery_time"
EMAIL_STATUS = "email_status"
SENT = "EmailSent"
QUEUED = "NeedToSend"
CLOCKS_DIFFER_MAX = timedelta(minutes=2)

FILE_NAME_CHARACTERS_MAX = 100
ADDRESS_CHARACTERS_MAX = 100
"""All addresses of one invoice together."""

_ADDRESS = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+")


class PlatformEmail:
    """QuickBooks emails the invoice, with the company's own words.

    Nothing in the email carries our marker, and whether `requestid` guards a send is not known. A
    send is recognised by the invoice's delivery time, which `prepare` has saved, and by the note
    that is written after it.
    """

    def __init__(self, write_client: WriteClient) -> None:
        self._write_client = write_client

    def prepare(self, action: Action) -> Mapping[str, str]:
        """Remember when the invoice was last sent."""
        invoice = self._write_client.invoice(_target(action).id)
        return {DELIVERY_TIME: _delivered(invoice), EMAIL_STATUS: invoice.email_status or ""}

    def perform(self, write: Write) -> Receipt:
        """Send, unless it was sent since `prepare` or the note says so."""
        target = _target(write.action)
        stands = self._write_client.note_on(write, target)
        if stands:
            return stands
        # Looked at right before sending: an email cannot be taken back.
        invoice = self._write_client.invoice(target.id)
        if sent_since(invoice, write.before):
            return Receipt(target.id, f"{target.shown} was emailed")
        # `sendTo` overwrites the invoice's own address, so one that it has is used and left alone.
        own = ((invoice.bill_email and invoice.bill_email.address) or "").strip()
        to = "" if own else self._address(write)
        _check_address(own or to, target)
        sent = self._write_client.client.send(target.id, to, request_id(write, "send", target.id))
        _check_sent(sent, target)
        self._write_client.changes_made += 1
        return Receipt(target.id, f"{target.shown} emailed to {own or to}")

    def find(self, write: Write) -> Receipt | None:
        """Look whether it was sent."""
        target = _target(write.action)
        stands = self._write_client.note_on(write, target)
        if stands:
            return stands
        invoice = self._write_client.look("Invoice", target.id, InvoiceDoc)
        sent = None if invoice is None else sent_since(invoice, write.before)
        if sent is None:
            raise OutcomeUnknown(f"QuickBooks does not report whether {target.shown} was emailed.")
        return Receipt(target.id, f"{target.shown} was emailed") if sent else None

    def _address(self, write: Write) -> str:
        """Return where to send an invoice that has no address of its own.

        QuickBooks keeps it as the invoice's own.
        """
        to = payload_of(write.action, ReminderPayload).to.strip()
        if not to:
            customer = self._write_client.look("Customer", write.action.contact_id, CustomerDoc)
            email = customer.primary_email_addr if customer else None
            to = ((email and email.address) or "").strip()
        if not to:
            raise Rejected(
                f"{_target(write.action).shown} has no email address in QuickBooks.",
                heals_when=HealsWhen.RECORD,
            )
        return to


class LetterAttachment:
    """Our letter as a file on the first invoice it is about; QuickBooks does not email it.

    A note on the others says what was sent: a customer's letter may be about two hundred.
    """

    def __init__(self, write_client: WriteClient) -> None:
        self._write_client = write_client

    def prepare(self, action: Action) -> Mapping[str, str]:
        """Return nothing: an upload changes nothing that would have to be restored."""
        return {}

    def perform(self, write: Write) -> Receipt:
        """Upload the file, unless the invoice has it."""
        from arsync_quickbooks import sdk

        target = _target(write.action)
        file = self._write_client.note_on(write, target, file=True)
        if file is None:
            built = sdk.note(target.entity, target.id, note_text(write))
            # Cut at the front: the end has the file's type.
            built.FileName = write.file_name[-FILE_NAME_CHARACTERS_MAX:]
            built.ContentType = write.file_type
            uploaded = self._write_client.client.upload(
                sdk.content(built), write.file, request_id(write, "upload", target.id)
            )
            self._write_client.changes_made += 1
            file = Receipt(str(uploaded.get("Id") or ""), f"{built.FileName} on {target.shown}")
        return file

    def find(self, write: Write) -> Receipt | None:
        """Look for the file."""
        return self._write_client.notes_stand(write, [_target(write.action)], file=True)


def targets_on_invoices(action: Action) -> list[Target]:
    """Return the invoices an action names."""
    return [
        Target("Invoice", invoice.id, invoice.number or invoice.id) for invoice in action.invoices
    ]


def sent_since(invoice: InvoiceDoc, before: Mapping[str, str]) -> bool | None:
    """Say whether an invoice was emailed since `prepare`, or else since the first attempt.

    None: it cannot be told.
    """
    delivered = _delivered(invoice)
    if DELIVERY_TIME in before:
        earlier = before[DELIVERY_TIME]
        if not delivered:
            # Without a time only a new status tells; when a queued email leaves, nothing does.
            same = invoice.email_status == before.get(EMAIL_STATUS)
            if invoice.email_status == SENT:
                return None if same else True
            return None if invoice.email_status == QUEUED and not same else False
        return not earlier or moment(delivered) > moment(earlier)
    if not delivered:
        return False if invoice.email_status != QUEUED else None
    started = before.get("started_at", "")
    if not started:
        return None
    return moment(delivered) >= moment(started) - CLOCKS_DIFFER_MAX


def _check_address(addresses: str, target: Target) -> None:
    """Refuse what QuickBooks would silently not send, answering as if it had."""
    if len(addresses) > ADDRESS_CHARACTERS_MAX:
        raise Rejected(
            f"the email address of {target.shown} is longer than {ADDRESS_CHARACTERS_MAX}"
            " characters, and QuickBooks would not take it.",
            heals_when=HealsWhen.RECORD,
        )
    for address in re.split(r"[,;]", addresses):
        if not _ADDRESS.fullmatch(address.strip()):
            raise Rejected(
                f"{address.strip()!r}, the email of {target.shown}, is no address.",
                heals_when=HealsWhen.RECORD,
            )


def _check_sent(invoice: Mapping[str, object], target: Target) -> None:
    # A send is answered with 200 even where the email cannot be delivered: the status decides.
    delivery = invoice.get("DeliveryInfo")
    trouble = delivery.get("DeliveryErrorType") if isinstance(delivery, dict) else None
    if trouble or invoice.get("EmailStatus") != SENT:
        raise Rejected(
            f"QuickBooks did not send {target.shown}: {trouble or 'it does not say why'}.",
            heals_when=HealsWhen.RECORD,
        )


def _delivered(invoice: InvoiceDoc) -> str:
    delivery: DeliveryInfo | None = invoice.delivery_info
    return (delivery and delivery.delivery_time) or ""


def _target(action: Action) -> Target:
    if not action.invoices:
        raise Rejected("no invoice is named.")
    return targets_on_invoices(action)[0]
