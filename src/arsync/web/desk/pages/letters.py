"""Letters: every text with what sends it, how it reads for a real case, and the register."""

from __future__ import annotations

from urllib.parse import quote

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from arsync.application.desk.letter_pages import LetterOfCase, letter_of_case, letter_texts
from arsync.application.letters.notice_register import notice_register, register_csv
from arsync.application.letters.previewing import LetterPreview, LetterWanted
from arsync.errors import UserMistake
from arsync.mail import languages
from arsync.web.desk.answers import file_answer, framed_letter
from arsync.web.desk.routing import Routes
from arsync.web.desk.visit import Visit

routes = Routes()

NAME_CHARACTERS_MAX = 200


@routes.page("/c/<connection>/letters")
def letters(visit: Visit) -> Response:
    """Show every text with what sends it, and the latest numbered notices."""
    overview = letter_texts(visit.actor, visit.organisation)
    home = visit.organisation.connection.organisation.base_currency
    return visit.page("letters.html", overview=overview, quoted=_quoted, home=home)


@routes.page("/c/<connection>/letters/register.csv", amounts=True)
def register(visit: Visit) -> Response:
    """Return the register of numbered notices as CSV."""
    notices = notice_register(visit.actor, visit.container, visit.organisation.name)
    return file_answer(register_csv(notices), "text/csv", "notices.csv")


@routes.page("/c/<connection>/letters/<name>", amounts=True)
def letter(visit: Visit, name: str) -> Response:
    """Show one text: what sends it, and how it reads for a real case."""
    case = _case(visit, name)
    return visit.page(
        "letter.html",
        case=case,
        wanted=_wanted(visit, name),
        languages=languages(),
        quoted=_quoted,
    )


@routes.page("/c/<connection>/letters/<name>/email", amounts=True)
def as_email(visit: Visit, name: str) -> Response:
    """Return the letter as an email program shows it; for a frame."""
    return framed_letter(_preview(visit, name).letter.html)


@routes.page("/c/<connection>/letters/<name>/pdf", amounts=True)
def as_pdf(visit: Visit, name: str) -> Response:
    """Return the letter as it is printed."""
    pdf = _preview(visit, name).pdf()
    return file_answer(pdf, "application/pdf", "letter.pdf", shown=True)


def _quoted(name: str) -> str:
    return quote(name, safe="")


def _wanted(visit: Visit, name: str) -> LetterWanted:
    chosen = visit.request.args
    customer = chosen.get("customer", "").strip()[:NAME_CHARACTERS_MAX]
    language = chosen.get("language", "")
    return LetterWanted(name, customer, language if language in languages() else "")


def _case(visit: Visit, name: str) -> LetterOfCase:
    try:
        return letter_of_case(visit.actor, visit.organisation, _wanted(visit, name))
    except UserMistake as mistake:
        raise NotFound(str(mistake)) from None


def _preview(visit: Visit, name: str) -> LetterPreview:
    case = _case(visit, name)
    if case.preview is None:
        raise NotFound(case.problem)
    return case.preview
