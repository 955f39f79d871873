"""The same texts are read once, and whatever has changed is read again."""

from __future__ import annotations

from arsync.core.rulebook.reading.extends import Extended, Finder, found_nowhere
from arsync.core.rulebook.reading.reader import Reading
from arsync.rules_source.kept_readings import KeptReadings

TEXT = "version: 1\nname: Ours\ncurrency: GBP\n"
OTHER = TEXT.replace("Ours", "Theirs")
EXTENDING = "extends: base\n"


def read(readings: KeptReadings, text: str = TEXT, find: Finder = found_nowhere) -> Reading:
    return readings.read([("r.yaml", text)], texts=(), shared=(), find=find, ways=())


def base(text: str) -> Finder:
    return lambda _name, _asking: Extended("base.yaml", text)


def test_the_same_texts_are_read_once() -> None:
    readings = KeptReadings()
    reading = read(readings)
    assert reading.rulebook is not None
    assert read(readings) is reading


def test_another_text_or_another_name_is_read() -> None:
    readings = KeptReadings()
    reading = read(readings)
    other = read(readings, OTHER)
    assert other.rulebook is not None
    assert other.rulebook.name == "Theirs"
    renamed = readings.read(
        [("s.yaml", TEXT)], texts=(), shared=(), find=found_nowhere, ways=("post",)
    )
    assert renamed is not reading
    assert read(readings) is reading


def test_a_rulebook_is_read_again_when_its_base_changed() -> None:
    readings = KeptReadings()
    reading = read(readings, EXTENDING, base(TEXT))
    assert reading.rulebook is not None
    assert read(readings, EXTENDING, base(TEXT)) is reading
    changed = read(readings, EXTENDING, base(OTHER))
    assert changed.rulebook is not None
    assert (reading.rulebook.name, changed.rulebook.name) == ("Ours", "Theirs")
    gone = read(readings, EXTENDING)
    assert gone.rulebook is None
    assert gone.problems


def test_a_rulebook_with_an_error_is_read_each_time() -> None:
    readings = KeptReadings()
    wrong = read(readings, "version: 1\n")
    assert wrong.rulebook is None
    assert read(readings, "version: 1\n") is not wrong


def test_no_more_are_kept_than_allowed() -> None:
    readings = KeptReadings(readings_max=2)
    first = read(readings)
    second = read(readings, OTHER)
    assert read(readings) is first
    read(readings, TEXT.replace("Ours", "Whose"))
    assert read(readings) is first, "it was asked for later than the second"
    assert read(readings, OTHER) is not second
