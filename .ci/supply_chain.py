"""What arsync is built from: is any of it known to be vulnerable, under which licences, and a list.

    python .ci/supply_chain.py audit       asks the advisory database about every locked package
    python .ci/supply_chain.py sbom FILE   writes a CycloneDX list of the packages at run time
    python .ci/supply_chain.py licences    lists the licences of the packages at run time
    python .ci/supply_chain.py installed   is what the locks name installed, and nothing else?

A lock that does not hold together fails each of them. `audit` fails on a known vulnerability; where
the database cannot be reached, it says that nothing was audited, and does not fail.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
BUILD_LOCK = ROOT / "requirements-build.lock"
RUN_LOCK = ROOT / "requirements.lock"
DEVELOP_LOCK = ROOT / "requirements-dev.lock"
LOCKS = (BUILD_LOCK, RUN_LOCK, DEVELOP_LOCK)
PROJECT = ROOT / "pyproject.toml"

AUDIT_SECONDS_MAX = 120
"""How long the advisory database may take in all."""

HASH = re.compile(r"--hash=(\w+):([0-9a-f]+)")
_PIN = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)(?:\s*;\s*([^\\\n]*))?")

PERMISSIVE = re.compile(
    r"""\b(MIT|BSD|Apache|ISC|PSF|Python\ Software\ Foundation|Zlib|Zope\ Public\ License|Unlicense
    |MPL|Mozilla\ Public\ License|LGPL|Lesser\ General\ Public)\b""",
    re.VERBOSE,
)
"""What may be used beside arsync's Apache-2.0 by installing it: permissive licences, and those that
ask for changes to themselves alone (MPL, LGPL)."""


class Pin(NamedTuple):
    """One package of the lock."""

    name: str
    version: str
    hashes: tuple[str, ...]
    """Of its files, SHA-256 in hex."""
    wanted_by: tuple[str, ...]
    """Packages, or `arsync (pyproject.toml)` itself."""
    text: str
    """Its lines, as pip reads them."""
    marker: str
    """The machines it is for, as a PEP 508 marker; empty for all."""

    def applies(self) -> bool:
        """Say whether the package belongs on this machine."""
        from packaging.markers import Marker

        return not self.marker or Marker(self.marker).evaluate()


def normal(name: str) -> str:
    """Return a package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(lock: str) -> list[Pin]:
    """Return the packages of a lock's text; one that differs by machine comes once for each."""
    packages: dict[tuple[str, str, str], Pin] = {}
    for block in re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE):
        match = _PIN.match(block)
        if match is None:
            continue
        lines = block.splitlines()
        wanted = [line.strip().lstrip("#").strip() for line in lines if line.strip()[:1] == "#"]
        name, marker = normal(match[1]), (match[3] or "").strip()
        packages[name, match[2], marker] = Pin(
            name,
            match[2],
            tuple(value for kind, value in HASH.findall(block) if kind == "sha256"),
            tuple(line.removeprefix("via").strip() for line in wanted if line != "via"),
            "\n".join(line for line in lines if line.strip() and line.strip()[:1] != "#") + "\n",
            marker,
        )
    return list(packages.values())


def for_this_machine(locked: Iterable[Pin]) -> dict[str, Pin]:
    """Return the packages that belong on this machine, by their normal name."""
    return {pin.name: pin for pin in locked if pin.applies()}


def faults(lock: str, name: str, wanted: Iterable[str]) -> list[str]:
    """Return what does not hold together in a lock: a missing hash, a host, a wrong package.

    Args:
        lock: its text.
        name: its file name, for the messages.
        wanted: the requirements it must meet, as written in pyproject.toml.
    """
    from packaging.requirements import Requirement

    locked = pins(lock)
    problems = [
        f"{name}: {pin.name} {pin.version} has no SHA-256 hash."
        for pin in locked
        if not pin.hashes or any(len(digest) != 64 for digest in pin.hashes)
    ]
    if "://" in lock:
        problems.append(f"{name}: it names a host; packages come from the index in use.")
    for requirement in map(Requirement, wanted):
        chosen = [pin for pin in locked if pin.name == normal(requirement.name)]
        if not chosen:
            problems.append(f"{name}: {requirement.name} is missing: run `make lock`.")
        problems += [
            f"{name}: {requirement.name} {pin.version} is outside {requirement.specifier}:"
            " run `make lock`."
            for pin in chosen
            if pin.version not in requirement.specifier
        ]
    return problems


def disagreements(locks: Mapping[str, str]) -> list[str]:
    """Return the packages that two locks pin to different versions, for the same machines."""
    versions: dict[tuple[str, str], dict[str, str]] = {}
    for name, lock in locks.items():
        for pin in pins(lock):
            versions.setdefault((pin.name, pin.marker), {})[name] = pin.version
    return [
        f"{package} differs: {', '.join(f'{lock} has {pinned[lock]}' for lock in pinned)}:"
        " run `make lock`."
        for (package, _), pinned in versions.items()
        if len(set(pinned.values())) > 1
    ]


def requirements(project: str) -> dict[str, list[str]]:
    """Return what each lock must meet, by the lock's name, from pyproject.toml's text."""
    tree = tomllib.loads(project)
    groups = tree["dependency-groups"]
    extras = [line for extra in tree["project"]["optional-dependencies"].values() for line in extra]
    run = [*tree["project"]["dependencies"], *extras]
    develop = [line for line in groups["dev"] if isinstance(line, str)]
    return {
        BUILD_LOCK.name: groups["build"],
        RUN_LOCK.name: run,
        DEVELOP_LOCK.name: [*run, *groups["build"], *develop],
    }


def installed_otherwise(locked: Iterable[Pin], installed: Mapping[str, str]) -> list[str]:
    """Return where an environment differs from what is locked.

    Args:
        locked: the packages of the locks, for all machines.
        installed: versions by normal name. arsync itself, and pip that installs, need no lock.
    """
    here = for_this_machine(locked)
    unlocked = [
        f"{name} {version} is installed, and no lock names it for this machine."
        for name, version in sorted(installed.items())
        if name not in here and name not in {"pip", "arsync"}
    ]
    other = [
        f"{name} {installed[name]} is installed, the lock says {pin.version}."
        for name, pin in sorted(here.items())
        if name in installed and installed[name] != pin.version
    ]
    missing = [
        f"{name} {pin.version} is locked and not installed."
        for name, pin in sorted(here.items())
        if name not in installed
    ]
    return [*unlocked, *other, *missing]


def installed(locked: Iterable[Pin]) -> int:
    """Compare this environment with the locks; 1 when anything differs."""
    here = {normal(dist.name): dist.version for dist in metadata.distributions()}
    differences = installed_otherwise(locked, here)
    print("\n".join(differences) or f"installed: {len(here)} packages, each as locked.")
    return 1 if differences else 0


def verdict(report: str, asked: int, why: str = "") -> tuple[int, str]:
    """Return the exit code and the sentence for what pip-audit printed.

    Args:
        report: its JSON; anything else means that it did not get through.
        asked: how many packages it was asked about.
        why: its last words, where it failed.
    """
    try:
        rows = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        rows = []
    audited = [row for row in rows if "vulns" in row]
    hit = [row for row in audited if row["vulns"]]
    lines = [
        f"  {row['name']} {row['version']}: {one['id']}, mended in"
        f" {', '.join(one['fix_versions']) or 'no version yet'}"
        for row in hit
        for one in row["vulns"]
    ]
    if hit:
        count = sum(len(row["vulns"]) for row in hit)
        return 1, "\n".join([f"audit: {count} known vulnerabilities", *lines])
    if not audited:
        return 0, (
            "audit: NOTHING WAS AUDITED: the advisory database gave no answer from here."
            f" Run `make audit` where the package index can be reached.{why and f' ({why})'}"
        )
    left = asked - len(audited)
    rest = f"; {left} of {asked} WERE NOT AUDITED: the database does not know them" if left else ""
    return 0, f"audit: no known vulnerability in {len(audited)} packages{rest}."


def audit(lock: str) -> int:
    """Ask PyPI's advisory database about every locked package, those of development too."""
    locked = pins(lock)
    with tempfile.TemporaryDirectory() as folder:
        # Without the markers: a package that only Windows needs is audited here all the same.
        plain = Path(folder) / "lock.txt"
        plain.write_text("".join(f"{pin.name}=={pin.version}\n" for pin in locked))
        command = [
            sys.executable,
            "-m",
            "pip_audit",
            "--requirement",
            str(plain),
            "--no-deps",
            "--disable-pip",
            "--progress-spinner",
            "off",
            "--format",
            "json",
        ]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=AUDIT_SECONDS_MAX
            )
            said, why = done.stdout, (done.stderr.strip().splitlines() or [""])[-1]
        except subprocess.TimeoutExpired:
            said, why = "", f"no answer within {AUDIT_SECONDS_MAX} s"
    code, sentence = verdict(said, len(locked), "" if said else why)
    print(sentence)
    return code


def sbom(lock: str, target: Path) -> int:
    """Write the packages at run time as CycloneDX JSON; the same lock gives the same bytes."""
    chosen = pins(lock)
    text = "".join(pin.text for pin in chosen)
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "cyclonedx_py",
        "requirements",
        "--pyproject",
        str(PROJECT),
        "--output-reproducible",
        "--output-format",
        "JSON",
        "--output-file",
        str(target),
        "-",
    ]
    target.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(command, input=text, text=True, check=False, capture_output=True)
    if done.returncode:
        print(done.stderr.strip())
        return 1
    print(f"sbom: {target.name} lists {len(chosen)} packages.")
    return 0


def licence(name: str) -> str:
    """Return what an installed package says of its licence; empty when it is not installed."""
    try:
        told = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    listed = [
        one.rpartition("::")[2].strip()
        for one in told.get_all("Classifier") or []
        if one.startswith("License ::") and not one.endswith("OSI Approved")
    ]
    expressions, free = (told.get_all(key) or [] for key in ("License-Expression", "License"))
    text = " AND ".join(expressions or listed or free)
    return text.strip().splitlines()[0] if text.strip() else "(does not say)"


def allowed(text: str) -> bool:
    """Say whether a licence may stand beside arsync's own; of several offered, one is enough."""
    offers = re.split(r"\s+OR\s+", text)
    return any(all(map(PERMISSIVE.search, re.split(r"\s+AND\s+", offer))) for offer in offers)


def licences(lock: str) -> int:
    """List the licences of the packages at run time; 1 when one of them may not be used."""
    code = 0
    for name in dict.fromkeys(pin.name for pin in pins(lock)):
        text = licence(name)
        if text and not allowed(text):
            code = 1
        note = "" if not text or allowed(text) else "   <- MAY NOT BE USED"
        print(f"{name:22} {text or '(not needed on this system)'}{note}")
    return code


def main(words: list[str]) -> int:
    """Run one of the commands; returns the exit code."""
    locks = {path.name: path.read_text(encoding="utf-8") for path in LOCKS}
    wanted = requirements(PROJECT.read_text(encoding="utf-8"))
    broken = [problem for name in locks for problem in faults(locks[name], name, wanted[name])]
    broken += disagreements(locks)
    if broken:
        print("\n".join(broken))
        return 1
    everything = "".join(locks.values())
    match words:
        case ["audit"]:
            return audit(everything)
        case ["sbom", target]:
            return sbom(locks[RUN_LOCK.name], Path(target))
        case ["licences"]:
            return licences(locks[RUN_LOCK.name])
        case ["installed"]:
            return installed(pins(everything))
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
