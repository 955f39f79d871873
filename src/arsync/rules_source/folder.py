"""The rulebook as it stands in the rules folder, and the holidays it names."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from arsync.config import Config
from arsync.core.ledger.late_payment_law import LatePayment
from arsync.core.planning.customer_locale import ANY_REGION, no_holidays
from arsync.core.rulebook import Problem, Rulebook
from arsync.core.rulebook.model import NotRules
from arsync.core.rulebook.reading.extends import Extended, Finder
from arsync.core.rulebook.reading.merge import File, not_rules_of
from arsync.core.rulebook.reading.yaml_nodes import did_you_mean
from arsync.core.rulebook.rules_text import RulesText, rules_text
from arsync.errors import UserMistake
from arsync.files import text_of
from arsync.mail import DEFAULT_LANGUAGE, SHIPPED_NAMES, Letters, TextProblem, languages
from arsync.mail.own_texts import OwnTexts, TextsOf, own_texts
from arsync.rules_source.file_names import names_path, says_nothing
from arsync.rules_source.holiday_regions import in_any_region
from arsync.rules_source.kept_readings import KeptReadings
from arsync.rules_source.listing import RULE_SUFFIXES, DiskListing, Listing
from arsync.rules_source.unread import FolderCheck, UnreadFile
from arsync.rules_source.way_names import way_names

RULEBOOK_FILES_MAX = 200
"""A rules folder with more files is refused: it is not a rules folder."""

RULEBOOK_BYTES_MAX = 5_000_000
"""All files of one rulebook together."""

SHIPPED = "arsync_rulebooks"
"""How problems and evidence show where a shipped rulebook stands."""


class Rules(NamedTuple):
    """What the rules folder gives for one connection."""

    rulebook: Rulebook | None
    """None when there is an error among the problems."""
    problems: tuple[str, ...]
    """Everything wrong with the rulebook and the user's own texts, as people read it."""
    errors: int
    """How many of the problems are errors; the others are warnings."""
    letters: Letters
    effective: tuple[File, ...] = ()
    """The rulebook as it counts, as nodes that know their file and line."""
    not_rules: tuple[NotRules, ...] = ()
    """What it says is meant neither as rules nor as letters."""
    unread: tuple[UnreadFile, ...] = ()
    """What lies beside it, looks meant as rules or letters, and is not read."""
    text: RulesText | None = None
    """Everything it was read from; None when there is an error among the problems."""
    faults: tuple[Problem, ...] = ()
    """The problems, each with its place."""
    doubts: tuple[Problem, ...] = ()
    """What texts of one's own may say that is not so; they leave all the same."""
    shown: str = ""
    """The folder, as people are shown it."""
    look: Callable[[], Listing] | None = None
    """Looks at the folder again; None where single files were read."""


class ReadFrom(NamedTuple):
    """Which rules folder is read, and for whom."""

    shown: str
    """How its files are shown: `rules`, or `HEAD~1:rules`."""
    root: str
    """How they are shown once they are kept: `rules`."""
    connection: str = ""
    """Whose own folder counts; empty: nobody's."""


def rulebook_files(config: Config, connection: str = "") -> list[Path]:
    """Return the files of a connection's rulebook: the folder's, then its own folder's."""
    root = config.rules_folder
    places = [root, root / connection] if connection else [root]
    return [file for place in places if place.is_dir() for file in _yaml_files(place)]


def read_rules(config: Config, connection: str = "") -> Rules:
    """Read the rulebook of a connection and the texts beside it.

    The connection's own folder extends the files that all share, unless it says `extends:` itself.

    Args:
        config: names the folder.
        connection: the connection's name; empty for what all share.

    Raises:
        UserMistake: there is no rules folder, nothing in it, or a file cannot be read.
    """
    folder = config.rules_folder
    shared = rulebook_files(config)
    own = rulebook_files(config, connection)[len(shared) :]
    if not shared and not own:
        raise UserMistake(
            f"there is no rulebook in {folder}."
            "\n    hint: `arsync init` puts one there; any *.yaml in the folder is read"
        )
    return _read(config, folder, own or shared, shared if own else (), connection)


def stray_folders(
    rules: Rules, connection: str, connections: Collection[str]
) -> tuple[UnreadFile, ...]:
    """Return the folders with rules or letters that belong to no connection.

    Args:
        rules: what was read of the rules folder, which is looked at again.
        connection: which connection it is read for.
        connections: the names of all connections, also of removed ones.

    Raises:
        UserMistake: the rules folder cannot be looked at.
    """
    if rules.look is None:
        return ()
    check = FolderCheck(rules.look(), connection, rules.not_rules, rulebook=rules.rulebook)
    return tuple(check.stray_folders(connections))


def strays_of_anybody(rules: Rules, connections: Collection[str]) -> tuple[UnreadFile, ...]:
    """Return the folders that `stray_folders` gives for any of the connections, in one look."""
    if rules.look is None:
        return ()
    listing = rules.look()
    check = FolderCheck(listing, "", rules.not_rules, rulebook=rules.rulebook)
    owners = ["", *check.meant_by_slip(connections)]
    checks = [replace(check, own=owner) for owner in owners]
    strays = [file for check in checks for file in check.stray_folders(connections)]
    return tuple(dict.fromkeys(strays))


def read_paths(config: Config, paths: Sequence[Path]) -> Rules:
    """Read these files, and every *.yaml of these folders, as one rulebook.

    The texts are those of `templates` beside them; where there is no such folder, those of the
    rules folder, in which a draft will stand one day.

    Raises:
        UserMistake: one does not exist, or there is no rulebook among them.
    """
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += _yaml_files(path)
        elif path.is_file():
            files.append(path)
        else:
            raise UserMistake(f"{path}: there is no such file or folder.")
    if not files:
        raise UserMistake(f"there is no *.yaml in {', '.join(map(str, paths))}.")
    first = paths[0]
    return _read(config, first if first.is_dir() else first.parent, files, whole=first.is_dir())


def _yaml_files(folder: Path) -> list[Path]:
    try:
        return [
            file
            for file in sorted(folder.iterdir())
            if file.suffix in RULE_SUFFIXES and file.is_file()
        ]
    except OSError as error:
        raise UserMistake(f"{folder}: {error.strerror}.") from None


def _on_disk(config: Config, root: Path) -> DiskListing:
    return DiskListing(root, lambda path: _shown(path, config.folder), bytes_max=RULEBOOK_BYTES_MAX)


def shipped(name: str, asking: str = "") -> Extended:
    """Find a shipped rulebook by name, for `extends:`.

    Raises:
        LookupError: there is none.
    """
    import arsync_rulebooks

    try:
        return Extended(f"{SHIPPED}/{name}.yaml", arsync_rulebooks.text(name))
    except KeyError:
        names = arsync_rulebooks.names()
        hint = did_you_mean(name, names) or f"known: {', '.join(names)}"
        raise LookupError(f"there is no shipped rulebook {name!r}.\n{hint}") from None


def finder(root: Path, config_folder: Path, files: Sequence[Path]) -> Finder:
    """Return what finds the rulebooks that `extends:` names: shipped ones, or files below a folder.

    Args:
        root: the rules folder; nothing outside of it is read.
        config_folder: names of files are shown from here.
        files: the files that may say `extends:`.
    """
    paths = {_shown(file, config_folder): file for file in files}

    def find(name: str, asking: str) -> Extended:
        if Path(name).suffix not in RULE_SUFFIXES:
            return shipped(name)
        if asking not in paths:
            raise LookupError(f"there is no shipped rulebook {name!r}.")
        file = Path(os.path.normpath(paths[asking].parent / name))
        if not file.resolve().is_relative_to(root.resolve()):
            raise LookupError(
                f"{name!r} leads out of the rules folder.\nput the file into it, or below it"
            )
        if not file.is_file():
            raise LookupError(f"there is no file {name!r} beside {asking}.")
        shown = _shown(file, config_folder)
        paths[shown] = file
        return Extended(shown, text_of(file, bytes_max=RULEBOOK_BYTES_MAX))

    return find


def _read(
    config: Config,
    folder: Path,
    files: Sequence[Path],
    shared: Sequence[Path] = (),
    connection: str = "",
    *,
    whole: bool = True,
) -> Rules:
    if len(files) + len(shared) > RULEBOOK_FILES_MAX:
        raise UserMistake(f"{folder} holds more than {RULEBOOK_FILES_MAX} rulebook files.")
    texts, below = (
        [
            (_shown(file, config.folder), text_of(file, bytes_max=RULEBOOK_BYTES_MAX))
            for file in group
        ]
        for group in (files, shared)
    )
    if sum(len(text) for _, text in texts + below) > RULEBOOK_BYTES_MAX:
        raise UserMistake(f"the rulebook in {folder} is larger than {RULEBOOK_BYTES_MAX:,} bytes.")
    beside = (folder / "templates").is_dir()
    spoken_from = [folder if beside else config.rules_folder]
    if connection:
        spoken_from.append(folder / connection)

    @cache
    def own(code: str) -> OwnTexts:
        return own_texts(spoken_from, code, config.folder)

    # In a rules folder that is the config's own, files are shown by their names alone.
    shown = _shown(folder, config.folder) if folder != config.folder else ""
    root = folder.name if Path(shown).is_absolute() else shown
    rules = rules_from(
        texts,
        below,
        find=finder(folder, config.folder, [*shared, *files]),
        own=own,
        source=ReadFrom(shown, root, connection),
    )
    if not whole:
        return rules
    return with_unread(rules, lambda: _on_disk(config, folder), connection, [*texts, *below])


def with_unread(
    rules: Rules,
    look: Callable[[], Listing],
    connection: str,
    files: Sequence[tuple[str, str]],
) -> Rules:
    """Return what was read, with what lies beside it, looks meant and is not read.

    Args:
        rules: what was read.
        look: looks at the rules folder.
        connection: which connection it is read for; empty: what all share.
        files: (name as shown, text) of each file that was read.
    """
    silent = frozenset(name for name, text in files if says_nothing(text))
    check = FolderCheck(look(), connection, rules.not_rules, silent, rules.rulebook)
    faults = [
        Problem(*exempt.place, f"not_rules names {shown}, which is read.", "remove one of them")
        for exempt, shown in check.contradictions()
    ]
    problems = [str(fault) for fault in faults]
    return rules._replace(
        rulebook=None if problems else rules.rulebook,
        text=None if problems else rules.text,
        problems=(*rules.problems, *problems),
        faults=(*rules.faults, *faults),
        errors=rules.errors + len(problems),
        unread=tuple(check.unread()),
        look=look,
    )


_READINGS = KeptReadings()


def rules_from(
    files: Sequence[tuple[str, str]],
    shared: Sequence[tuple[str, str]],
    *,
    find: Finder,
    own: TextsOf,
    source: ReadFrom,
) -> Rules:
    """Read a rulebook and the texts beside it, wherever they are kept.

    Args:
        files: (name to show, text) of each.
        shared: files that these extend, when none of them says `extends:`.
        find: finds what `extends:` names.
        own: returns the user's own texts of a language. They are read once: letters that leave at
            the end of a run say what those of its beginning said.
        source: where all this was read.
    """

    def letters(code: str, law: LatePayment | None) -> Letters:
        return Letters(code=code, law=law, own=lambda spoken: own(spoken).copy())

    texts = letters(DEFAULT_LANGUAGE, None)
    every_language = [texts, *texts.in_other_languages()]
    names = frozenset(name for spoken in every_language for name in spoken.names)
    reading = _READINGS.read(files, texts=names, shared=shared, find=find, ways=way_names())
    rulebook = reading.rulebook
    faults = list(reading.problems)
    errors = sum(problem.severity == "error" for problem in reading.problems)
    if rulebook is not None:
        spoken = rulebook.sending.language
        if spoken in languages() or rulebook.statutory is not None:
            code = spoken if spoken in languages() else texts.language.code
            texts = letters(code, rulebook.statutory)
        more = [*_unknown_places(rulebook), *_unsaid_in_a_language(rulebook, texts)]
        faults += more
        errors += len(more)
    not_rules = not_rules_of(reading.files)
    # A text that a customer of any language may get is looked at now, not when it is sent.
    wrong = dict.fromkeys(
        problem
        for spoken in every_language
        for problem in spoken.problems
        if not _is_no_letter(not_rules, problem)
    )
    errors += len(wrong)
    spoken_faults = [Problem(text.file, text.line, 1, text.message, text.hint) for text in wrong]
    doubted = dict.fromkeys(warning for spoken in every_language for warning in spoken.warnings)
    return Rules(
        rulebook if not errors else None,
        (*map(str, faults), *map(str, wrong)),
        errors,
        texts,
        tuple(reading.files),
        not_rules,
        faults=(*faults, *spoken_faults),
        doubts=tuple(
            Problem(text.file, text.line, text.column, text.message, text.hint, "warning")
            for text in doubted
            if not _is_no_letter(not_rules, text)
        ),
        text=None if errors else _text_of(reading.texts, texts, source),
        shown=source.shown,
    )


def _text_of(files: Sequence[tuple[str, str]], letters: Letters, source: ReadFrom) -> RulesText:
    return rules_text(
        files,
        list(letters.own_files.items()),
        folder=source.shown,
        root=source.root,
        connection=source.connection,
        shipped=SHIPPED,
    )


def _is_no_letter(not_rules: Sequence[NotRules], problem: TextProblem) -> bool:
    """Return whether the rulebook says that a file among the letters is none."""
    steps = Path(problem.file).parts
    paths = ["/".join(steps[start:]) for start in range(len(steps))]
    return any(names_path(exempt.path, path) for exempt in not_rules for path in paths)


def _unsaid_in_a_language(rulebook: Rulebook, texts: Letters) -> Iterator[Problem]:
    """Yield the steps whose text is missing in a language in which it may be sent."""
    own = [text for text in sorted(rulebook.texts()) if text not in SHIPPED_NAMES]
    codes = {texts.language.code}
    codes |= {customer.language for customer in rulebook.customers if customer.language}
    if "language" in rulebook.sending.by_customers_country:
        codes |= set(languages())
    for code in sorted(codes & set(languages())) if own else ():
        spoken = texts if code == texts.language.code else texts.in_language(code)
        for step in (step for cadence in rulebook.reminders for step in cadence.steps):
            if step.text in own and step.repeat == 1 and not spoken.has(step.text):
                yield Problem(
                    *step.place,
                    f"there is no text {step.text!r} in {spoken.language.name}.",
                    f"put it into templates/ or templates/{code}/",
                )


def _shown(file: Path, folder: Path) -> str:
    try:
        return file.relative_to(folder).as_posix()
    except ValueError:
        return str(file)


def _unknown_places(rulebook: Rulebook) -> list[Problem]:
    """Return what does not exist of what is named: holidays of a place, letters' language."""
    problems: list[Problem] = []
    named = [
        (customer.holidays, customer.language, customer.place) for customer in rulebook.customers
    ]
    sending = rulebook.sending
    for holidays, spoken, place in [(sending.holidays, sending.language, sending.place), *named]:
        if holidays and not holidays_known(holidays):
            problems.append(Problem(*place, *_no_such_place(holidays)))
        if spoken and spoken not in languages():
            hint = f"known: {', '.join(languages())}"
            problems.append(Problem(*place, f"there are no letters in {spoken!r}.", hint))
    return problems


def _no_such_place(place: str) -> tuple[str, str]:
    return f"no holidays are known for {place!r}.", "write a country or region: GB-ENG, DE-BY, US"


def holidays_known(place: str) -> bool:
    """Return whether the holidays of a place are known.

    The library takes half a second to say so: it loads every country. Most places it knows stand in
    a list, so that a check, which editors run at every save, asks it only about others.
    """
    country, region = _country_and_region(place)
    listed = (
        resources.files("arsync.rules_source").joinpath(HOLIDAY_PLACES).read_text(encoding="utf-8")
    )
    for line in listed.splitlines():
        if line.startswith(f"{country} ") or line == country:
            return not region or region in line.split()[1:] or holidays_in(place) is not None
    return holidays_in(place) is not None


HOLIDAY_PLACES = "holiday_places.txt"
"""Each line a country and its regions, ISO 3166: written by docs/generate.py from the library."""


def holidays_of(place: str) -> Callable[[date], bool]:
    """Return whether a day is a public holiday in a place that a person named.

    Raises:
        UserMistake: no such place is known.
    """
    is_holiday = holidays_in(place)
    if is_holiday is None:
        message, hint = _no_such_place(place)
        raise UserMistake(f"{message}\n    hint: {hint}")
    return is_holiday


def _country_and_region(place: str) -> tuple[str, str]:
    country, _, region = place.upper().partition("-")
    if country in {"GB", "UK"}:
        # As a whole it has but the days that England and Scotland share: neither Easter Monday nor
        # a day in August. Letters would leave on bank holidays.
        return "GB", region or "ENG"
    return country, region


@cache
def holidays_in(place: str) -> Callable[[date], bool] | None:
    """Return whether a day is a public holiday in a place; None when its holidays are not known.

    Args:
        place: a country (`DE`) or a region (`GB-ENG`, `US-CA`), ISO 3166; empty: no holidays. The
            United Kingdom, `GB` or `UK`, has the bank holidays of England. `DE-*`: of any region.
    """
    if not place:
        return no_holidays(place)
    if place.endswith(ANY_REGION):
        return in_any_region(place)
    from holidays import country_holidays

    country, region = _country_and_region(place)
    try:
        calendar = country_holidays(country, subdiv=region or None)
    except NotImplementedError:
        return None
    return calendar.__contains__  # type: ignore[no-any-return]
