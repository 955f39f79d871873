"""A letter about the account that a person has sent to a customer."""

from __future__ import annotations

from werkzeug.wrappers import Response

from arsync.application.customers.name_search import CustomerId
from arsync.application.decisions.personal_lines import PERSONAL_LINE_CHARACTERS_MAX
from arsync.application.desk.customer_forms import FormSubject
from arsync.application.letters.sending import LetterToSend, letters_to_send, send_letter
from arsync.application.permissions import Permission
from arsync.core.actions import Via
from arsync.core.rulebook.model import STATEMENT_OF_ACCOUNT
from arsync.errors import UserMistake
from arsync.translation import gettext
from arsync.web.desk.fields import refusal, text_of
from arsync.web.desk.pages.customer_forms import BASE, back_to, form_page, subject_of
from arsync.web.desk.routing import Routes
from arsync.web.desk.visit import Visit

routes = Routes()


@routes.page(f"{BASE}/letter", Permission.PREPARE)
def ask_letter(visit: Visit, customer: str) -> Response:
    """Ask which letter, about what."""
    return _letter_page(visit, customer)


@routes.act(f"{BASE}/letter", Permission.PREPARE, audited="sent a letter")
def record_letter(visit: Visit, customer: str) -> Response:
    """Have the letter sent by the next run."""
    subject = subject_of(visit, customer)
    name = text_of(visit, "letter", gettext("Which letter?"))
    invoice, line, via, plan = (
        text_of(visit, field) for field in ("number", "line", "via", "plan")
    )
    if not visit.field_errors:
        letter = LetterToSend(
            name,
            CustomerId(subject.contact.id),
            invoice,
            via=via if via in {Via.SMTP, Via.POST} else "",
            line=line,
            plan_id=int(plan) if plan.isdecimal() else None,
        )
        try:
            sent = send_letter(visit.actor, visit.container, letter, visit.organisation.name)
        except UserMistake as mistake:
            visit.field_errors["letter"] = refusal(mistake)
        else:
            return back_to(visit, subject, sent.message)
    return _letter_page(visit, customer, 422)


def _letter_page(visit: Visit, customer: str, status: int = 200) -> Response:
    ways = visit.organisation.sends.ways
    names = letters_to_send(visit.organisation) if not visit.organisation.misfits else ()
    subject = subject_of(visit, customer)
    return form_page(
        visit,
        "form_letter.html",
        subject,
        status,
        plans=_plans(subject),
        # The statement has a page of its own, where it is seen before it leaves.
        letters=[(name, name) for name in names if name != STATEMENT_OF_ACCOUNT],
        ways=[
            ("", gettext("as the rulebook sends it")),
            *(
                (way.value, words)
                for way, words in ((Via.SMTP, gettext("by email")), (Via.POST, gettext("by post")))
                if ways is None or way in ways
            ),
        ],
        line_characters_max=PERSONAL_LINE_CHARACTERS_MAX,
    )


def _plans(subject: FormSubject) -> list[tuple[str, str]]:
    """Return the payment plans that stand with the customer, where there are several."""
    standing = [
        judged
        for judged in subject.assessed.view.account_view.payment_plans
        if judged.is_standing and judged.plan.contact_id == subject.contact.id
    ]
    if len(standing) < 2:
        return []
    return [
        ("", gettext("about none")),
        *(
            (
                f"{judged.plan.id}",
                gettext("%(number)s, of %(day)s", number=judged.plan.id, day=judged.plan.made_on),
            )
            for judged in standing
        ),
    ]
