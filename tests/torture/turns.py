"""Two schedulers in one test, of which one works at a time: a seed says when which goes on.

Each has a thread of its own, as two processes have their own; a thread hands its turn over only at
a point of the world, and waits there until the turn comes back. So the same seed is the same story.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

STRIDES = (1, 2, 4, 9, 20, 60)
"""After so many points the other goes on: each other point, and nearly a whole run."""


class Turns:
    """Lets two parts go on in turn."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._condition = threading.Condition()
        self._ended: set[int] = set()
        self._left = chance.choice(STRIDES)
        self._errors: list[BaseException] = []
        self.working = 0
        """Whose turn it is: 0 or 1."""
        self.handed_over = 0

    def play(self, *parts: Callable[[], None]) -> None:
        """Play both parts to their end; what one raises is raised here."""
        assert len(parts) == 2, "one hands over to the other"
        threads = [
            threading.Thread(target=self._play, args=numbered, name=f"scheduler-{numbered[0]}")
            for numbered in enumerate(parts)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._errors:
            raise self._errors[0]

    def point(self) -> None:
        """Hand over when it is time; whoever works calls this at each point."""
        self._left -= 1
        if self._left <= 0:
            self.hand_over()

    def hand_over(self) -> None:
        """Let the other go on, until it hands back or has ended."""
        me = self.working
        self._left = self._chance.choice(STRIDES)
        with self._condition:
            if 1 - me not in self._ended:
                self.handed_over += 1
                self._give_to(1 - me)
                self._condition.wait_for(lambda: self.working == me)

    def _give_to(self, number: int) -> None:
        self.working = number
        self._condition.notify_all()

    def _play(self, number: int, part: Callable[[], None]) -> None:
        with self._condition:
            self._condition.wait_for(lambda: self.working == number)
        try:
            part()
        except BaseException as error:  # noqa: BLE001 - told to the thread that waits for both
            self._errors.append(error)
        with self._condition:
            self._ended.add(number)
            self._give_to(1 - number)
