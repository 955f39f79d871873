"""The suite that certifies a source of credit data. Needs pytest; import it from tests only.

A source's own test module subclasses `CreditSourceContract` and provides one fixture, `bench`:

    class TestBureau(CreditSourceContract):
        @pytest.fixture
        def bench(self, server: BureauServer) -> CreditSourceBench:
            return BureauBench(server)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pytest

from arsync.config import Config
from arsync.core.ledger.agreements.credit_applications import DatumKind
from arsync.credit_data.contract import CreditQuery, CreditSource
from arsync.errors import Rejected, RetryLater, UserMistake


class CreditSourceBench(Protocol):
    """A source, and the other side of it."""

    @property
    def source(self) -> CreditSource:
        """Return the source."""
        ...

    @property
    def config(self) -> Config:
        """Return settings with all that it needs."""
        ...

    @property
    def known(self) -> CreditQuery:
        """Return a business that it knows."""
        ...

    @property
    def unknown(self) -> CreditQuery:
        """Return one that it does not know."""
        ...

    @property
    def secrets(self) -> Sequence[str]:
        """Return what no error may show."""
        ...

    def asked(self) -> Sequence[str]:
        """Return the paths and queries of all requests so far."""
        ...

    def answer_with(self, status: int) -> None:
        """Have the next request answered with this status."""
        ...

    def answer_nonsense(self) -> None:
        """Have the next request answered with 200 and a body that is no JSON."""
        ...

    def drop(self) -> None:
        """Have the next request get no answer."""
        ...


class CreditSourceContract:
    """Subclass it, provide `bench`, and the source is certified or it is not."""

    @pytest.fixture
    def bench(self) -> CreditSourceBench:
        """Return the bench; the subclass provides it."""
        raise NotImplementedError("a subclass of CreditSourceContract provides `bench`")

    def test_a_known_business_is_told_of(self, bench: CreditSourceBench) -> None:
        """Each value once, of a kind, with its source and a day that has come."""
        data = bench.source.ask(bench.config, bench.known).data
        assert data
        assert len({datum.kind for datum in data}) == len(data)
        for datum in data:
            assert isinstance(datum.kind, DatumKind)
            assert datum.value
            assert datum.value.isprintable()
            assert datum.source == bench.source.name
            assert datum.as_of <= bench.known.today

    def test_an_unknown_business_is_no_error(self, bench: CreditSourceBench) -> None:
        """Not being known says nothing of a business, and is said."""
        answer = bench.source.ask(bench.config, bench.unknown)
        assert answer.data == ()
        assert answer.remark

    def test_one_question_is_one_request(self, bench: CreditSourceBench) -> None:
        """And neither the name nor the VAT number leaves unless `sends` says so."""
        bench.source.ask(bench.config, bench.known)
        (request,) = bench.asked()
        if "name" not in bench.source.sends:
            assert bench.known.name.split()[0] not in request
        if "VAT" not in bench.source.sends:
            assert bench.known.vat_number not in request

    @pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
    def test_trouble_over_there_is_for_later(self, bench: CreditSourceBench, status: int) -> None:
        """Asking too often, and errors of theirs."""
        bench.answer_with(status)
        with pytest.raises(RetryLater):
            bench.source.ask(bench.config, bench.known)

    def test_a_lost_answer_is_for_later(self, bench: CreditSourceBench) -> None:
        """Nothing changed over there, so it can be asked again."""
        bench.drop()
        with pytest.raises(RetryLater):
            bench.source.ask(bench.config, bench.known)

    @pytest.mark.parametrize("status", [301, 400, 401, 403])
    def test_a_refusal_is_told(self, bench: CreditSourceBench, status: int) -> None:
        """Without the key."""
        bench.answer_with(status)
        with pytest.raises(Rejected) as refused:
            bench.source.ask(bench.config, bench.known)
        assert not any(secret in str(refused.value) for secret in bench.secrets)

    def test_an_answer_that_cannot_be_read_is_refused(self, bench: CreditSourceBench) -> None:
        """Nothing is guessed."""
        bench.answer_nonsense()
        with pytest.raises(Rejected):
            bench.source.ask(bench.config, bench.known)

    def test_without_what_it_is_found_by_nobody_is_asked(self, bench: CreditSourceBench) -> None:
        """A name alone fits many."""
        with pytest.raises(UserMistake):
            bench.source.ask(bench.config, CreditQuery(bench.known.name, bench.known.today))
        assert not bench.asked()

    def test_it_says_what_leaves(self, bench: CreditSourceBench) -> None:
        """In words, for whoever allows it."""
        assert bench.source.sends
        assert bench.source.label
        assert bench.source.settings_problem(bench.config) == ""
