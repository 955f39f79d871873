"""The tables.

Money is a 64-bit whole number of ten-thousandths in both databases (`Amount`): exact, summed by
the database, with room for `AMOUNT_MAX`, 10^14. Exchange rates are decimal text. Moments are in
UTC, days are the organisation's.

The copy of a platform's documents (`contacts`, `invoices`, `payments`, `credits`) has no foreign
keys: documents arrive in any order, and checking each row would halve the speed. Connections are
never deleted, only marked removed, so nothing can dangle.

Allocations live inside their payment or credit, as JSON: they are read with it, they change only
with it, and so they can never disagree with it.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
    literal_column,
)
from sqlalchemy.sql.schema import SchemaItem

from arsync.store.db.column_types import (
    Allocations,
    Amount,
    Id,
    Moment,
    Phones,
    Rate,
    TextMap,
    Texts,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="")


def _id(name: str) -> Column[str]:
    return Column(name, Id, nullable=False, server_default="")


def _ledger_table(name: str, *columns: SchemaItem) -> Table:
    """Return a table of records: the record's fields in their order, then arsync's own columns."""
    return Table(
        name,
        metadata,
        Column("connection_id", Integer, primary_key=True, autoincrement=False),
        Column("id", Id, primary_key=True),
        *columns,
        _text("version"),
        Column("updated_at", Moment),
        # Of the whole record, to leave unchanged rows alone. 0 after the platform deleted it, so
        # that it is written again should it come back.
        Column("row_hash", BigInteger, nullable=False),
        # The last full read that showed it.
        _text("sweep"),
    )


grants = Table(
    "grants",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("platform", Text, nullable=False),
    # The token, encrypted: see `store.admin.tokens`.
    Column("secret", Text, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("saved_at", Moment, nullable=False),
    # Set before a renewal is requested, and emptied with its answer: a renewal whose answer was
    # lost has to be made again while the platform still accepts the old token.
    Column("renewal_at", Moment),
)

connections = Table(
    "connections",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("platform", Text, nullable=False),
    Column("organisation_id", Text, nullable=False),
    _text("organisation_name"),
    _text("base_currency"),
    _text("country"),
    _text("time_zone"),
    _text("short_code"),
    Column("is_demo", Boolean, nullable=False),
    Column("locked_until", Date),
    # NULL: neither the platform nor a person has said whether its own reminders are on.
    Column("own_reminders", Boolean),
    _text("legal_name"),
    Column("address", Texts, nullable=False, server_default=""),
    *(_text(name) for name in ("phone", "email", "tax_number", "registration_number")),
    Column("mode", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("grant_id", Integer, ForeignKey("grants.id")),
    # When the owner was notified that its authorisation has ended. Of the organisation and not of
    # the grant: a platform withdraws one organisation, and the others of the grant go on.
    Column("told_at", Moment),
    Column("settings", TextMap, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("taken_over_on", Date),
    # A removed connection stays as a row: its actions and their keys are still its own, and keep
    # things from being done twice when the organisation is connected again.
    Column("removed_at", Moment),
    # When its rows came back from a backup, and up to when that backup knows of it: what left in
    # between is missing here, so a first attempt is looked up before it is made.
    Column("restored_at", Moment),
    Column("backed_up_at", Moment),
    # No scheduled run touches it until a person resumes it.
    Column("paused_at", Moment),
    _text("paused_by"),
    _text("paused_why"),
    # It is read and planned for, and nothing leaves, until an owner starts it again.
    Column("stopped_at", Moment),
    _text("stopped_by"),
    _text("stopped_why"),
    UniqueConstraint("platform", "organisation_id"),
)

cursors = Table(
    "cursors",
    metadata,
    Column("connection_id", Integer, ForeignKey("connections.id"), primary_key=True),
    Column("cursor", Text, nullable=False),
    Column("saved_at", Moment, nullable=False),
    # When a pull last reached its end: a cursor in between says nothing of the copy's age.
    Column("completed_at", Moment),
)

sweeps = Table(
    "sweeps",
    metadata,
    Column("connection_id", Integer, ForeignKey("connections.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("of_balances", Boolean, nullable=False),
    # An ended sweep stays until its differences are read again, by the next run if this one dies.
    Column("ended", Boolean, nullable=False),
)

open_balances = Table(
    "open_balances",
    metadata,
    Column("connection_id", Integer, primary_key=True, autoincrement=False),
    Column("sweep", Text, primary_key=True),
    Column("invoice_id", Id, primary_key=True),
    Column("amount_due", Amount, nullable=False),
    Column("due_on", Date),
)

contacts = _ledger_table(
    "contacts",
    _text("name"),
    Column("status", Text, nullable=False),
    _text("email"),
    Column("more_emails", Texts, nullable=False),
    _text("first_name"),
    Column("people", Texts, nullable=False, server_default=""),
    Column("phones", Phones, nullable=False, server_default=""),
    Column("address", Texts, nullable=False, server_default=""),
    _text("customer_number"),
    _text("currency"),
    _text("country"),
    Column("groups", Texts, nullable=False),
    _id("parent_id"),
    Column("bill_to_parent", Boolean, nullable=False),
    _id("merged_into"),
    Column("created_on", Date),
    _text("terms"),
    _text("note"),
)

# Few contacts have a parent or were merged: a family is found without reading all contacts.
for _above in (contacts.c.parent_id, contacts.c.merged_into):
    Index(
        None,
        contacts.c.connection_id,
        _above,
        sqlite_where=_above != literal_column("''"),
        postgresql_where=_above != literal_column("''"),
    )

invoices = _ledger_table(
    "invoices",
    Column("contact_id", Id, nullable=False),
    _text("number"),
    Column("status", Text, nullable=False),
    Column("issued_on", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("currency", Text, nullable=False),
    Column("rate", Rate),
    Column("total", Amount, nullable=False),
    Column("amount_due", Amount, nullable=False),
    _text("reference"),
    _text("purchase_order"),
    Column("sent", Boolean),
    Column("paid_on", Date),
    Column("expected_on", Date),
    _text("email"),
    _text("link"),
    _text("note"),
    Column("disputed_on", Date),
)
# Few invoices are disputed; each pull reads them again, and finds them without reading all.
Index(
    "ix_invoices_disputed",
    invoices.c.connection_id,
    sqlite_where=invoices.c.disputed_on.is_not(None),
    postgresql_where=invoices.c.disputed_on.is_not(None),
)
# Counts the times an invoice came to be owed: 1 at first, one more when a payment is reversed. It
# is part of the keys of reminders, so that a debt that comes back is reminded of from the start.
invoices.append_column(Column("episode", Integer, nullable=False))
# The organisation's day; null for what was there when the ledger was first read.
invoices.append_column(Column("seen_on", Date))

# What was sold and settled on each day is added up from this alone, without the documents.
Index(
    "ix_invoices_measured",
    *(
        invoices.c[_name]
        for _name in (
            "connection_id",
            "issued_on",
            "currency",
            "rate",
            "status",
            "total",
            "amount_due",
            "paid_on",
            "updated_at",
        )
    ),
)

# A search finds them by how the name or the number begins. The connection comes second: with it
# first, SQLite would take such an index for looking up a few customers by their ids, until it has
# counted what is in it. PostgreSQL sorts texts as people do,
# and then finds no beginnings; its pattern order does.
for _called in (contacts.c.name, invoices.c.number):
    Index(
        None,
        _called,
        _called.table.c.connection_id,
        postgresql_ops={_called.name: "text_pattern_ops"},
    )

payments = _ledger_table(
    "payments",
    Column("contact_id", Id, nullable=False),
    Column("status", Text, nullable=False),
    Column("paid_on", Date, nullable=False),
    Column("currency", Text, nullable=False),
    Column("rate", Rate),
    Column("amount", Amount, nullable=False),
    Column("unallocated", Amount, nullable=False),
    Column("allocations", Allocations, nullable=False),
    _text("reference"),
    Column("reconciled", Boolean),
)

credits_ = _ledger_table(
    "credits",
    Column("contact_id", Id, nullable=False),
    Column("kind", Text, nullable=False),
    _text("number"),
    Column("status", Text, nullable=False),
    Column("issued_on", Date, nullable=False),
    Column("currency", Text, nullable=False),
    Column("rate", Rate),
    Column("total", Amount, nullable=False),
    Column("unallocated", Amount, nullable=False),
    Column("allocations", Allocations, nullable=False),
)

for _table in (invoices, payments, credits_):
    Index(None, _table.c.connection_id, _table.c.contact_id)


INVOICE_IS_OPEN = invoices.c.status == literal_column("'open'")
CREDIT_IS_OPEN = credits_.c.unallocated != literal_column("0")
PAYMENT_IS_OPEN = payments.c.unallocated != literal_column("0")
"""What the indexes below hold. A query uses these very expressions: given a parameter instead of
the literal, SQLite cannot know that the index has all the rows."""

# Sums by contact are read from these alone, without the documents. They hold only what is open, a
# small part of a ledger of years. With the index by contact, SQLite reads all documents, in an
# order that is slow on the disk. The status of an invoice is included, though always the same,
# because SQLite would otherwise fetch the document to check it.
for _table, _columns, _is_open in (
    (invoices, ("status", "issued_on", "due_on", "amount_due", "rate"), INVOICE_IS_OPEN),
    (credits_, ("status", "unallocated", "rate"), CREDIT_IS_OPEN),
    (payments, ("status", "unallocated", "rate"), PAYMENT_IS_OPEN),
):
    Index(
        f"ix_{_table.name}_open",
        *(_table.c[_name] for _name in ("connection_id", "contact_id", "currency", *_columns)),
        sqlite_where=_is_open,
        postgresql_where=_is_open,
    )

problems = Table(
    "problems",
    metadata,
    Column("connection_id", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),
    Column("id", Id, primary_key=True),
    _text("number"),
    Column("message", Text, nullable=False),
    Column("seen_at", Moment, nullable=False),
    # Whose it is, as far as that can be read: money in it stops messages to these contacts.
    _id("contact_id"),
    Column("invoice_ids", Texts, nullable=False, server_default=""),
    # What totals lack, as far as that can be read.
    Column("amount", Amount),
    _text("currency"),
)

moved_invoices = Table(
    "moved_invoices",
    metadata,
    Column("connection_id", Integer, ForeignKey("connections.id"), primary_key=True),
    Column("invoice_id", Id, primary_key=True),
    Column("from_contact", Id, primary_key=True),
)
"""Invoices that once belonged to another contact, where what was done about them is recorded."""

differences = Table(
    "differences",
    metadata,
    Column("connection_id", Integer, ForeignKey("connections.id"), primary_key=True),
    Column("contact_id", Id, primary_key=True),
    Column("theirs", Amount, nullable=False),
    Column("ours", Amount, nullable=False),
    Column("currency", Text, nullable=False),
    Column("rate", Rate),
    Column("seen_at", Moment, nullable=False),
)
"""Contacts whose balance at the platform and in the copy differed when last compared."""

own_balances = Table(
    "own_balances",
    metadata,
    Column("connection_id", Integer, ForeignKey("connections.id"), primary_key=True),
    Column("contact_id", Id, primary_key=True),
    Column("amount", Amount, nullable=False),
    # Not documented everywhere: null where the meaning of the figure is not known.
    Column("less_credits", Boolean),
    Column("in_base", Boolean),
    Column("seen_at", Moment, nullable=False),
)
"""What each contact owes by the platform's own figure, when that was last read."""

actions = Table(
    "actions",
    metadata,
    Column("key", Id, primary_key=True),
    Column("connection_id", Integer, ForeignKey("connections.id"), nullable=False),
    Column("state", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("contact_id", Id, nullable=False),
    Column("episode", Integer, nullable=False),
    # The action itself, as JSON; the columns above repeat what queries select by.
    Column("action", Text, nullable=False),
    Column("not_before", Moment),
    # Its place in the plan, which is the order of sending; what people ask for comes first.
    Column("position", Integer, nullable=False),
    Column("run_id", Integer),
    _text("rulebook_hash"),
    Column("before", TextMap),
    Column("generation", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("first_sent_at", Moment),
    # The organisation's day of the latest attempt: limits and gaps count its days, not UTC's.
    Column("sent_on", Date),
    Column("lease_until", Moment),
    Column("receipt_reference", Text),
    _text("receipt_detail"),
    _text("reason"),
    Column("by_person", Boolean, nullable=False),
    # Of tasks: when it ended, the organisation's day of that, and in what words.
    Column("done_at", Moment),
    Column("done_on", Date),
    _text("outcome"),
    # A code of `core.collections.call_outcomes`, or that it closed itself; empty: words alone.
    _text("outcome_code"),
    # Whom a person gave it to; empty: whom the rulebook names.
    _text("owner"),
    Column("due_on", Date),
    # Not to be shown as waiting before this day.
    Column("next_on", Date),
    # How often nobody was reached in a row.
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    # When the owner was notified that its outcome is open; emptied with each change of state.
    Column("told_at", Moment),
    # What heals the refusal that its state comes from (`HealsWhen`), and how the customer's records
    # stood then; emptied with each change of state.
    _text("heals_when"),
    _text("heals_mark"),
    # In the order in which actions are done, so that a claim reads one row of those that wait.
    Index(None, "connection_id", "state", "position", "created_at", "key"),
    # Each claim first counts how many of a kind were started today.
    Index(None, "connection_id", "kind", "sent_on"),
    Index(None, "connection_id", "contact_id"),
)

ACTION_WAITS = actions.c.state == literal_column("'awaiting approval'")
"""What the index below holds: as with `INVOICE_IS_OPEN`, a query uses this very expression."""

# When limits change, thousands wait at once: they are counted and put in order from this alone. It
# holds nothing of the years of what is done.
Index(
    "ix_actions_waiting",
    *(
        actions.c[_name]
        for _name in ("connection_id", "kind", "created_at", "contact_id", "episode", "key")
    ),
    sqlite_where=ACTION_WAITS,
    postgresql_where=ACTION_WAITS,
)

action_events = Table(
    "action_events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Id, ForeignKey("actions.key"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("who", Text, nullable=False),
    Column("from_state", Text),
    Column("to_state", Text, nullable=False),
    _text("why"),
)

message_addresses = Table(
    "message_addresses",
    metadata,
    Column("connection_id", Integer, primary_key=True, autoincrement=False),
    # As it is compared: small letters, digits.
    Column("address", Id, primary_key=True),
    Column("key", Id, ForeignKey("actions.key"), primary_key=True, index=True),
)
"""To which addresses messages went, by the attempts that began."""

personal_lines = Table(
    "personal_lines",
    metadata,
    # Beside the action, which each plan writes anew.
    Column("action_key", Id, ForeignKey("actions.key"), primary_key=True),
    Column("line", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("added_at", Moment, nullable=False),
)

notices = Table(
    "notices",
    metadata,
    Column("connection_id", Integer, ForeignKey("connections.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    # None: the numbers up to this one were passed over, for a backup that did not know of them.
    Column("key", Id, ForeignKey("actions.key"), unique=True),
    _text("text"),
    _id("contact_id"),
    # The organisation's day.
    Column("given_on", Date, nullable=False),
)
"""The running numbers of notices, without a gap in each connection."""

promises = Table(
    "promises",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("connection_id", Integer, ForeignKey("connections.id"), nullable=False),
    # Who promised all that it owes; empty where invoices were named.
    _id("contact_id"),
    Column("promised_on", Date, nullable=False),
    Column("amount", Amount),
    Column("made_on", Date, nullable=False),
    Column("also", Boolean, nullable=False, server_default=false()),
    # As the last plan judged it; null while it is open.
    Column("kept", Boolean),
    # By a newer promise, or withdrawn.
    Column("replaced", Boolean, nullable=False),
    Column("replaced_by", Integer),
    Column("recorded_by", Text, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    _text("note"),
    Index(None, "connection_id"),
)

promised_invoices = Table(
    "promised_invoices",
    metadata,
    Column("promise_id", Integer, ForeignKey("promises.id"), primary_key=True),
    Column("invoice_id", Id, primary_key=True),
    Column("connection_id", Integer, ForeignKey("connections.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Index(None, "connection_id", "invoice_id"),
)
"""The invoices of each promise, the oldest due date first."""

disputes = Table(
    "disputes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("connection_id", Integer, ForeignKey("connections.id"), nullable=False),
    Column("invoice_id", Id, nullable=False),
    Column("opened_on", Date, nullable=False),
    Column("reason", Text, nullable=False),
    Column("settled_on", Date),
    Column("recorded_by", Text, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    _text("settled_by"),
    # None: all of the invoice.
    Column("amount", Amount),
    # Of UN/EDIFACT 4465; empty: nobody said.
    _text("code"),
    _text("owner"),
    _text("needs"),
    # Credited without a day of settlement: the credit is still to show in the books.
    _text("outcome"),
    _text("outcome_note"),
    Column("credit_agreed_on", Date),
    # What was due, and the total, when it was opened: what was credited since is seen by them.
    Column("due_then", Amount),
    Column("total_then", Amount),
    # How often it was changed: each change has a note of its own.
    Column("changes", Integer, nullable=False, server_default="0"),
    Index(None, "connection_id", "invoice_id"),
)

placements = Table(
    "placements",
    metadata,
    Column("connection_id", Integer, ForeignKey("connections.id"), primary_key=True),
    # Of the action that placed the debts.
    Column("key", Id, primary_key=True),
    Column("contact_id", Id, nullable=False),
    Column("agency", Text, nullable=False),
    Column("placed_on", Date, nullable=False),
    Column("cost", Amount),
    _text("currency"),
    Column("ended_on", Date),
    _text("ended_as"),
    _text("ended_why"),
    _text("ended_by"),
    Column("ended_at", Moment),
    Column("recorded_by", Text, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Index(None, "connection_id", "contact_id"),
)
"""Placements that a person made or said something about; others are known from their action."""

placed_debts = Table(
    "placed_debts",
    metadata,
    Column("connection_id", Integer, ForeignKey("connections.id"), primary_key=True),
    Column("key", Id, primary_key=True),
    Column("invoice_id", Id, primary_key=True),
    Column("amount", Amount, nullable=False),
    Column("currency", Text, nullable=False),
    Index(None, "connection_id", "invoice_id"),
)
"""The invoices of each of these placements."""
payment_plans = Table(
    "payment_plans",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("connection_id", Integer, ForeignKey("connections.id"), nullable=False),
    Column("contact_id", Id, nullable=False),
    # The ids of the invoices that it pays off, in its order.
    Column("invoice_ids", Texts, nullable=False),
    Column("currency", Text, nullable=False),
    Column("made_on", Date, nullable=False),
    Column("of_balance", Boolean, nullable=False),
    Column("received_before", Amount, nullable=False),
    Column("is_confirmed", Boolean, nullable=False),
    Column("cancelled_on", Date),
    Column("recorded_by", Text, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    _text("cancelled_by"),
    _text("note"),
    Index(None, "connection_id", "contact_id"),
)

instalments = Table(
    "instalments",
    metadata,
    Column("plan_id", Integer, ForeignKey("payment_plans.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("due_on", Date, nullable=False),
    Column("amount", Amount, nullable=False),
)

customer_entries = Table(
    "customer_entries",
    metadata,
    Column("connection_id", Integer, ForeignKey("connections.id"), primary_key=True),
    # The entry's name, folded.
    Column("entry", Text, primary_key=True),
    Column("contact_id", Id, nullable=False),
    # The contact that the entry names as the parent; empty where it names none.
    _id("parent_id"),
    Column("matched_on", Date, nullable=False),
    Index(None, "connection_id", "contact_id"),
)
"""Whom each entry of the rulebook's `customers` is about, since its name first fitted a contact."""

# Few entries name a parent; they are found without reading all entries.
Index(
    "ix_customer_entries_parent",
    customer_entries.c.connection_id,
    customer_entries.c.parent_id,
    sqlite_where=customer_entries.c.parent_id != literal_column("''"),
    postgresql_where=customer_entries.c.parent_id != literal_column("''"),
)

pinned_entries = Table(
    "pinned_entries",
    metadata,
    Column("connection_id", Integer, ForeignKey("connections.id"), primary_key=True),
    Column("contact_id", Id, primary_key=True),
    # Of the entry: entries have no number of their own, they are told from many tables.
    Column("mark", Text, primary_key=True),
    Column("pinned_by", Text, nullable=False),
    Column("pinned_at", Moment, nullable=False),
)

hold_decisions = Table(
    "hold_decisions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("connection_id", Integer, ForeignKey("connections.id"), nullable=False),
    # The debtor: a family's parent.
    Column("contact_id", Id, nullable=False),
    Column("is_hold", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("made_on", Date, nullable=False),
    Column("until", Date),
    Column("decided_by", Text, nullable=False),
    Column("decided_at", Moment, nullable=False),
    _text("ended_by"),
    _text("ended_why"),
    Column("ended_at", Moment),
    Index(None, "connection_id", "contact_id"),
)
"""Holds and releases by hand; a debtor has one that is not ended at most."""

customer_pauses = Table(
    "customer_pauses",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("connection_id", Integer, ForeignKey("connections.id"), nullable=False),
    Column("contact_id", Id, nullable=False),
    Column("until", Date, nullable=False),
    Column("reason", Text, nullable=False),
    Column("made_on", Date, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_at", Moment, nullable=False),
    _text("ended_by"),
    Column("ended_at", Moment),
    Index(None, "connection_id", "contact_id"),
)
"""Customers that a person leaves alone until a day."""

undeliverable_addresses = Table(
    "undeliverable_addresses",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("connection_id", Integer, ForeignKey("connections.id"), nullable=False),
    Column("contact_id", Id, nullable=False),
    Column("address", Text, nullable=False),
    Column("since", Date, nullable=False),
    Column("reason", Text, nullable=False),
    # Of the letter that came back or was refused.
    _id("action_key"),
    Column("recorded_at", Moment, nullable=False),
    _text("cleared_by"),
    Column("cleared_at", Moment),
    Index(None, "connection_id", "contact_id"),
)
"""Mail addresses that took no mail; each stands until its books change or a person clears it."""

mailbox_positions = Table(
    "mailbox_positions",
    metadata,
    # A hash of server, user and folder. Several connections may have one.
    Column("mailbox", Text, primary_key=True),
    # As the server numbers its messages (RFC 3501): the last one that was read.
    Column("uid_validity", BigInteger, nullable=False),
    Column("last_uid", BigInteger, nullable=False),
    Column("read_at", Moment, nullable=False),
    _text("failure"),
)
"""How far each mailbox was read, and why it could not be."""

contact_log = Table(
    "contact_log",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("connection_id", Integer, ForeignKey("connections.id"), nullable=False),
    Column("contact_id", Id, nullable=False),
    # Empty when it is about the customer.
    _id("invoice_id"),
    Column("kind", Text, nullable=False),
    Column("happened_on", Date, nullable=False),
    Column("text", Text, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    _text("taken_back_by"),
    _text("taken_back_why"),
    Column("taken_back_at", Moment),
    Index(None, "connection_id", "contact_id"),
)
"""Calls, visits, complaints, contracts and whatever else people noted about a customer."""

held_conditions = Table(
    "held_conditions",
    metadata,
    Column("connection_id", Integer, ForeignKey("connections.id"), primary_key=True),
    # Its identity; see `core.rulebook.conditions.identity_of`.
    Column("condition", Id, primary_key=True),
    # A contact's or an invoice's id, or `family` and the parent's; empty: since when the condition
    # is looked at at all.
    Column("subject", Id, primary_key=True),
    Column("since", Date, nullable=False),
    Column("unsure_since", Date),
)
"""Since when conditions of the rulebook have held, for those of which that matters."""

alert_tellings = Table(
    "alert_tellings",
    metadata,
    Column("action_key", Text, primary_key=True),
    Column("way", Text, primary_key=True),
    # A mail address; of a webhook empty.
    Column("address", Text, primary_key=True),
    Column("connection_id", Integer, ForeignKey("connections.id"), nullable=False),
    Column("state", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("tried_at", Moment),
    Column("next_at", Moment),
    _text("failure"),
    Index(None, "connection_id", "state"),
)
"""Who was told of alerts, besides their tasks: see `store.actions.alert_tellings`."""

limit_history = Table(
    "limit_history",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("connection_id", Integer, ForeignKey("connections.id"), nullable=False),
    Column("contact_id", Id, nullable=False),
    Column("since", Date, nullable=False),
    Column("amount", Amount),
    Column("is_unlimited", Boolean, nullable=False),
    Column("until", Date),
    _text("rule"),
    _text("file"),
    Column("line", Integer, nullable=False),
    _text("rulebook_hash"),
    Column("recorded_by", Text, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Index(None, "connection_id", "contact_id", "id"),
)
"""Each debtor's credit limit, one row for each time it changed."""

last_plans = Table(
    "last_plans",
    metadata,
    Column(
        "connection_id",
        Integer,
        ForeignKey("connections.id"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("as_of", Date, nullable=False),
    Column("rulebook_hash", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
"""The plan of each connection's last run, in short: see `store.actions.last_plans`."""

daily_mails = Table(
    "daily_mails",
    metadata,
    Column("day", Date, primary_key=True),
    # Empty in what was written before each address had its own mail.
    Column("address", Text, primary_key=True),
    Column("tried_at", Moment, nullable=False),
    # Set right before the mail server is called: from then on it may have left.
    Column("leaving_at", Moment),
    Column("told_at", Moment),
    _text("failure"),
)
"""The owners' daily mails: see `store.admin.daily_mails`."""

paces = Table(
    "paces",
    metadata,
    Column("name", Text, primary_key=True),
    Column("tally", Text, nullable=False),
)
"""The calls of one organisation, or one application: see `store.admin.rate_counters`."""

outages = Table(
    "outages",
    metadata,
    Column(
        "connection_id",
        Integer,
        ForeignKey("connections.id"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("failures", Integer, nullable=False),
    Column("failed_at", Moment, nullable=False),
    Column("retry_at", Moment),
    _text("why"),
)
"""Which platforms could not be reached: see `store.admin.outages`."""

schedules = Table(
    "schedules",
    metadata,
    Column(
        "connection_id",
        Integer,
        ForeignKey("connections.id"),
        primary_key=True,
        autoincrement=False,
    ),
    # None until a process that runs again and again has given it a pace.
    Column("every_seconds", Integer),
    Column("next_at", Moment, nullable=False),
    # The earliest wish since the last run began. A run takes it as it begins; why it was wanted
    # stays until the run has ended, so that the wish is known still if the run dies.
    Column("wanted_at", Moment, index=True),
    _text("wanted_why"),
    # Set while a run goes on, and left behind by one that died.
    Column("started_at", Moment),
    # Until then the platform is left alone, whoever wants a run.
    Column("not_before", Moment),
    Index("ix_schedules_started_at_next_at", "started_at", "next_at"),
)
"""When each connection is due: see `store.admin.schedules`."""

connection_labels = Table(
    "connection_labels",
    metadata,
    Column(
        "connection_id",
        Integer,
        ForeignKey("connections.id"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("label", Text, primary_key=True),
)
"""The labels by which a practice groups its connections."""

rulebook_versions = Table(
    "rulebook_versions",
    metadata,
    Column("hash", Text, primary_key=True),
    # Of the letters of one's own that go with it: they change while the rulebook does not.
    Column("letters_hash", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    _text("recorded_by"),
    _text("source"),
    # When a customer's name was taken out; then the text is no longer that of the hash.
    Column("redacted_at", Moment),
)
"""The text of each rulebook by which something was planned: see `store.admin.rulebook_versions`."""

pushed_rules = Table(
    "pushed_rules",
    metadata,
    Column("id", Integer, primary_key=True),
    # Of everything in it; the same folder pushed again is no new push.
    _text("hash"),
    Column("content", LargeBinary, nullable=False),
    Column("pushed_at", Moment, nullable=False),
    _text("pushed_by"),
    _text("source"),
)
"""Rules folders that were pushed; the last one counts: see `store.admin.rulebook_versions`."""

webhook_events = Table(
    "webhook_events",
    metadata,
    Column("event", Text, primary_key=True),
    Column("forget_at", Moment, nullable=False, index=True),
    # A hash is the whole row: it stands in the index of the key, not a second time beside it.
    sqlite_with_rowid=False,
)
"""Events that have come, by a hash of each, kept for as long as a platform repeats them."""

webhook_counts = Table(
    "webhook_counts",
    metadata,
    Column("platform", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("outcome", Text, primary_key=True),
    Column("deliveries", BigInteger, nullable=False),
    Column("last_at", Moment, nullable=False),
)
"""How many deliveries came on each day (UTC), by what became of them, and when the last one did."""

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("connection_id", Integer, ForeignKey("connections.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("outcome", Text, nullable=False),
    Column("counts", Text, nullable=False),
    _text("message"),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    # It met nothing new and did nothing: nobody misses its row after some weeks.
    Column("quiet", Boolean, nullable=False, server_default=false()),
    # By day for messages that are old enough to be emptied, by number for the latest run.
    Index(None, "connection_id", "started_at"),
    Index(None, "connection_id", "id"),
)
Index(
    "ix_runs_quiet",
    runs.c.finished_at,
    sqlite_where=runs.c.quiet,
    postgresql_where=runs.c.quiet,
)
