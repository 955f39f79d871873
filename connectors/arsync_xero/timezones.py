"""Xero names time zones as Windows does; days are computed with IANA names."""

from __future__ import annotations

import re

_S = "STANDARDTIME"

# Windows name without its ending, IANA name: one line a part of the world (CLDR windowsZones).
_ZONES = """
DATELINE Etc/GMT+12 UTC11 Etc/GMT+11 ALEUTIAN America/Adak HAWAIIAN Pacific/Honolulu
MARQUESAS Pacific/Marquesas ALASKAN America/Anchorage UTC09 Etc/GMT+9 UTC08 Etc/GMT+8
PACIFIC America/Los_Angeles PACIFICMEXICO America/Tijuana USMOUNTAIN America/Phoenix
MOUNTAIN America/Denver MOUNTAINMEXICO America/Mazatlan YUKON America/Whitehorse
CENTRALAMERICA America/Guatemala CENTRAL America/Chicago CENTRALMEXICO America/Mexico_City
EASTERISLAND Pacific/Easter CANADACENTRAL America/Regina SAPACIFIC America/Bogota
EASTERN America/New_York EASTERNMEXICO America/Cancun HAITI America/Port-au-Prince
CUBA America/Havana USEASTERN America/Indiana/Indianapolis TURKSANDCAICOS America/Grand_Turk
PARAGUAY America/Asuncion ATLANTIC America/Halifax VENEZUELA America/Caracas
CENTRALBRAZILIAN America/Cuiaba SAWESTERN America/La_Paz PACIFICSA America/Santiago
NEWFOUNDLAND America/St_Johns TOCANTINS America/Araguaina ESOUTHAMERICA America/Sao_Paulo
SAEASTERN America/Cayenne ARGENTINA America/Argentina/Buenos_Aires GREENLAND America/Godthab
MONTEVIDEO America/Montevideo MAGALLANES America/Punta_Arenas SAINTPIERRE America/Miquelon
BAHIA America/Bahia UTC02 Etc/GMT+2 MIDATLANTIC Etc/GMT+2 AZORES Atlantic/Azores
CAPEVERDE Atlantic/Cape_Verde
UTC Etc/UTC GMT Europe/London GREENWICH Atlantic/Reykjavik SAOTOME Africa/Sao_Tome
MOROCCO Africa/Casablanca WEUROPE Europe/Berlin CENTRALEUROPE Europe/Budapest
ROMANCE Europe/Paris CENTRALEUROPEAN Europe/Warsaw WCENTRALAFRICA Africa/Lagos
GTB Europe/Bucharest MIDDLEEAST Asia/Beirut EGYPT Africa/Cairo EEUROPE Europe/Chisinau
SYRIA Asia/Damascus WESTBANK Asia/Hebron SOUTHAFRICA Africa/Johannesburg FLE Europe/Kiev
ISRAEL Asia/Jerusalem SOUTHSUDAN Africa/Juba KALININGRAD Europe/Kaliningrad
SUDAN Africa/Khartoum LIBYA Africa/Tripoli NAMIBIA Africa/Windhoek JORDAN Asia/Amman
ARABIC Asia/Baghdad TURKEY Europe/Istanbul ARAB Asia/Riyadh BELARUS Europe/Minsk
RUSSIAN Europe/Moscow EAFRICA Africa/Nairobi VOLGOGRAD Europe/Volgograd
IRAN Asia/Tehran ARABIAN Asia/Dubai ASTRAKHAN Europe/Astrakhan AZERBAIJAN Asia/Baku
RUSSIATIMEZONE3 Europe/Samara MAURITIUS Indian/Mauritius SARATOV Europe/Saratov
GEORGIAN Asia/Tbilisi CAUCASUS Asia/Yerevan AFGHANISTAN Asia/Kabul WESTASIA Asia/Tashkent
QYZYLORDA Asia/Qyzylorda EKATERINBURG Asia/Yekaterinburg PAKISTAN Asia/Karachi
INDIA Asia/Kolkata SRILANKA Asia/Colombo NEPAL Asia/Kathmandu CENTRALASIA Asia/Bishkek
BANGLADESH Asia/Dhaka OMSK Asia/Omsk MYANMAR Asia/Yangon SEASIA Asia/Bangkok
ALTAI Asia/Barnaul WMONGOLIA Asia/Hovd NORTHASIA Asia/Krasnoyarsk NCENTRALASIA Asia/Novosibirsk
TOMSK Asia/Tomsk CHINA Asia/Shanghai NORTHASIAEAST Asia/Irkutsk SINGAPORE Asia/Singapore
WAUSTRALIA Australia/Perth TAIPEI Asia/Taipei ULAANBAATAR Asia/Ulaanbaatar
NORTHKOREA Asia/Pyongyang AUSCENTRALW Australia/Eucla TRANSBAIKAL Asia/Chita TOKYO Asia/Tokyo
KOREA Asia/Seoul YAKUTSK Asia/Yakutsk CENAUSTRALIA Australia/Adelaide
AUSCENTRAL Australia/Darwin EAUSTRALIA Australia/Brisbane AUSEASTERN Australia/Sydney
WESTPACIFIC Pacific/Port_Moresby TASMANIA Australia/Hobart VLADIVOSTOK Asia/Vladivostok
LORDHOWE Australia/Lord_Howe BOUGAINVILLE Pacific/Bougainville RUSSIATIMEZONE10 Asia/Srednekolymsk
MAGADAN Asia/Magadan NORFOLK Pacific/Norfolk SAKHALIN Asia/Sakhalin
CENTRALPACIFIC Pacific/Guadalcanal RUSSIATIMEZONE11 Asia/Kamchatka NEWZEALAND Pacific/Auckland
FIJI Pacific/Fiji KAMCHATKA Asia/Kamchatka CHATHAMISLANDS Pacific/Chatham
TONGA Pacific/Tongatapu SAMOA Pacific/Apia LINEISLANDS Pacific/Kiritimati
""".split()

_IANA = dict(zip(_ZONES[::2], _ZONES[1::2], strict=True))
_UTC_OFFSET = re.compile(r"UTC([+-])(\d{1,2})")


def iana_name(windows_name: str) -> str:
    """Return the IANA name of a time zone, or an empty text when it is not known.

    Args:
        windows_name: `NEWZEALANDSTANDARDTIME`, `New Zealand Standard Time`, `UTC+13`, ...
    """
    name = re.sub(r"[^A-Z0-9+-]", "", windows_name.upper())
    if match := _UTC_OFFSET.fullmatch(name):
        # In Etc/GMT names the sign is turned round.
        sign = "-" if match[1] == "+" else "+"
        return f"Etc/GMT{sign}{int(match[2])}" if 0 < int(match[2]) <= 14 else "Etc/UTC"
    return _IANA.get(re.sub(rf"{_S}|[+-]", "", name), "")
