"""Files that hold secrets or customers' data are for their owner alone, and no link leads away."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from arsync.clock import SystemClock
from arsync.errors import UserMistake
from arsync.files import new_private_folder, write_private
from arsync.store import open_store
from arsync.store.admin.encryption_keys import Keys
from arsync.store.db.database import Database
from arsync.store.db.locks import Locks

from ..cli.conftest import Shell  # noqa: TID252 - tests are no installed package

pytestmark = pytest.mark.skipif(os.name != "posix", reason="rights as POSIX has them")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    """What a careless computer gives new files."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("ARSYNC_")]:
        monkeypatch.delenv(name)
    return Shell(tmp_path, capsys)


def test_the_store_and_its_neighbours_are_private(tmp_path: Path) -> None:
    file = tmp_path / "arsync.db"
    open_store(f"sqlite:///{file}", clock=SystemClock()).close()
    database = Database(f"sqlite:///{file}")
    with (
        Locks(database).held("run-1", wait_seconds=0, busy="busy"),
        database.write() as connection,
    ):
        connection.exec_driver_sql("CREATE TABLE more (x)")
        modes = {path.name: mode(path) for path in tmp_path.iterdir()}
    database.engine.dispose()
    assert {"arsync.db", "arsync.db-wal", "arsync.db-shm", "arsync.db-lock-run-1"} <= set(modes)
    assert {name for name, rights in modes.items() if rights & 0o077} == set()


def test_the_key_is_private_and_leaves_no_draft(tmp_path: Path) -> None:
    Keys(file=tmp_path / "arsync.key").cipher(create=True)
    assert {path.name: mode(path) for path in tmp_path.iterdir()} == {"arsync.key": 0o600}


def test_the_config_from_init_is_private(empty: Shell) -> None:
    assert empty("init").code == 0
    assert mode(empty.folder / "config.toml") == 0o600


def test_a_file_of_customer_data_is_created_private(tmp_path: Path) -> None:
    write_private(tmp_path / "report.csv", "Jane,1\r\n")
    assert mode(tmp_path / "report.csv") == 0o600
    assert (tmp_path / "report.csv").read_bytes() == b"Jane,1\r\n"


def test_a_file_that_its_owner_shared_stays_shared(tmp_path: Path) -> None:
    file = tmp_path / "report.csv"
    file.write_text("old")
    file.chmod(0o640)
    write_private(file, "new")
    assert (mode(file), file.read_text()) == (0o640, "new")
    assert list(tmp_path.iterdir()) == [file]


def test_a_link_of_ours_is_followed(tmp_path: Path) -> None:
    target, link = tmp_path / "target.csv", tmp_path / "link.csv"
    target.write_text("old")
    link.symlink_to(target)
    write_private(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give files away")
def test_a_planted_link_is_never_followed(tmp_path: Path) -> None:
    victim, link = tmp_path / "victim", tmp_path / "arsync.db"
    victim.write_text("theirs")
    link.symlink_to(victim)
    os.lchown(link, 4242, 4242)
    with pytest.raises(UserMistake, match="a link that another user"):
        write_private(link, "ours")
    with pytest.raises(UserMistake, match="a link that another user"):
        open_store(f"sqlite:///{link}", clock=SystemClock())
    with pytest.raises(UserMistake, match="a link that another user"):
        Keys(file=link).cipher(create=True)
    assert victim.read_text() == "theirs"


def lock_a_store(file: Path) -> None:
    database = Database(f"sqlite:///{file}")
    with Locks(database).held("run-1", wait_seconds=0, busy="busy"):
        database.engine.dispose()


def test_a_planted_lock_or_journal_link_is_never_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("theirs")
    for name in ("arsync.db-lock-run-1", "arsync.db-wal", "arsync.db-shm", "arsync.db-journal"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).symlink_to(victim)
        with pytest.raises(UserMistake, match=name):
            lock_a_store(folder / "arsync.db")
    assert victim.read_text() == "theirs"


def test_a_backup_replaces_a_link_without_following_it(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'arsync.db'}", clock=SystemClock())
    (tmp_path / "backup.db").symlink_to(tmp_path / "elsewhere.db")
    (tmp_path / ".backup.db.part").symlink_to(tmp_path / "elsewhere.db")
    with pytest.raises(UserMistake, match="another backup is being written"):
        store.back_up(tmp_path / "backup.db")
    (tmp_path / ".backup.db.part").unlink()
    store.back_up(tmp_path / "backup.db")
    store.close()
    assert not (tmp_path / "elsewhere.db").exists()
    assert mode(tmp_path / "backup.db") == 0o600


def test_a_new_folder_and_its_files_are_the_owners(tmp_path: Path) -> None:
    new_private_folder(tmp_path / "pack", {"a.txt": b"one", "letters/b.pdf": b"two"})
    assert (tmp_path / "pack" / "letters" / "b.pdf").read_bytes() == b"two"
    assert mode(tmp_path / "pack") == mode(tmp_path / "pack" / "letters") == 0o700
    assert mode(tmp_path / "pack" / "a.txt") == 0o600


def test_a_taken_folder_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "mine").mkdir()
    for name in ("dangling", "mine"):
        with pytest.raises(UserMistake, match="is there already"):
            new_private_folder(tmp_path / name, {"a": b""})
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["dangling", "mine"]


def test_a_folder_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UserMistake):
        new_private_folder(tmp_path / "pack", {"a": b"", "a/b": b""})
    assert list(tmp_path.iterdir()) == []
