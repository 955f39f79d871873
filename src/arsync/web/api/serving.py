"""The API's routes, made from its registry: each is answered for whose token came along."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, g, request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from msgspec.structs import replace
from werkzeug.exceptions import TooManyRequests

from arsync.application.organisation.container import Container
from arsync.application.people.signing_in import program
from arsync.store.people.sign_ins import hash_of
from arsync.web.api.answers import as_json
from arsync.web.api.document import document_text
from arsync.web.api.operations import BASE, KEY_LENGTH, ActionKey, Operation
from arsync.web.api.parsing import body_of, path_values, query_of
from arsync.web.api.problems import (
    FieldMistake,
    FieldsRefused,
    NoToken,
    fields_refused,
    no_token,
    problem,
)
from arsync.web.api.resources import every_operation
from arsync.web.caller import Caller

API = "api"
"""The source of what the audit log says."""

BODY_BYTES_MAX = 1_000_000
"""A rulebook's text is the largest thing that is sent."""

CALLS_PER_MINUTE = 300
"""With one token."""

MINUTE_SECONDS = 60

KEY_HEADER = "Idempotency-Key"
KEY_CHARACTERS_MAX = 255


def serve_api(app: Flask, container: Container) -> None:
    """Let an application answer the API."""
    limiter = FixedWindowRateLimiter(MemoryStorage())
    calls = RateLimitItemPerMinute(CALLS_PER_MINUTE)

    def is_too_fast(token: str) -> bool:
        return not limiter.hit(calls, hash_of(token))

    for operation in every_operation():
        app.add_url_rule(
            flask_rule(operation),
            endpoint=f"api.{operation.name}",
            view_func=_answering(operation, container, is_too_fast),
            methods=[operation.method],
            provide_automatic_options=False,
        )

    @app.get(f"{BASE}/openapi.json", provide_automatic_options=False)
    def openapi() -> Response:
        return Response(document_text(), mimetype="application/json")

    app.register_error_handler(NoToken, no_token)
    app.register_error_handler(FieldsRefused, fields_refused)


def flask_rule(operation: Operation) -> str:
    """Return an operation's address as Flask writes it."""
    path = operation.path
    for name, type_ in operation.path_parameters.items():
        if type_ is ActionKey:
            # By its length a key is told from a word: `actions/approve` is no action.
            path = path.replace(f"{{{name}}}", f"<string(length={KEY_LENGTH}):{name}>")
    return BASE + path.replace("{", "<").replace("}", ">")


def _answering(
    operation: Operation, container: Container, is_too_fast: Callable[[str], bool]
) -> Callable[..., Response]:
    types = dict(operation.path_parameters)

    def answer(connection: str = "", **parts: str) -> Response:
        request.max_content_length = BODY_BYTES_MAX
        caller = Caller(container, request)
        token = _token()
        caller.person = program(container, token)
        if caller.person is None:
            raise NoToken(sent=bool(token))
        if is_too_fast(token):
            raise TooManyRequests(
                f"this token asked more than {CALLS_PER_MINUTE} times in a minute.",
                retry_after=MINUTE_SECONDS,
            )
        caller.enter(connection, operation.permission, amounts=operation.amounts)
        g.sees_amounts = caller.actor.sees_amounts
        arguments = path_values(parts, types)
        if operation.query is not None:
            arguments["query"] = query_of(request.args, operation.query)
        elif request.args:
            unknown = FieldMistake(next(iter(request.args)), "there is no such parameter")
            raise FieldsRefused(unknown)
        if operation.body is not None:
            arguments["body"] = body_of(request, operation.body)
        if operation.method == "GET":
            return _response(_text(operation, caller, _done(operation, caller, arguments)))
        return _once(operation, caller, arguments)

    return answer


def _token() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _done(operation: Operation, caller: Caller, arguments: dict[str, Any]) -> Any:
    value = operation.view(caller, **arguments)
    if operation.audited:
        caller.audit(API, operation.audited)
    return value


def _text(operation: Operation, caller: Caller, value: Any) -> str:
    return as_json(value, sees_amounts=caller.actor.sees_amounts or operation.policy)


def _once(operation: Operation, caller: Caller, arguments: dict[str, Any]) -> Response:
    """Answer a change; sent twice under one key, it is done once, and both get the same answer."""
    key = request.headers.get(KEY_HEADER)
    if key is None:
        return _response(_text(operation, caller, _done(operation, caller, arguments)))
    if not 1 <= len(key) <= KEY_CHARACTERS_MAX:
        words = f"it has 1 to {KEY_CHARACTERS_MAX} characters"
        raise FieldsRefused(FieldMistake(KEY_HEADER, words))
    assert caller.person is not None, "somebody's token came along"
    forms, user_id = caller.container.store.forms, caller.person.user.id
    form_id = hashlib.sha256(f"{API}\0{key}".encode()).hexdigest()
    sent = b"\0".join([request.full_path.encode(), request.get_data()])
    earlier = caller.answered_before(form_id, hashlib.sha256(sent).hexdigest())
    if earlier is not None and not earlier.location:
        return problem(409, "the first request with this key is still at work.", retry_after=5)
    if earlier is not None:
        return _response(earlier.message)
    try:
        value = _done(operation, caller, arguments)
    except BaseException:
        forms.give_up(user_id, form_id)
        raise
    kept = replace(value, **dict.fromkeys(operation.told_once)) if operation.told_once else value
    forms.answer(user_id, form_id, API, _text(operation, caller, kept))
    return _response(_text(operation, caller, value))


def _response(text: str) -> Response:
    return Response(text, mimetype="application/json")
