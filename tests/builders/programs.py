"""Programs of people, as they call the API without a socket."""

from __future__ import annotations

from itertools import count
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from arsync.application.organisation.container import Container
from arsync.store.people.users import UserRow

_ADDRESSES = count(1)


class Program:
    """A program with a token of somebody."""

    def __init__(self, app: Flask, container: Container, user: UserRow) -> None:
        self.user = user
        self._sign_ins = container.store.sign_ins
        self.token = self.renewed()
        self._client = app.test_client(use_cookies=False)
        # Each from its own: what one address may ask in a minute is a matter of other tests.
        number = next(_ADDRESSES)
        self._from = {"REMOTE_ADDR": f"10.0.{number // 250}.{number % 250}"}

    def renewed(self) -> str:
        """Return another token, which nothing was asked with."""
        return self._sign_ins.make_token(self.user.id, "tests", expires_at=None)

    def ask(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any
    ) -> TestResponse:
        """Send a request; `path` stands below the version's."""
        return self._client.open(
            f"/api/v1{path}",
            method=method,
            headers={"Authorization": f"Bearer {self.token}"} | (headers or {}),
            environ_base=self._from,
            **more,
        )

    def get(self, path: str, **query: Any) -> TestResponse:
        return self.ask("GET", path, query_string=query)

    def post(self, path: str, *, key: str = "", **body: Any) -> TestResponse:
        return self.ask("POST", path, json=body, headers={"Idempotency-Key": key} if key else None)

    def read(self, path: str, **query: Any) -> Any:
        """Return what an address answers, which has to be there."""
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json

    def read_in_parts(self, path: str, limit: int, **query: Any) -> list[Any]:
        """Return the rows of a whole list, read a part at a time."""
        rows: list[Any] = []
        after: str | None = ""
        while after is not None:
            more = {"after": after} if after else {}
            page = self.read(path, limit=limit, **more, **query)
            rows += page["items"]
            after = page["next"]
        return rows


def said(answer: TestResponse) -> Any:
    """Return an answer's JSON."""
    return answer.json
