"""By post: the contract, the files, and what a process that died leaves behind."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pikepdf
import pytest
from msgspec.structs import replace

from arsync.channels.contract_tests import (
    A_KEY,
    A_PDF,
    DAY,
    REACHABLE,
    ChannelBench,
    ChannelContract,
    a_message,
    trace_of,
)
from arsync.channels.joined_letters import PAGES_MAX, add_to_joined
from arsync.channels.post import (
    FULL_SECONDS,
    REGISTER,
    PostChannel,
    _Register,
    draft_name,
    write_whole,
)
from arsync.config import Config
from arsync.errors import Rejected, RetryLater, UserMistake
from arsync.mail import Attachment

CUSTOMER = REACHABLE._replace(address=("1 High Street", "Leeds LS1 4AP"))


class PostBench:
    contact = CUSTOMER
    secrets: Sequence[str] = ()
    can_look_up = True

    def __init__(self, config: Config) -> None:
        self.config = config
        self.channel = PostChannel(write=self._write)
        self.without_settings = replace(config, letters=replace(config.letters, post_folder=""))
        self.root = config.folder / "post"
        self.root.mkdir()
        self.day = self.root / "acme" / DAY.isoformat()
        self.fails: list[int] = []
        """What the disk says to the next files, one by one."""

    def delivered(self) -> Sequence[str]:
        return [file.name for file in sorted(self.root.glob("*/*/0*.pdf"))]

    def away(self) -> None:
        self.fails.append(errno.ENOSPC)

    def lose_answer(self) -> bool:
        return False

    def is_later(self) -> None:
        pass

    def _write(self, file: Path, content: bytes) -> None:
        if self.fails:
            raise OSError(self.fails[0], os.strerror(self.fails.pop(0)))
        write_whole(file, content)

    def hidden(self) -> list[str]:
        """Return what lies in the day's folder besides letters."""
        return sorted(path.name for path in self.day.glob(".*"))


def a_bench(configured: Callable[[str], Config]) -> PostBench:
    return PostBench(configured('[letters]\npost_folder = "post"\n'))


@pytest.fixture
def bench(configured: Callable[[str], Config]) -> PostBench:
    return a_bench(configured)


class TestPost(ChannelContract):
    @pytest.fixture
    def bench(self, configured: Callable[[str], Config]) -> ChannelBench:
        return a_bench(configured)


def delivered(bench: PostBench, number: int = 0, title: str = "final notice") -> str:
    """Deliver a letter and return its file's name."""
    key = f"{number:016x}" * 2
    message = a_message(bench, key, title)
    bench.channel.prepare(bench.config, message)
    return bench.channel.deliver(bench.config, message).reference


def test_a_files_name_serves_people_and_look_ups(bench: PostBench) -> None:
    receipt = bench.channel.deliver(bench.config, a_message(bench))
    name = "0001 Acme Ltd second reminder N-7 3f9a3f9a3f9a3f9a.pdf"
    assert receipt.reference == name
    assert receipt.detail == f"in the post folder: acme/2026-11-30/{name}; to be posted"
    assert (bench.day / name).read_bytes() == A_PDF
    assert (bench.day / name).stat().st_mode & 0o077 == 0
    assert bench.day.stat().st_mode & 0o077 == 0


def test_a_name_leads_to_no_other_folder(bench: PostBench) -> None:
    odd = a_message(bench)._replace(customer="../../etc/passwd", connection="../b:c")
    name = bench.channel.deliver(bench.config, odd).reference
    (file,) = bench.root.glob("*/*/0*.pdf")
    assert file.name == name
    assert file.is_relative_to(bench.root)
    assert file.name.endswith(f" {A_KEY[:16]}.pdf")


def test_the_longest_words_leave_room_for_the_key(bench: PostBench) -> None:
    long = a_message(bench)._replace(customer="Ä" * 300, title="b" * 300, notice_number="9" * 99)
    name = bench.channel.deliver(bench.config, long).reference
    assert len(name) <= 100
    assert name.endswith(f" {A_KEY[:16]}.pdf")


def test_letters_are_joined_in_the_order_of_their_files(bench: PostBench) -> None:
    names = [delivered(bench, number) for number in range(1, 4)]
    assert names == sorted(names)
    with pikepdf.open(bench.day / "to print.pdf") as joined:
        assert len(joined.pages) == 3
        with joined.open_outline() as outline:
            assert [f"{item.title}.pdf" for item in outline.root] == names
    assert (bench.day / "to print.pdf").stat().st_mode & 0o077 == 0


def test_what_was_taken_away_is_not_printed_again(bench: PostBench) -> None:
    delivered(bench, 1)
    (bench.day / "to print.pdf").unlink()
    delivered(bench, 2)
    with pikepdf.open(bench.day / "to print.pdf") as joined:
        assert len(joined.pages) == 1


def test_a_letter_is_joined_once(bench: PostBench) -> None:
    name = delivered(bench, 1)
    assert add_to_joined(bench.day, f"{1:016x}" * 2, bench.day / name) == ""
    with pikepdf.open(bench.day / "to print.pdf") as joined:
        assert len(joined.pages) == 1


def test_a_full_joined_file_is_followed_by_another(bench: PostBench) -> None:
    bench.day.mkdir(parents=True)
    with pikepdf.new() as full:
        for _ in range(PAGES_MAX):
            full.add_blank_page()
        full.save(bench.day / "to print.pdf")
    delivered(bench, 1)
    with pikepdf.open(bench.day / "to print 2.pdf") as joined:
        assert len(joined.pages) == 1


def test_a_letter_that_cannot_be_joined_is_delivered(bench: PostBench) -> None:
    bench.day.mkdir(parents=True)
    (bench.day / "to print.pdf").write_text("no PDF")
    receipt = bench.channel.deliver(bench.config, a_message(bench))
    assert receipt.detail.endswith('; to be posted; it is not in "to print.pdf"')
    assert len(bench.delivered()) == 1


def test_the_same_letter_is_put_there_once(bench: PostBench) -> None:
    first = bench.channel.deliver(bench.config, a_message(bench))
    assert bench.channel.deliver(bench.config, a_message(bench)).reference == first.reference
    assert len(bench.delivered()) == 1


def test_a_letter_that_was_taken_out_was_delivered(bench: PostBench) -> None:
    trace = trace_of(bench, a_message(bench))
    name = bench.channel.deliver(bench.config, a_message(bench)).reference
    (bench.day / name).unlink()
    receipt = bench.channel.look_up(bench.config, trace)
    assert receipt is not None
    assert "was taken out" in receipt.detail


@pytest.mark.parametrize("registered", [False, True])
def test_a_draft_that_a_dead_process_left_never_came(bench: PostBench, registered: bool) -> None:
    trace = trace_of(bench, a_message(bench))
    delivered(bench, 1)
    draft = bench.day / draft_name(A_KEY)
    draft.write_bytes(A_PDF[:20])
    if registered:
        _Register(bench.day).add(A_KEY, "0002 x.pdf")
    for _ in range(2):
        assert bench.channel.look_up(bench.config, trace) is None
    assert not draft.exists()
    assert bench.hidden() == [REGISTER]
    bench.channel.deliver(bench.config, a_message(bench))
    assert len(bench.delivered()) == 2


def test_half_a_line_of_the_register_names_no_letter(bench: PostBench) -> None:
    trace = trace_of(bench, a_message(bench))
    delivered(bench, 1)
    with (bench.day / REGISTER).open("a") as register:
        register.write(f"\n{A_KEY[:9]}")
    assert bench.channel.look_up(bench.config, trace) is None
    name = bench.channel.deliver(bench.config, a_message(bench)).reference
    found = bench.channel.look_up(bench.config, trace)
    assert found is not None
    assert found.reference == name


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE])
def test_a_disk_that_is_full_is_tried_again(bench: PostBench, code: int) -> None:
    bench.fails.append(code)
    with pytest.raises(RetryLater) as later:
        bench.channel.deliver(bench.config, a_message(bench))
    assert later.value.after_seconds == FULL_SECONDS
    assert (bench.delivered(), bench.hidden()) == ([], [])


def test_half_a_letter_never_stays(bench: PostBench) -> None:
    """The real thing: the system lets a file grow so far, and no further."""
    most = 100_000
    large = a_message(bench)._replace(pdf=A_PDF + b"%" * (2 * most))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        with pytest.raises(UserMistake, match="File too large"):
            bench.channel.deliver(bench.config, large)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (bench.delivered(), bench.hidden()) == ([], [])


def test_a_missing_folder_is_not_made(bench: PostBench) -> None:
    bench.root.rmdir()
    for ask in (
        lambda: bench.channel.prepare(bench.config, a_message(bench)),
        lambda: bench.channel.deliver(bench.config, a_message(bench)),
    ):
        with pytest.raises(UserMistake, match="make it, or connect the drive"):
            ask()
    assert "there is no folder" in bench.channel.obstacle(bench.config)
    assert bench.channel.settings_problem(bench.config) == "", "a plan goes by the settings"
    assert not bench.root.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_locked_folder_is_a_mistake(bench: PostBench) -> None:
    bench.root.chmod(0o500)
    with pytest.raises(UserMistake, match="nothing can be written"):
        bench.channel.deliver(bench.config, a_message(bench))


def test_a_file_instead_of_a_folder_is_refused(bench: PostBench) -> None:
    (bench.root / "acme").write_text("no folder")
    with pytest.raises(UserMistake, match=r"\[letters\] post_folder"):
        bench.channel.deliver(bench.config, a_message(bench))


def test_a_planted_link_is_not_written_through(bench: PostBench, tmp_path: Path) -> None:
    target = tmp_path / "precious.txt"
    target.write_text("keep")
    bench.day.mkdir(parents=True)
    for name in (draft_name(A_KEY), REGISTER, "to print.pdf"):
        (bench.day / name).unlink(missing_ok=True)
        (bench.day / name).symlink_to(target)
        with suppress(UserMistake):
            bench.channel.deliver(bench.config, a_message(bench))
        (bench.day / name).unlink(missing_ok=True)
        assert target.read_text() == "keep"


def test_what_is_enclosed_is_printed_behind_the_letter(bench: PostBench) -> None:
    files = (Attachment("statement.pdf", A_PDF), Attachment("INV-7.pdf", A_PDF))
    message = a_message(bench)._replace(attachments=files)
    name = bench.channel.deliver(bench.config, message).reference
    with pikepdf.open(bench.day / name) as printed:
        assert len(printed.pages) == 3


def test_an_enclosure_that_is_no_paper_is_refused(bench: PostBench) -> None:
    message = a_message(bench)._replace(attachments=(Attachment("INV-7.pdf", b"<html>"),))
    with pytest.raises(Rejected, match=r"INV-7\.pdf cannot be printed"):
        bench.channel.prepare(bench.config, message)
    assert bench.delivered() == []
