"""Reading ahead: the next page of a long pull is fetched while the one before is stored."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from arsync.connector_sdk import Page


def pages_ahead(pages: Iterator[Page]) -> Generator[Page, None, None]:
    """Yield the pages in their order, and fetch each next one meanwhile.

    One page ahead at most, by one thread. A page with which a sweep ends is stored before the next
    is asked for: what the sweep left open is read first. Close the iterator when it is left early;
    a call that is under way is waited for, so that nothing uses the connector afterwards.

    Args:
        pages: of a pull, or what is left of them. They are taken from by one thread at a time.

    Raises:
        Whatever `pages` raises, in the thread that asks for the page and after those before it.
    """

    def following() -> Page | None:
        return next(pages, None)

    # The thread's lines in the log name the run and its connection too.
    context = copy_context()
    with ThreadPoolExecutor(1, "next-page") as fetcher:
        page = following()
        while page is not None:
            coming = None if page.sweep_ends else fetcher.submit(context.run, following)
            yield page
            page = following() if coming is None else coming.result()
