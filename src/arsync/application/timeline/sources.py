"""THE table of what a timeline tells. What is new in arsync's books adds a row here."""

from __future__ import annotations

from arsync.application.timeline.actions import action_events
from arsync.application.timeline.credit import credit_events_of
from arsync.application.timeline.documents import credit_events, invoice_events, payment_events
from arsync.application.timeline.events import TimelineSource
from arsync.application.timeline.mail import mail_events
from arsync.application.timeline.words import (
    dispute_events,
    hold_events,
    limit_events,
    log_events,
    payment_plan_events,
    placement_events,
    promise_events,
)

SOURCES: tuple[TimelineSource, ...] = (
    TimelineSource("invoices", invoice_events),
    TimelineSource("payments", payment_events),
    TimelineSource("credits", credit_events),
    TimelineSource("what arsync did and planned", action_events),
    TimelineSource("what came back of letters", mail_events),
    TimelineSource("promises to pay", promise_events),
    TimelineSource("disputes", dispute_events),
    TimelineSource("payment plans", payment_plan_events),
    TimelineSource("placements", placement_events),
    TimelineSource("holds and releases by hand", hold_events),
    TimelineSource("credit limits", limit_events),
    TimelineSource("applications for credit, references, decisions", credit_events_of),
    # Last: what a person notes comes after what was done at the same moment.
    TimelineSource("the log", log_events),
)
