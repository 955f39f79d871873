"""Companies House: the register of companies of the United Kingdom, by its public data API.

`GET /company/{company_number}` with the API key as the user of HTTP Basic; 404 for a number that is
not there, 429 above 600 calls in five minutes. Source:
https://developer-specs.company-information.service.gov.uk/companies-house-public-data-api/reference

Of insolvency it tells two things: the company's status, and whether it ever had a case. An active
company that once had one is left unknown: whether that case is over stands elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from arsync.config import Config
from arsync.core.ledger.agreements.credit_applications import CreditDatum, DatumKind
from arsync.credit_data.answers import checked_json, day_in, text_in
from arsync.credit_data.contract import CreditAnswer, CreditQuery
from arsync.errors import UserMistake
from arsync.http.provider_session import ProviderSession

NUMBER_CHARACTERS = 8
"""A company number: eight digits, or two letters and six digits; leading zeros count."""

INSOLVENT = frozenset(
    {
        "liquidation",
        "receivership",
        "administration",
        "voluntary-arrangement",
        "insolvency-proceedings",
    }
)
"""Values of `company_status` that name a proceeding."""

_IN_THE_UK = frozenset(
    {"england-wales", "england", "wales", "scotland", "northern-ireland", "united-kingdom"}
)


class CompaniesHouse:
    """The register, asked by a company's number."""

    name = "companies_house"
    label = "Companies House"
    sends = "the registration number"

    def settings_problem(self, config: Config) -> str:
        """Return that the key is missing."""
        if config.credit_data.companies_house_key:
            return ""
        return (
            "[credit_data] companies_house_key is empty."
            "\n    hint: a key is made at https://developer.company-information.service.gov.uk"
        )

    def ask(self, config: Config, query: CreditQuery) -> CreditAnswer:
        """Look a company up by its number."""
        if problem := self.settings_problem(config):
            raise UserMistake(problem)
        number = re.sub(r"\s", "", query.registration_number).upper()
        if number.isdecimal():
            number = number.zfill(NUMBER_CHARACTERS)
        if not re.fullmatch("[A-Z0-9]{8}", number):
            raise UserMistake(
                f"{self.label} finds a company by its number, as in 00445790:"
                f" {query.registration_number or 'none'} is recorded."
            )
        settings = config.credit_data
        url = f"{settings.companies_house_url.rstrip('/')}/company/{quote(number)}"
        with ProviderSession(self.label, settings.companies_house_key, "") as session:
            answer = session.request("GET", url)
        if answer.status == 404:
            return CreditAnswer(remark=f"{self.label} knows no company {number}.")
        company = checked_json(self.label, answer)
        return CreditAnswer(tuple(self._data(company, query)))

    def _data(self, company: Mapping[str, Any], query: CreditQuery) -> Iterator[CreditDatum]:
        status = text_in(company, "company_status")
        values = {
            DatumKind.REGISTERED_NAME: text_in(company, "company_name"),
            DatumKind.REGISTRATION_NUMBER: text_in(company, "company_number"),
            DatumKind.STATUS: status,
            DatumKind.INCORPORATED_ON: day_in(company, "date_of_creation"),
            DatumKind.COUNTRY: "GB" if text_in(company, "jurisdiction") in _IN_THE_UK else "",
        }
        if status in INSOLVENT:
            values[DatumKind.INSOLVENCY] = "yes"
        elif status and company.get("has_insolvency_history") is False:
            values[DatumKind.INSOLVENCY] = "no"
        for kind, value in values.items():
            if value:
                yield CreditDatum(kind, value, self.name, query.today)


SOURCE = CompaniesHouse()
