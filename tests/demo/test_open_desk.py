"""The demo's desk: its people sign in, see what waits, and what they approve leaves."""

from __future__ import annotations

import re
import threading
from datetime import datetime

import pytest
import requests

import arsync_rulebooks
from arsync.demo import Demo
from arsync.demo.open_desk import DemoDesk, DemoPerson, open_desk
from arsync.demo.world import World

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


def _page_of(desk: DemoDesk, person: DemoPerson) -> str:
    with requests.Session() as browser:
        browser.trust_env = False
        values = {"email": person.email, "password": desk.password}
        signed_in = browser.post(
            f"{desk.url}/sign-in",
            values,
            headers=SAME_ORIGIN,
            timeout=60,
            allow_redirects=False,
        )
        assert signed_in.status_code == 303, signed_in.text
        return browser.get(f"{desk.url}/c/xero/measures/ageing", timeout=60).text


def test_everybody_signs_in_to_the_demos_desk(tmp_path_factory: pytest.TempPathFactory) -> None:
    # Beside the folder that is searched: the sandbox writes down the settings it offers.
    folder = tmp_path_factory.mktemp("demo")
    pages: dict[str, str] = {}

    def look(desk: DemoDesk, stop: threading.Event) -> None:
        try:
            pages.update({person.name: _page_of(desk, person) for person in desk.people})
        finally:
            stop.set()

    def afterwards(world: World, moment: datetime) -> None:
        stop = threading.Event()
        looking: list[threading.Thread] = []

        def opened(desk: DemoDesk) -> None:
            looking.append(threading.Thread(target=look, args=(desk, stop)))
            looking[0].start()

        open_desk(folder, world, moment, port=0, stop=stop, opened=opened)
        looking[0].join()

    demo = Demo(folder, arsync_rulebooks.text("standard"), say=lambda _: None, days=1)
    demo.play(lambda *_: None, afterwards=afterwards)
    assert pages.keys() == {"Hannah Reid", "Tom Okafor", "Priya Nair", "Rita Lund"}
    for name, page in pages.items():
        assert re.search(rf"{name},\s+\w+", page), name
