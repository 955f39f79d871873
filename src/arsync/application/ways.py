"""Ways that are set up: by which of them a connection's messages can leave."""

from __future__ import annotations

from arsync.config import Config
from arsync.core.actions import Via


def ways_set_up(config: Config) -> frozenset[str]:
    """Return the ways that the settings allow, as `via` names them."""
    has_settings = {
        Via.PLATFORM: True,
        Via.SMTP: bool(config.smtp.url),
        Via.POST: bool(config.letters.post_folder),
        Via.SMS: bool(config.sms.account),
    }
    return frozenset(way.value for way, is_set_up in has_settings.items() if is_set_up)
