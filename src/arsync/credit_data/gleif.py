"""GLEIF: the index of legal entity identifiers (ISO 17442), by its public API, without a key.

`GET /lei-records?filter[entity.registeredAs]=NUMBER` answers with a JSON:API list of `lei-records`;
each holds `attributes.lei` and `attributes.entity` (`legalName.name`, `registeredAs`, `status`,
`legalAddress.country`, `creationDate`). 429 above 60 calls in a minute. Source:
https://documenter.getpostman.com/view/7679680/SVYrrxuU

`creationDate` is missing or null in older records: then nothing is said of it. A business
without an identifier is not known there, which says nothing about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from arsync.config import Config
from arsync.core.ledger.agreements.credit_applications import CreditDatum, DatumKind
from arsync.credit_data.answers import checked_json, day_in, text_in
from arsync.credit_data.contract import CreditAnswer, CreditQuery
from arsync.errors import Rejected, UserMistake
from arsync.http.provider_session import ProviderSession

LEI_CHARACTERS = 20

ENTITIES_MAX = 5
"""So many of several entities that fit are named."""


class Gleif:
    """The index, asked by the number in a register and the country."""

    name = "gleif"
    label = "GLEIF"
    sends = "the registration number and the country"

    def settings_problem(self, config: Config) -> str:
        """Return nothing: it needs no key."""
        return ""

    def ask(self, config: Config, query: CreditQuery) -> CreditAnswer:
        """Look a business up by its number in a register."""
        if not query.registration_number:
            raise UserMistake(f"{self.label} finds a business by its registration number.")
        params = {"filter[entity.registeredAs]": query.registration_number}
        if query.country:
            params["filter[entity.legalAddress.country]"] = query.country
        url = f"{config.credit_data.gleif_url.rstrip('/')}/lei-records"
        with ProviderSession(self.label, "", "") as session:
            answer = session.request("GET", url, params=params)
        if answer.status == 404:
            return self._unknown(query)
        records = checked_json(self.label, answer).get("data")
        if not isinstance(records, list):
            raise Rejected(f"{self.label}: its answer cannot be read.")
        entities = [record for record in records if text_in(record, "attributes", "lei")]
        if not entities:
            return self._unknown(query)
        if len(entities) > 1:
            raise UserMistake(self._several(entities))
        return CreditAnswer(tuple(self._data(entities[0], query)))

    def _unknown(self, query: CreditQuery) -> CreditAnswer:
        number = query.registration_number
        return CreditAnswer(remark=f"{self.label} knows no identifier of {number}.")

    def _several(self, entities: list[Any]) -> str:
        names = [
            text_in(entity, "attributes", "entity", "legalName", "name")
            for entity in entities[:ENTITIES_MAX]
        ]
        return (
            f"{self.label} knows {len(entities)} businesses of this number: {', '.join(names)}."
            "\n    hint: record the country: arsync credit apply NUMBER --country GB"
        )

    def _data(self, record: Mapping[str, Any], query: CreditQuery) -> Iterator[CreditDatum]:
        entity = ("attributes", "entity")
        values = {
            DatumKind.LEI: text_in(record, "attributes", "lei")[:LEI_CHARACTERS],
            DatumKind.REGISTERED_NAME: text_in(record, *entity, "legalName", "name"),
            DatumKind.REGISTRATION_NUMBER: text_in(record, *entity, "registeredAs"),
            DatumKind.STATUS: text_in(record, *entity, "status").casefold(),
            DatumKind.INCORPORATED_ON: day_in(record, *entity, "creationDate"),
            DatumKind.COUNTRY: text_in(record, *entity, "legalAddress", "country"),
        }
        for kind, value in values.items():
            if value:
                yield CreditDatum(kind, value, self.name, query.today)


SOURCE = Gleif()
