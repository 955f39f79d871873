"""Pages from templates: everything that is filled in is escaped."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from arsync.application.permissions import Permission
from arsync.translation import ReaderText, gettext, ngettext
from arsync.web.desk.assets import address_of
from arsync.web.desk.shell import shell_of
from arsync.web.desk.terms import term
from arsync.web.desk.visit import Visit


def plural(number: int, one: str, many: str) -> str:
    """Return the form that a number asks for: `1 letter`, `2 letters`.

    Both forms have the number as `%(number)s`.
    """
    return ngettext(one, many, number, number=format(number, ","))


def in_readers_language(value: Any) -> Any:
    """Return what a page shows of a value: a text that waited for its reader is looked up."""
    return gettext(value) if isinstance(value, ReaderText) else value


def _capitalised(text: object) -> str:
    shown = str(in_readers_language(text))
    return shown[:1].upper() + shown[1:]


def new_form_id() -> str:
    """Return a number for a form, so that it is answered once."""
    return secrets.token_urlsafe(12)


def form_field() -> Markup:
    """Return the hidden field with a form's number."""
    return Markup('<input type="hidden" name="form_id" value="{}">').format(new_form_id())


def attributes(values: Mapping[str, Any]) -> Markup:
    """Return attributes of an element; None and False leave one out."""
    written = [
        Markup(" {}").format(name) if value is True else Markup(' {}="{}"').format(name, value)
        for name, value in values.items()
        if value is not None and value is not False
    ]
    return Markup("").join(written)


@cache
def environment() -> Environment:
    """Return the templates: everything that is filled in is escaped."""
    templates = Environment(
        loader=PackageLoader("arsync.web.desk", "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
        finalize=in_readers_language,
    )
    templates.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    templates.globals.update(
        form_field=form_field, plural=plural, attributes=attributes, static=address_of
    )
    templates.filters["capitalize_first"] = _capitalised
    templates.filters["term"] = term
    templates.filters["lines"] = lambda text: Markup("<br>").join(escape(text).split("\n"))
    return templates


def render(visit: Visit, template: str, **values: Any) -> str:
    """Return a page as HTML.

    Every template knows `visit`, the reader's `words` with `money` and `day`, and `may`.
    """
    words = visit.words
    return (
        environment()
        .get_template(template)
        .render(
            visit=visit,
            words=words,
            money=words.money,
            day=words.day,
            may=visit.may,
            P=Permission,
            shell=shell_of(visit),
            errors=visit.field_errors,
            **values,
        )
    )
