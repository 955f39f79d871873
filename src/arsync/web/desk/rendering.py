"""Pages from templates: everything that is filled in is escaped."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from arsync.application.permissions import Permission
from arsync.web.desk.assets import address_of
from arsync.web.desk.shell import shell_of
from arsync.web.desk.visit import Visit


def plural(number: int, one: str, many: str = "") -> str:
    """Return `1 letter`, `2 letters`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


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
    )
    templates.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    templates.globals.update(
        form_field=form_field, plural=plural, attributes=attributes, static=address_of
    )
    templates.filters["capitalize_first"] = lambda text: str(text)[:1].upper() + str(text)[1:]
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
