"""Files that look meant as rules or letters: which stop, which are let pass, who is stopped."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from arsync.config import Config, load_config
from arsync.rules_source.folder import Rules, read_paths, read_rules, stray_folders
from arsync.rules_source.git import at_revision

RULES = """\
version: 1
currency: GBP
name: Mine
reminders:
  - name: Everyone
    steps:
      - {day: 1, email: first reminder}
      - {day: 9, email: our own words}
"""
ALONE = "leave_alone:\n  - {name: With the solicitor, when: {tag: legal}}\n"
LETTER = "Subject: Your account\n\nPlease pay.\n"
NAMES = frozenset({"xero", "quickbooks", "client-001", "client-002", "removed-one"})


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text("")
    folder = tmp_path / "rules"
    put(folder, "mine.yaml", RULES)
    put(folder, "templates/our own words.txt", LETTER)
    return folder


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if text.startswith("-> "):
        path.symlink_to(text.removeprefix("-> "))
    else:
        path.write_text(text, encoding="utf-8")
    return path


def config_of(rules: Path) -> Config:
    return load_config(rules.parent / "config.toml", {})


def unread(rules: Path, connection: str = "xero") -> list[str]:
    """Return what is not read, for people."""
    config = config_of(rules)
    read = read_rules(config, connection)
    assert read.errors == 0, read.problems
    stray = stray_folders(read, connection, NAMES)
    return [str(file) for file in (*read.unread, *stray)]


@pytest.mark.parametrize(
    ("name", "text", "hint"),
    [
        ("legal.YAML", ALONE, "rename it to legal.yaml"),
        ("legal.Yml", ALONE, "rename it to legal.yaml"),
        ("legal.yaml.txt", ALONE, "rename it to legal.yaml"),
        ("legal.yalm", ALONE, "rename it to legal.yaml"),
        ("legal.yml~", ALONE, "rename it to legal.yaml"),
        ("legal.yaml.bak", ALONE, "rename it to legal.yaml"),
        ("legal.yaml.part", ALONE, "rename it to legal.yaml"),
        ("#legal.yaml#", ALONE, "rename it to legal.yaml"),
        (".legal.yaml.icloud", "", "is a disk or a share not there?"),
        ("legal.yaml", "-> /mnt/share/legal.yaml", "is a disk or a share not there?"),
        ("legal.yaml", "", "write not_rules: [legal.yaml]"),
        ("legal.yaml", "# to do: the solicitor's\n\n", "write not_rules: [legal.yaml]"),
        ("legal", ALONE, "rename it to legal.yaml"),
        ("legal.txt", ALONE, "rename it to legal.yaml"),
        ("legal.yaml/x.md", "", "write not_rules: [legal.yaml]"),
        ("mine.yaml.txt", RULES, "remove one"),
        ("first reminder.txt", LETTER, "move it into templates/"),
        ("Final Notice.docx", "", "move it into templates/"),
        ("xero/legal.YAML", ALONE, "not_rules: [xero/legal.YAML]"),
        ("xero/legal.yaml", "-> nowhere.yaml", "is a disk or a share not there?"),
        ("xero/legal.yaml", "", "write not_rules: [xero/legal.yaml]"),
        ("xero/more/legal.yaml", ALONE, "move it one folder up"),
        ("xero", "-> /mnt/share/xero", "is a disk or a share not there?"),
        ("Xero/legal.yaml", ALONE, "did you mean 'xero'?"),
        ("xeroo/legal.yaml", ALONE, "did you mean 'xero'?"),
        ("Xero/legal.yaml", "-> nowhere", "did you mean 'xero'?"),
        ("somebody/legal.yaml", ALONE, "rename it to a connection's name"),
        ("Templates/first reminder.txt", LETTER, "did you mean 'templates'?"),
        ("template/nudge.docx", "", "did you mean 'templates'?"),
        ("templates/frist reminder.txt", LETTER, "did you mean 'first reminder'?"),
        ("templates/nudge.txt", LETTER, "name it in a step"),
        ("templates/Final Notice.TXT", LETTER, "under the name final notice.txt"),
        ("templates/first reminder.docx", "", "under the name first reminder.txt"),
        ("templates/first reminder.txt.txt", LETTER, "did you mean 'first reminder'?"),
        ("templates/first reminder", LETTER, "under the name first reminder.txt"),
        ("templates/our own word.md", LETTER, "under the name our own words.txt"),
        ("templates/legal.yaml", ALONE, "move it one folder up"),
        ("templates/german/first reminder.txt", LETTER, "the languages are de, en"),
        ("templates/DE/first reminder.txt", LETTER, "the languages are de, en"),
        ("templates/de/frist reminder.txt", LETTER, "did you mean 'first reminder'?"),
        ("xero/templates/frist reminder.txt", LETTER, "did you mean 'first reminder'?"),
    ],
)
def test_what_looks_meant_is_told(rules: Path, name: str, text: str, hint: str) -> None:
    put(rules, name, text)
    (told,) = unread(rules)
    where, _, rest = told.partition("\n    hint: ")
    assert where.startswith("rules/")
    assert hint in rest
    assert "not_rules: [" in rest


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".git/config.yaml", ALONE),
        (".gitignore", "*.bak"),
        (".legal.yaml.swp", ALONE),
        (".#mine.yaml", "-> somebody@host.1234"),
        (".DS_Store", ""),
        ("README", "leave_alone:\n"),
        ("README.md", "```yaml\n" + ALONE + "```\n"),
        ("README.txt", "leave_alone:\n  - ...\n"),
        ("notes.txt", "customers: call them on Monday\nlegal: ask Jane\n"),
        ("policy.docx", ""),
        ("policy.pdf", ""),
        ("customers.csv", "name\n"),
        ("rulebook.schema.json", '{"leave_alone": {}}'),
        ("mine.yaml~", RULES),
        ("mine.yaml.bak", RULES),
        ("mine.bak", RULES),
        ("#mine.yaml#", RULES),
        ("mine.yaml___jb_tmp___", RULES),
        ("legal.yaml.disabled", ALONE),
        ("legal.yaml.example", ALONE),
        ("scenarios/mine.yaml", "scenarios: []\n"),
        ("xero/scenarios/mine.yaml", "scenarios: []\n"),
        ("docs/policy.md", "leave_alone:\n"),
        ("ci/pipeline.yml", "stages: [check]\n"),
        ("archive/notes.txt", "old\n"),
        ("client-001/legal.yaml", ALONE),
        ("client-001/legal.YAML", ALONE),
        ("client-001", "-> /mnt/share/client-001"),
        ("client-002x/legal.yaml", ALONE),
        ("removed-one/rules.yaml", ALONE),
        ("templates/first reminder sms.txt", LETTER),
        ("templates/our_own-words sms.txt", LETTER),
        ("templates/README.txt", "How to write letters.\n"),
        ("templates/README.md", ""),
        ("templates/logo.png", ""),
        ("templates/our own words.txt~", LETTER),
        ("templates/~$our own words.docx", ""),
        ("templates/second reminder.txt", LETTER),
        ("templates/Second_Reminder.txt", LETTER),
        ("templates/de/second reminder.txt", LETTER),
        ("xero/templates/second reminder.txt", LETTER),
        ("templates/drafts/notes.md", ""),
    ],
)
def test_what_is_clearly_not_meant_stops_nothing(rules: Path, name: str, text: str) -> None:
    put(rules, name, text)
    assert unread(rules) == []


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("legal.YAML", ALONE, "legal.YAML"),
        ("legal.yaml.txt", ALONE, "'*.txt'"),
        ("legal.yaml", "# later\n", "legal.yaml"),
        ("legal.yaml", "-> /mnt/share/legal.yaml", "legal.yaml"),
        ("somebody/legal.yaml", ALONE, "somebody/"),
        ("somebody/legal.yaml", ALONE, "somebody/legal.yaml"),
        ("xeroo/legal.yaml", ALONE, "xeroo"),
        ("templates/nudge.txt", LETTER, "nudge.txt"),
        ("templates/notes.txt", "no subject\n", "templates/notes.txt"),
        ("templates/first reminder.docx", "", "'*.docx'"),
    ],
)
def test_not_rules_is_the_way_out(rules: Path, name: str, text: str, said: str) -> None:
    put(rules, name, text)
    put(rules, "mine.yaml", f"{RULES}not_rules: [{said}]\n")
    assert unread(rules) == []


def test_the_hint_can_be_written_as_it_stands(rules: Path) -> None:
    put(rules, "the solicitor's: all.YAML", ALONE)
    (told,) = unread(rules)
    way_out = told[told.index("not_rules:") :]
    put(rules, "mine.yaml", f"{RULES}{way_out}\n")
    assert unread(rules) == []


def test_layers_and_files_each_say_their_own(rules: Path) -> None:
    put(rules, "one.YAML", ALONE)
    put(rules, "two.YAML", ALONE)
    put(rules, "xero/three.YAML", ALONE)
    put(rules, "mine.yaml", f"{RULES}not_rules: one.YAML\n")
    put(rules, "more.yaml", "not_rules: [two.YAML]\n")
    put(rules, "xero/own.yaml", "not_rules: [xero/three.YAML]\n")
    assert unread(rules) == []


def test_what_is_read_cannot_be_said_to_be_none(rules: Path) -> None:
    put(rules, "legal.yaml", ALONE)
    put(rules, "mine.yaml", f"{RULES}not_rules: [legal.yaml]\n")
    read = read_rules(config_of(rules), "xero")
    assert read.rulebook is None
    (problem,) = read.problems
    assert problem.startswith("rules/mine.yaml:9:13: not_rules names rules/legal.yaml")


def test_a_stray_folder_stops_whom_it_may_mean(rules: Path) -> None:
    put(rules, "client-02/legal.yaml", ALONE)
    put(rules, "xero/own.yaml", "name: Own\n")
    assert [bool(unread(rules, name)) for name in ("client-002", "xero")] == [True, False]


def test_a_folder_that_rulebooks_extend_is_read(rules: Path) -> None:
    put(rules, "base/shared.yaml", ALONE + RULES)
    put(rules, "client-001/own.yaml", "extends: ../base/shared.yaml  # all clients\n")
    assert [unread(rules, name) for name in ("client-001", "xero")] == [[], []]


def test_a_misnamed_folder_is_told_before_anything_is_connected(rules: Path) -> None:
    put(rules, "Templates/first reminder.txt", LETTER)
    put(rules, "somebody/legal.yaml", ALONE)
    (told,) = read_rules(config_of(rules)).unread
    assert told.file == "rules/Templates"


def test_a_letter_that_another_connection_sends_is_read(rules: Path) -> None:
    put(rules, "templates/nudge.txt", LETTER)
    step = "reminders: [{name: Everyone, steps: [{day: 3, email: nudge}]}]\n"
    put(rules, "client-001/own.yaml", step)
    assert unread(rules, "xero") == []
    put(rules, "client-001/templates/nudje.txt", LETTER)
    assert "did you mean 'nudge'?" in unread(rules, "client-001")[0]


def test_a_letter_inside_another_is_read(rules: Path) -> None:
    put(rules, "templates/bank details.txt", LETTER)
    inside = LETTER + "{% include 'bank details.txt' %}\n"
    put(rules, "templates/our own words.txt", inside)
    assert unread(rules) == []


def test_a_draft_folder_is_looked_at_too(rules: Path) -> None:
    draft = rules.parent / "draft"
    put(draft, "mine.yaml", RULES.replace("our own words", "second reminder"))
    put(draft, "legal.YAML", ALONE)
    config = config_of(rules)
    (told,) = read_paths(config, [draft]).unread
    assert told.file == "draft/legal.YAML"
    assert read_paths(config, [draft / "mine.yaml"]).unread == ()


def test_a_revision_is_looked_at_too(rules: Path) -> None:
    put(rules, "legal.YAML", ALONE)
    put(rules, "xero/templates/frist reminder.txt", LETTER)
    put(rules, "empty.yaml", "# nothing\n")
    _committed(rules.parent)
    read: Rules = at_revision(config_of(rules), "HEAD", "rules", "xero")
    assert sorted(unread.file for unread in read.unread) == [
        "HEAD:rules/empty.yaml",
        "HEAD:rules/legal.YAML",
        "HEAD:rules/xero/templates/frist reminder.txt",
    ]


def test_a_revision_reads_a_connections_own_letters(rules: Path) -> None:
    put(rules, "xero/templates/our own words.txt", LETTER.replace("Please", "Kindly"))
    _committed(rules.parent)
    config = config_of(rules)
    for read in (read_rules(config, "xero"), at_revision(config, "HEAD", "rules", "xero")):
        assert "Kindly" in "".join(read.letters.wording("our own words"))


def _committed(folder: Path) -> None:
    for words in (
        ("init", "-q"),
        ("add", "."),
        ("-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-qm", "rules"),
    ):
        subprocess.run(["git", "-C", str(folder), *words], check=True)
