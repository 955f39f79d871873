"""The image has no build tools, is not root, and writes into its own folder alone."""

from __future__ import annotations

import fnmatch
import json
import re

from .conftest import COMMAND_NAMES, PROJECT, ROOT, VARIABLES, VERSION, stages, words_of

BUILD, FINAL = stages()


def test_every_stage_begins_with_the_slim_python() -> None:
    assert [stage[0].words.split()[0] for stage in (BUILD, FINAL)] == ["python:3.13-slim"] * 2


def test_packages_are_installed_by_hash_from_locks() -> None:
    (first, _) = words_of(BUILD, "RUN")
    installs = re.findall(r"pip (?:install|wheel) .*?(?= && |$)", first)
    assert len(installs) == 2
    for lock, install in zip(
        ("requirements-build.lock", "requirements.lock"), installs, strict=True
    ):
        assert install.split("-r ")[1].strip() == lock
        assert {"--require-hashes", "--no-deps"} <= set(install.split())


def test_no_build_tool_reaches_the_final_image() -> None:
    assert words_of(FINAL, "COPY") == ["--from=build /opt/arsync /opt/arsync"]
    assert not any("pip" in words or "apt" in words for words in words_of(FINAL, "RUN"))
    assert any("venv --without-pip /opt/arsync" in words for words in words_of(BUILD, "RUN"))


def test_the_user_is_a_number_that_owns_the_volume() -> None:
    (user,) = words_of(FINAL, "USER")
    number, _, group = user.partition(":")
    assert int(number) > 0
    (volume,) = words_of(FINAL, "VOLUME")
    assert words_of(FINAL, "WORKDIR") == [volume]
    (made,) = words_of(FINAL, "RUN")
    assert made.split() == ["install", "-d", "-m", "0700", "-o", number, "-g", group, volume]


def test_variables_of_the_image_are_settings() -> None:
    (environment,) = words_of(FINAL, "ENV")
    names = re.findall(r"\b(ARSYNC_\w+)=", environment)
    assert names
    assert set(names) <= VARIABLES


def test_the_image_runs_commands_that_exist() -> None:
    (entry,), (default,) = words_of(FINAL, "ENTRYPOINT"), words_of(FINAL, "CMD")
    assert json.loads(entry) == ["arsync"]
    assert json.loads(default)[0] in COMMAND_NAMES
    (health,) = words_of(FINAL, "HEALTHCHECK")
    assert health.partition("CMD arsync ")[2].split()[0] in COMMAND_NAMES
    assert words_of(FINAL, "STOPSIGNAL") == ["SIGTERM"]


def test_the_labels_name_this_version_and_licence() -> None:
    labels = dict(
        re.findall(r'opencontainers\.image\.(\w+)="([^"]*)"', words_of(FINAL, "LABEL")[0])
    )
    assert labels["version"] == VERSION
    assert labels["licenses"] == PROJECT["project"]["license"]


def test_the_builder_gets_what_the_wheel_needs_only() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    admitted = {rule[1:] for rule in rules if rule.startswith("!")}
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = [*wheel["packages"], *wheel["shared-data"], "README.md", "LICENSE", "pyproject.toml"]
    assert {path.partition("/")[0] for path in needed} <= admitted
    assert admitted <= {path.name for path in ROOT.iterdir()}
    refused = [rule for rule in rules[1:] if not rule.startswith("!")]
    for secret in ("src/arsync.db", "src/arsync.key"):
        assert any(fnmatch.fnmatch(secret, rule) for rule in refused)
