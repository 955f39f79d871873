"""A list of connections is read as spreadsheets save it; every problem is told with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.builders.pigeon import pigeon_installed

from arsync.application.connections.connection_list import (
    CELL_CHARACTERS_MAX,
    LIST_BYTES_MAX,
    LIST_LINES_MAX,
    PROBLEMS_SHOWN_MAX,
    ListedConnection,
    read_list,
)
from arsync.errors import UserMistake
from arsync.store.models import Mode

PLATFORMS = ("quickbooks", "xero")
IBAN = "GB82 WEST 1234 5698 7654 32"
HEADER = "name,platform,organisation,mode,labels,letters.iban\n"


def read(tmp_path: Path, content: str | bytes) -> list[ListedConnection]:
    file = tmp_path / "clients.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_list(file, tmp_path, PLATFORMS)


def problems(tmp_path: Path, content: str | bytes) -> list[str]:
    with pytest.raises(UserMistake) as refused:
        read(tmp_path, content)
    lines = str(refused.value).replace(str(tmp_path / "clients.csv"), "F").splitlines()
    return [line for line in lines if not line.startswith("    hint")]


TEXT = (
    "Name;Platform;Organisation;Mode;Labels;letters.iban;\r\n"
    f'café;XERO;"Café & Søns; Ltd";Approve;"Retail, Team Jane";{IBAN};\r\n'
    ";quickbooks;9130357;;;;\r\n;;;;;;\r\n"
)
EXPECTED = [
    ListedConnection(
        2,
        "xero",
        "Café & Søns; Ltd",
        "café",
        Mode.APPROVE,
        ("Retail", "Team Jane"),
        ((("letters", "iban"), IBAN),),
    ),
    ListedConnection(3, "quickbooks", "9130357"),
]


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("cp1252"),
        TEXT.replace("; Ltd", "\x00").replace(";", "\t").replace("\x00", "; Ltd").encode("utf-16"),
    ],
    ids=["UTF-8", "with a mark", "Windows", "UTF-16 with tabs"],
)
def test_a_list_is_read_as_spreadsheets_save_it(tmp_path: Path, content: bytes) -> None:
    assert read(tmp_path, content) == EXPECTED


def test_what_excel_puts_around_values_is_taken_off(tmp_path: Path) -> None:
    text = (
        'sep=;\nplatform;organisation;letters.account_number\nxero;"Acme\xa0Ltd ";"=""00123456"""\n'
    )
    (listed,) = read(tmp_path, text)
    assert listed.organisation == "Acme Ltd"
    assert listed.settings == ((("letters", "account_number"), "00123456"),)
    assert listed.line == 3


def test_a_cell_of_several_lines_counts_from_its_first(tmp_path: Path) -> None:
    text = 'platform,organisation,letters.address\nxero,A,"1 High Street\nLondon"\nxero,B,\n'
    assert [listed.line for listed in read(tmp_path, text)] == [2, 4]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("a,zero,Acme,,,", "F:2, column platform: 'zero' must be quickbooks or xero."),
        ("a,xero,,,,", "F:2, column organisation: empty; give its name or its id."),
        ("a|b,xero,Acme,,,", "F:2, column name: 'a|b' cannot name a connection"),
        ("a/b,xero,Acme,,,", "F:2, column name: 'a/b' cannot name a file of settings"),
        ("a,xero,Acme,wild,,", "F:2, column mode: 'wild' must be observe, approve, auto, or"),
        ("a,xero,Acme,,x*,", "F:2, column labels: 'x*' is no label"),
        ("a,xero,Acme,,,GB00 WEST", "F:2, column letters.iban: [letters] iban is 'GB00 WEST'"),
        ("a,xero,Acme,,,1.23E+10", "F:2, column letters.iban: '1.23E+10' is a number that the"),
        ("a,xero,Acme,,,,more", "F:2: 'more' stands in a column without a name."),
        ('a,xero,"Acme', "F:2: unexpected end of data."),
        ("a,xero," + "x" * (CELL_CHARACTERS_MAX + 1), "F:2, column organisation: more than 2,000"),
    ],
)
def test_each_wrong_cell_is_told_with_its_place(tmp_path: Path, row: str, problem: str) -> None:
    told = problems(tmp_path, f"{HEADER}{row}\n")
    assert told[0].startswith(problem), told
    assert told[-1] == "Nothing was changed."


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    rows = "a,xero,Acme,,,\na,xero,acme,wild,,\n,zero,,,,\n"
    assert [
        line.partition(":")[2].partition(":")[0] for line in problems(tmp_path, HEADER + rows)
    ] == [
        "3, column mode",
        "3, column organisation",
        "3, column name",
        "4, column platform",
        "4, column organisation",
        "",
    ]


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("platform,organisation,ibam", "F:1, column ibam: this column is not known."),
        ("platform,organisation,store.url", "F:1, column store.url: this setting is the same for"),
        ("platform,organisation,platform", "F:1, column platform: this column comes twice."),
        ("platform,name", "F:1, column organisation: this column is missing."),
    ],
)
def test_a_wrong_header_ends_the_reading(tmp_path: Path, header: str, problem: str) -> None:
    assert problems(tmp_path, f"{header}\nxero,A,B\n")[0].startswith(problem)


def test_a_list_has_its_bounds(tmp_path: Path) -> None:
    assert "is listed" in problems(tmp_path, HEADER)[0]
    assert "larger than 2,000,000 bytes" in problems(tmp_path, "x" * (LIST_BYTES_MAX + 1))[0]
    many = HEADER + "".join(f",xero,o{number},,,\n" for number in range(LIST_LINES_MAX))
    assert f"more than {LIST_LINES_MAX:,} lines" in problems(tmp_path, many)[0]
    wrong = problems(tmp_path, HEADER + "".join(f",zero,o{number},,,\n" for number in range(200)))
    assert len(wrong) == PROBLEMS_SHOWN_MAX + 2
    assert wrong[-2] == "... and 100 more problems."
    assert "no text" in problems(tmp_path, b"\x00\x01\x02")[0]


def test_settings_of_a_channel_are_columns_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pigeon_installed(tmp_path, monkeypatch):
        header = "platform,organisation,channels.pigeon.loft,channels.pigeon.pigeons\n"
        (row,) = read(tmp_path, f"{header}xero,Acme,barn,4\n")
        assert row.settings == (
            (("channels.pigeon", "loft"), "barn"),
            (("channels.pigeon", "pigeons"), "4"),
        )
        many = problems(tmp_path, f"{header}xero,Acme,barn,12\n")
        assert many[0].startswith("F:2, column channels.pigeon.pigeons: [channels.pigeon] pigeons")
        slip = "platform,organisation,channels.pigeon.lofft,channels.owl.loft\n"
        told = problems(tmp_path, f"{slip}xero,Acme,a,b\n")
        assert told[0].startswith("F:1, column channels.pigeon.lofft: this column is not known.")
        assert told[1].startswith("F:1, column channels.owl.loft: no channel 'owl' is installed.")
