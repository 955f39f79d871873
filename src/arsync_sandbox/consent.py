"""The page on which a person lets an app into an organisation."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from .platform import SandboxOrganisation

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
  body {{ font: 16px/1.5 system-ui, sans-serif; background: #f3f5f7; color: #1d2733; margin: 0 }}
  main {{ max-width: 30rem; margin: 8vh auto; padding: 2rem; background: #fff;
         border-radius: 12px; box-shadow: 0 2px 16px #0002 }}
  h1 {{ font-size: 1.35rem; margin: 0 0 1rem }}
  small {{ color: #5c6b7a }}
  label {{ display: block; margin: .3rem 0 }}
  fieldset {{ border: 1px solid #d5dce3; border-radius: 8px; margin: 1rem 0 }}
  code {{ font-size: .85rem }}
  button {{ font: inherit; padding: .55rem 1.4rem; border-radius: 8px; cursor: pointer;
           border: 1px solid #b8c2cc; background: #fff }}
  button.main {{ background: #0b6bcb; border-color: #0b6bcb; color: #fff }}
</style>
<main>
{content}
</main>
</html>
"""


def consent_page(
    platform: str,
    app: str,
    organisations: Iterable[SandboxOrganisation],
    scopes: Iterable[str],
    *,
    only_one: bool,
) -> str:
    """Return the page that asks; its form posts `decision` and `organisation` back to it."""
    kind = "radio" if only_one else "checkbox"
    choices = "\n".join(
        f'<label><input type="{kind}" name="organisation" value="{escape(row.id)}"'
        f"{' checked' if index == 0 or not only_one else ''}> "
        f"{escape(row.name)} <small>{escape(row.country)}, {escape(row.currency)}</small></label>"
        for index, row in enumerate(organisations)
    )
    listed_scopes = "\n".join(f"<li><code>{escape(scope)}</code></li>" for scope in scopes)
    content = f"""<small>{escape(platform)}, local sandbox</small>
<h1>{escape(app)} asks for access</h1>
<form method="post">
<fieldset><legend>Organisation</legend>
{choices}
</fieldset>
<p>It may then use:</p>
<ul>
{listed_scopes}
</ul>
<button class="main" name="decision" value="allow">Allow</button>
<button name="decision" value="refuse">Refuse</button>
</form>"""
    return PAGE.format(title=f"{escape(app)} asks for access", content=content)


def problem_page(platform: str, code: str, detail: str) -> str:
    """Return the page for a request that cannot be sent back to the app."""
    content = f"""<small>{escape(platform)}, local sandbox</small>
<h1>This app cannot be let in</h1>
<p>{escape(detail)}</p>
<p><code>{escape(code)}</code></p>"""
    return PAGE.format(title="This app cannot be let in", content=content)
