"""What arsync is built from: a lock that holds, an audit that says what it did, a list."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("requirements-build.lock", "requirements.lock", "requirements-dev.lock")
LOCKS = {name: (ROOT / name).read_text(encoding="utf-8") for name in NAMES}
LOCK = LOCKS["requirements.lock"]
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def chain() -> ModuleType:
    spec = importlib.util.spec_from_file_location("supply_chain", ROOT / ".ci/supply_chain.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["supply_chain"] = module  # a named tuple looks its module up
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", NAMES)
def test_every_locked_package_has_hashes_and_fits(chain: ModuleType, name: str) -> None:
    assert chain.faults(LOCKS[name], name, chain.requirements(PROJECT)[name]) == []


def test_the_locks_agree(chain: ModuleType) -> None:
    assert chain.disagreements(LOCKS) == []
    conflicting = {"a": "click==8.1 \\\n", "b": "click==8.5 \\\n"}
    assert "a has 8.1, b has 8.5" in chain.disagreements(conflicting)[0]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("--hash=sha256:", "--hash=md5:", "has no SHA-256 hash"),
        ("click==8", "click==7", "click 7"),
        ("\nmsgspec==", "\nmsgspecs==", "msgspec is missing"),
        ("aiosmtpd==", "--index-url https://host.example/simple\naiosmtpd==", "names a host"),
    ],
)
def test_a_broken_lock_is_told(chain: ModuleType, old: str, new: str, said: str) -> None:
    assert old in LOCK
    requirements = chain.requirements(PROJECT)["requirements.lock"]
    assert said in "\n".join(
        chain.faults(LOCK.replace(old, new), "requirements.lock", requirements)
    )


def test_user_packages_are_told_from_developer_packages(chain: ModuleType) -> None:
    chosen = {pin.name for pin in chain.pins(LOCK)}
    assert {"requests", "urllib3", "psycopg", "jinja2", "markupsafe"} <= chosen
    assert not {"pytest", "mypy", "ruff", "hypothesis", "pip-audit"} & chosen
    assert chosen < {pin.name for pin in chain.pins(LOCKS["requirements-dev.lock"])}


def test_an_installation_holds_exactly_the_locked_packages(chain: ModuleType) -> None:
    locked = chain.pins(
        "click==8.5 \\\n    --hash=sha256:00\nnever==1.0 ; python_full_version < '3.0' \\\n"
    )
    assert chain.installed_otherwise(locked, {"click": "8.5", "pip": "1", "arsync": "1"}) == []
    problems = "\n".join(chain.installed_otherwise(locked, {"click": "8.6", "coverage": "7"}))
    assert "coverage 7 is installed, and no lock names it for this machine." in problems
    assert "click 8.6 is installed, the lock says 8.5." in problems
    assert chain.installed_otherwise(locked, {}) == ["click 8.5 is locked and not installed."]


@pytest.mark.parametrize("order", [1, -1])
def test_a_lock_by_python_version_counts_there(chain: ModuleType, order: int) -> None:
    here = "twice==1.0 ; python_full_version >= '3.11' \\\n"
    elsewhere = "twice==2.0 ; python_full_version < '3.11' \\\n"
    locked = chain.pins("".join([here, elsewhere][::order]))
    assert len(locked) == 2
    assert chain.installed_otherwise(locked, {"twice": "1.0"}) == []
    assert chain.installed_otherwise(locked, {"twice": "2.0"}) == [
        "twice 2.0 is installed, the lock says 1.0."
    ]
    assert chain.installed_otherwise(chain.pins(elsewhere), {"twice": "2.0"}) == [
        "twice 2.0 is installed, and no lock names it for this machine."
    ]


def test_only_licences_that_may_be_used_are_used(chain: ModuleType) -> None:
    names = {pin.name for pin in chain.pins(LOCK)}
    licences = {name: chain.licence(name) for name in names}
    assert len([text for text in licences.values() if text]) > 40
    assert {name: text for name, text in licences.items() if text and not chain.allowed(text)} == {}


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("MIT", True),
        ("LGPL-3.0-only", True),
        ("BSD License AND Apache Software License", True),
        ("GPL-3.0-only OR MIT", True),
        ("GPL-3.0-only AND MIT", False),
        ("AGPL-3.0-only", False),
        ("GNU General Public License v3 (GPLv3)", False),
        ("(does not say)", False),
        ("GNU Lesser General Public License v3 (LGPLv3)", True),
    ],
)
def test_a_licence_is_read_in_all_its_parts(chain: ModuleType, text: str, may: bool) -> None:
    assert chain.allowed(text) is may


HIT = {"id": "PYSEC-1", "fix_versions": ["2.1"]}


@pytest.mark.parametrize(
    ("rows", "code", "said"),
    [
        ([{"name": "a", "version": "1", "vulns": []}] * 2, 0, "vulnerability in 2 packages."),
        (
            [{"name": "a", "version": "1", "vulns": []}, {"name": "b", "skip_reason": "not found"}],
            0,
            "1 of 2 WERE NOT AUDITED",
        ),
        ([{"name": "a", "version": "2.0", "vulns": [HIT]}], 1, "a 2.0: PYSEC-1, mended in 2.1"),
        ([{"name": "a", "skip_reason": "not found"}] * 2, 0, "NOTHING WAS AUDITED"),
        (None, 0, "NOTHING WAS AUDITED"),
    ],
)
def test_an_audit_never_claims_more_than_it_asked(
    chain: ModuleType, rows: list[dict[str, object]] | None, code: int, said: str
) -> None:
    report = "no network" if rows is None else json.dumps({"dependencies": rows, "fixes": []})
    verdict = chain.verdict(report, 2)
    assert verdict[0] == code
    assert said in verdict[1]


def test_the_package_list_is_reproducible_and_names_no_host(
    chain: ModuleType, tmp_path: Path
) -> None:
    pytest.importorskip("cyclonedx_py", reason="cyclonedx-bom is not installed: run `make setup`")
    pins = chain.for_this_machine(chain.pins(LOCK))
    few = "".join(
        f"{pins[name].text}    # via arsync (pyproject.toml)\n" for name in ("click", "idna")
    )
    first, second = tmp_path / "a" / "sbom.json", tmp_path / "b" / "sbom.json"
    assert chain.sbom(few, first) == chain.sbom(few, second) == 0
    assert first.read_bytes() == second.read_bytes()
    tree = json.loads(first.read_bytes())
    assert tree["bomFormat"] == "CycloneDX"
    assert [component["name"] for component in tree["components"]] == ["click", "idna"]
    listed = tree["components"][0]["externalReferences"][0]["hashes"]
    assert {digest["content"] for digest in listed} == set(pins["click"].hashes)
    assert "timestamp" not in tree["metadata"]
    assert "serialNumber" not in tree
    assert str(ROOT) not in first.read_text(encoding="utf-8")
