"""The services of compose.yaml run what exists, with as few rights as they need."""

from __future__ import annotations

from typing import Any

import pytest

from arsync.config.typed_settings import WebSettings, WorkersSettings

from .conftest import COMMAND_NAMES, DRAIN_SECONDS, VARIABLES, VERSION, compose

TREE = compose()
SERVICES: dict[str, dict[str, Any]] = TREE["services"]
OURS = {name: service for name, service in SERVICES.items() if name != "postgresql"}
CONNECTIONS_OF_ONE_WORKER = 4 * WorkersSettings().threads + 5


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_as_few_rights_as_possible(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["restart"]
    assert not service.get("privileged")


@pytest.mark.parametrize("name", OURS)
def test_a_service_runs_this_version_of_a_command(name: str) -> None:
    assert OURS[name]["command"][0] in COMMAND_NAMES
    assert OURS[name]["image"] == f"arsync:{VERSION}"
    assert set(OURS[name]["environment"]) <= VARIABLES


def test_the_database_is_reachable_from_inside_alone() -> None:
    database = SERVICES["postgresql"]
    assert "ports" not in database
    assert database["networks"] == ["store"]
    assert TREE["networks"]["store"] == {"internal": True}
    assert database["healthcheck"]["test"][1] == "pg_isready"


def test_what_listens_is_published_to_this_machine_alone() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    port = WebSettings().port
    assert published == [f"127.0.0.1:{port}:{port}"]
    (check,) = (word for word in SERVICES["desk"]["healthcheck"]["test"] if "urlopen" in word)
    assert f"127.0.0.1:{port}/healthz" in check


def test_secrets_are_files_named_after_settings() -> None:
    files = {name: secret["file"] for name, secret in TREE["secrets"].items()}
    assert all(file == f"./secrets/{name}" for name, file in files.items())
    assert {name for name in files if name.startswith("ARSYNC_")} <= VARIABLES
    for service in SERVICES.values():
        assert set(service["secrets"]) <= set(files)
        assert not any("password" in str(value).lower() for value in _plain_values(service))


def _plain_values(service: dict[str, Any]) -> list[str]:
    environment: dict[str, str] = service["environment"]
    return [value for name, value in environment.items() if not name.endswith("_FILE")]


def test_what_is_written_lies_on_volumes() -> None:
    for service in OURS.values():
        mounts = [volume.split(":") for volume in service["volumes"]]
        writable = {mount[1] for mount in mounts if mount[-1] != "ro"}
        assert writable == {"/var/lib/arsync"}
        folder = service["environment"]["ARSYNC_LETTERS_POST_FOLDER"]
        assert folder.startswith("/var/lib/arsync/")
        assert service["tmpfs"] == ["/tmp:size=256m,mode=1777"]
    named = {volume.split(":")[0] for s in SERVICES.values() for volume in s["volumes"]}
    assert {name for name in named if not name.startswith(".")} == set(TREE["volumes"])


def test_the_database_has_connections_for_three_workers() -> None:
    (setting,) = (w for w in SERVICES["postgresql"]["command"] if w.startswith("max_connections="))
    assert int(setting.partition("=")[2]) >= 3 * CONNECTIONS_OF_ONE_WORKER


def test_a_drain_may_last_as_long_as_a_write() -> None:
    for service in OURS.values():
        assert int(service["stop_grace_period"].removesuffix("s")) >= DRAIN_SECONDS
