"""Currencies that exist, and countries as people write them into an address."""

from __future__ import annotations

CURRENCIES = frozenset(
    """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN
    BYR BZD CAD CDF CHF CLF CLP CNY COP CRC CUC CUP CVE CZK DJF DKK DOP DZD EEK EGP ERN ETB EUR FJD
    FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES
    KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LTL LVL LYD MAD MDL MGA MKD MMK MNT MOP MRO
    MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON
    RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SKK SLE SLL SOS SRD SSP STD STN SVC SYP SZL THB TJS TMT
    TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VEF VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR
    ZMK ZMW ZWD ZWG ZWL
    """.split()
)
"""The codes that Xero's documents may hold, and the newer ones of ISO 4217."""

_COUNTRIES = {
    "united kingdom": "GB", "uk": "GB", "great britain": "GB", "england": "GB", "scotland": "GB",
    "wales": "GB", "northern ireland": "GB", "ireland": "IE", "republic of ireland": "IE",
    "united states": "US", "united states of america": "US", "usa": "US", "u.s.a.": "US",
    "canada": "CA", "australia": "AU", "new zealand": "NZ", "singapore": "SG", "hong kong": "HK",
    "south africa": "ZA", "germany": "DE", "deutschland": "DE", "france": "FR", "spain": "ES",
    "italy": "IT", "netherlands": "NL", "the netherlands": "NL", "belgium": "BE", "austria": "AT",
    "switzerland": "CH", "sweden": "SE", "norway": "NO", "denmark": "DK", "finland": "FI",
    "poland": "PL", "portugal": "PT", "india": "IN", "japan": "JP", "china": "CN",
    "united arab emirates": "AE", "uae": "AE", "malaysia": "MY", "philippines": "PH",
}  # fmt: skip
_LETTERS_OF_A_CODE = 2


def country_code(text: str) -> str:
    """Return the ISO code of a country that was typed into an address, else the text as it is."""
    trimmed = text.strip()
    if len(trimmed) == _LETTERS_OF_A_CODE and trimmed.upper() != "UK":
        return trimmed.upper()
    return _COUNTRIES.get(trimmed.lower(), trimmed)
