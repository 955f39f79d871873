"""Registers of businesses: Companies House's company resource and GLEIF's `lei-records`.

Served beside the platforms, on the same port, with a handful of companies that do not exist.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request

KEY = "sandbox-companies-house-key"
"""What `[credit_data] companies_house_key` holds for the sandbox."""

COMPANIES_HOUSE = "/companies-house"
GLEIF = "/gleif/api/v1"
"""Where each register's API begins."""

COMPANIES: tuple[dict[str, Any], ...] = (
    {
        "company_name": "NORTHWIND TRADERS LTD",
        "company_number": "09999991",
        "company_status": "active",
        "date_of_creation": "2016-03-31",
        "has_insolvency_history": False,
        "jurisdiction": "england-wales",
        "type": "ltd",
    },
    {
        "company_name": "HARBOUR GRAPHICS LTD",
        "company_number": "09999992",
        "company_status": "liquidation",
        "date_of_creation": "2012-01-15",
        "has_insolvency_history": True,
        "jurisdiction": "england-wales",
        "type": "ltd",
    },
    {
        "company_name": "HIGHLAND OATS LTD",
        "company_number": "SC999993",
        "company_status": "active",
        "date_of_creation": "2009-07-01",
        "has_insolvency_history": True,
        "jurisdiction": "scotland",
        "type": "ltd",
    },
)

ENTITIES: tuple[dict[str, Any], ...] = (
    {
        "lei": "5299000SANDBOX0NORTH",
        "entity": {
            "legalName": {"name": "NORTHWIND TRADERS LTD", "language": "en"},
            "registeredAs": "09999991",
            "jurisdiction": "GB",
            "status": "ACTIVE",
            "legalAddress": {"country": "GB"},
            "creationDate": "2016-03-31T00:00:00Z",
        },
    },
    {
        "lei": "5299000SANDBOX0MUHLE",
        "entity": {
            "legalName": {"name": "Mühle Handels GmbH", "language": "de"},
            "registeredAs": "HRB 99999",
            "jurisdiction": "DE",
            "status": "ACTIVE",
            "legalAddress": {"country": "DE"},
            "creationDate": None,
        },
    },
    {
        "lei": "5299000SANDBOX0MILL1",
        "entity": {
            "legalName": {"name": "Mill Trading GmbH", "language": "de"},
            "registeredAs": "HRB 99999",
            "jurisdiction": "AT",
            "status": "INACTIVE",
            "legalAddress": {"country": "AT"},
            "creationDate": None,
        },
    },
)


def registers_blueprint() -> Blueprint:
    """Return the routes of both registers."""
    blueprint = Blueprint("registers", __name__)
    blueprint.add_url_rule(f"{COMPANIES_HOUSE}/company/<number>", "company", _company)
    blueprint.add_url_rule(f"{GLEIF}/lei-records", "lei_records", _lei_records)
    return blueprint


def _company(number: str) -> tuple[Response, int]:
    if request.authorization is None or request.authorization.username != KEY:
        return jsonify({"error": "Invalid Authorization", "type": "ch:service"}), 401
    for company in COMPANIES:
        if company["company_number"] == number:
            return jsonify(company), 200
    return jsonify({"errors": [{"error": "company-profile-not-found", "type": "ch:service"}]}), 404


def _lei_records() -> tuple[Response, int]:
    number = request.args.get("filter[entity.registeredAs]", "")
    country = request.args.get("filter[entity.legalAddress.country]", "")
    fitting = [
        {"type": "lei-records", "id": record["lei"], "attributes": record}
        for record in ENTITIES
        if record["entity"]["registeredAs"] == number
        and (not country or record["entity"]["legalAddress"]["country"] == country)
    ]
    pages = {"currentPage": 1, "perPage": 15, "total": len(fitting)}
    return jsonify({"meta": {"pagination": pages}, "data": fitting}), 200
