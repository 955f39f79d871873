"""Where letters are rendered: what was compiled once is used again, and never too much is kept."""

from __future__ import annotations

from jinja2 import DictLoader, Environment

from arsync.mail.sandboxed import CompiledTexts, environment


def test_a_text_is_compiled_once_for_all_connections() -> None:
    compiled = CompiledTexts()
    texts = {"nudge.txt": "Dear {{ name }}"}
    code = set()
    for _ in range(2):
        letters = Environment(loader=DictLoader(texts), bytecode_cache=compiled, autoescape=False)
        code.add(letters.get_template("nudge.txt").root_render_func.__code__)
        assert letters.get_template("nudge.txt").render(name="Ada") == "Dear Ada"
    assert len(compiled) == len(code) == 1


def test_another_text_of_the_same_name_is_another() -> None:
    for words in ("Dear", "Hello"):
        letters = environment({"nudge.txt": words + " {{ name }}"}, for_html=False)
        assert letters.get_template("nudge.txt").render(name="Ada") == f"{words} Ada"


def test_html_escapes_what_plain_text_shows() -> None:
    shown = {
        for_html: environment({"nudge.txt": "{{ name }}"}, for_html=for_html)
        .get_template("nudge.txt")
        .render(name="A & B")
        for for_html in (False, True)
    }
    assert shown == {False: "A & B", True: "A &amp; B"}


def test_the_text_longest_not_used_is_forgotten() -> None:
    compiled = CompiledTexts(texts_max=2)
    letters = Environment(
        loader=DictLoader({name: name for name in "abc"}),
        bytecode_cache=compiled,
        cache_size=0,
        autoescape=False,
    )
    kept = letters.get_template("a").root_render_func.__code__
    for name in "bac":
        letters.get_template(name)
    assert len(compiled) == 2
    assert letters.get_template("a").root_render_func.__code__ is kept
