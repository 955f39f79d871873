"""The sandbox's switches: one table, set through `POST /_sandbox/settings`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .platform import SandboxSetting
from .transport import is_loopback

SETTINGS: tuple[SandboxSetting, ...] = (
    SandboxSetting(
        "limits", True, "Rate limits and daily caps refuse calls; headers are sent anyhow."
    ),
    SandboxSetting(
        "consent",
        "ask",
        "What the consent page does by itself: ask (a person), allow, refuse.",
        ("ask", "allow", "refuse"),
    ),
    SandboxSetting(
        "consent_organisations",
        "",
        "Whom it chooses by itself: names or ids, with commas; empty: all, or the one that "
        "QuickBooks lets in at a time.",
    ),
    SandboxSetting(
        "debtors",
        False,
        "Debtors pay, promise and dispute as the clock moves (then forwards only).",
    ),
    SandboxSetting("answer_delay_seconds", 0.0, "Every platform answer is held back this long."),
    SandboxSetting(
        "xero_webhook_url", "", "Where Xero's webhooks go (loopback only); empty: nowhere."
    ),
    SandboxSetting("xero_webhook_key", "sandbox-xero-webhook-key", "Signs Xero's webhooks."),
    SandboxSetting("quickbooks_webhook_url", "", "Where QuickBooks' webhooks go (loopback only)."),
    SandboxSetting(
        "quickbooks_webhook_token", "sandbox-quickbooks-verifier", "Signs QuickBooks' webhooks."
    ),
    SandboxSetting("webhook_duplicates", False, "Every webhook is delivered twice."),
    SandboxSetting("webhook_out_of_order", False, "Webhooks waiting together leave newest first."),
    SandboxSetting(
        "smtp_user", "", "User name that the SMTP sink asks for; empty: no login needed."
    ),
    SandboxSetting("smtp_password", "", "Password that the SMTP sink asks for."),
    SandboxSetting(
        "bouncing_addresses",
        "",
        "Addresses with commas: a letter to one is taken, and a report comes back to its sender.",
    ),
    SandboxSetting(
        "replying_addresses", "", "Addresses with commas: of a letter an automatic reply comes."
    ),
)
"""The frame's own switches; each Book adds its own to the table (`Settings.add`)."""


class SettingProblem(ValueError):
    """A switch that does not exist or a value it cannot have."""


class Settings:
    """The switches as they stand."""

    def __init__(self) -> None:
        self.table: dict[str, SandboxSetting] = {}
        self._values: dict[str, Any] = {}
        self.add(SETTINGS)

    def add(self, rows: Iterable[SandboxSetting]) -> None:
        """Offer more switches; a name known already takes the new default and meaning."""
        for row in rows:
            self.table[row.name] = row

    def __getitem__(self, name: str) -> Any:
        if name not in self.table:
            raise KeyError(f"no setting {name!r}; there are: {', '.join(sorted(self.table))}")
        return self._values.get(name, self.table[name].default)

    def set(self, values: Mapping[str, Any]) -> None:
        """Set several switches, or none of them when one is wrong."""
        checked = {name: self._checked(name, value) for name, value in values.items()}
        self._values.update(checked)

    def _checked(self, name: str, value: Any) -> Any:
        if name not in self.table:
            raise SettingProblem(f"no setting {name!r}; there are: {', '.join(sorted(self.table))}")
        default, choices = self.table[name].default, self.table[name].choices
        if isinstance(default, float) and type(value) is int:
            value = float(value)
        if default is not None and type(value) is not type(default):
            raise SettingProblem(f"setting {name!r} is a {type(default).__name__}, not {value!r}")
        if choices and value not in choices:
            raise SettingProblem(f"setting {name!r} is one of {', '.join(map(str, choices))}")
        if name.endswith("_webhook_url") and value and not _is_loopback_url(value):
            raise SettingProblem(f"setting {name!r} is an http address on this computer")
        return value

    def clear(self) -> None:
        """Set every switch back to its default."""
        self._values.clear()

    def as_json(self) -> dict[str, dict[str, Any]]:
        """The whole table with the values that hold now."""
        return {
            row.name: {"value": self[row.name], "default": row.default, "meaning": row.meaning}
            for row in self.table.values()
        }


def _is_loopback_url(url: str) -> bool:
    scheme, _, address = url.partition("://")
    host = address.split("/", 1)[0]
    host = host if host.endswith("]") else host.rsplit(":", 1)[0]
    return scheme == "http" and is_loopback(host)
