"""What the API answers with: sentences are texts, whatever else they know."""

from __future__ import annotations

from arsync.translation import saying
from arsync.web.api.answers import as_json


def test_what_a_page_says_otherwise_is_a_text_here() -> None:
    message = saying("Logged as number %(number)s.", number=1)
    assert as_json({"message": message}) == '{"message": "Logged as number 1."}'
    assert as_json([message], sees_amounts=False) == '["Logged as number 1."]'
