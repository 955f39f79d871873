"""Playing what was asked for, as long work; how far it is stands in the store, for everybody."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterator
from functools import partial

import msgspec

from arsync.application.desk.long_work import Lane, LongJob, LongWork, NotWantedAnyMore
from arsync.application.desk.tries import play
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Role
from arsync.core.ledger.records import Account, RecordKind
from arsync.errors import ArsyncError
from arsync.store.policy.tries import TryRow, TryState

BEAT_SECONDS = 1.0
"""How often it says how far it is, and looks whether it is still wanted."""


def try_key(number: int) -> Hashable:
    """Return by what long work knows a try."""
    return "try", number


def start_try(
    container: Container, work: LongWork, connection_id: int, number: int
) -> LongJob[None]:
    """Play a try when those before it have ended."""
    # What has not been played by then is not played any more, and says so.
    work.when_ended("tries", partial(container.store.tries.interrupt, work.worker))
    runner = _TryRunner(container, work.worker)
    return work.begin(Lane.TRIES, try_key(number), partial(runner.play, connection_id, number))


class _TryRunner:
    def __init__(self, container: Container, worker: str) -> None:
        self._container = container
        self._worker = worker

    def play(self, connection_id: int, number: int, job: LongJob[None]) -> None:
        tries = self._container.store.tries
        row = tries.get(connection_id, number)
        if row is None or not tries.begin(number):
            return
        try:
            result = self._result(row, job)
        except NotWantedAnyMore:
            tries.end(number, TryState.INTERRUPTED)
        except ArsyncError as error:
            tries.end(number, TryState.FAILED, problem=str(error))
        except Exception:
            tries.end(number, TryState.FAILED, problem="arsync itself failed; its log says how.")
            raise
        else:
            tries.end(number, TryState.DONE, result=result)

    def _result(self, row: TryRow, job: LongJob[None]) -> bytes:
        store = self._container.store
        organisation = OrganisationContext(
            self._container, store.connections.by_id(row.connection_id)
        )
        in_all = store.ledger.counts(organisation.id)[RecordKind.CONTACTS]

        def watch(accounts: Iterator[Account]) -> Iterator[Account]:
            said_at = time.monotonic()
            store.tries.beat(self._worker, row.id, 0, in_all)
            for count, account in enumerate(job.watched(accounts, in_all), start=1):
                yield account
                if time.monotonic() - said_at >= BEAT_SECONDS:
                    said_at = time.monotonic()
                    if not store.tries.beat(self._worker, row.id, count, in_all):
                        raise NotWantedAnyMore

        actor = Actor(row.asked_by, Role.READER)
        return msgspec.json.encode(play(actor, organisation, row, watch))
