"""Settings have the types that they say, and show no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from arsync.config import SETTINGS, Config, TokensSettings, seconds
from arsync.errors import UserMistake


def test_each_setting_has_the_type_that_it_says() -> None:
    config = Config(folder=Path())
    for setting in SETTINGS:
        value = getattr(getattr(config, setting.section), setting.key)
        assert type(value) is (int if setting.whole else str)
        assert not setting.choices or value in setting.choices


def test_no_secret_is_shown_with_the_settings() -> None:
    secrets = {f"{setting.section}.{setting.key}" for setting in SETTINGS if setting.secret}
    assert secrets == {
        "store.url",
        "oidc.client_secret",
        "tokens.key",
        "xero.client_secret",
        "xero.webhook_key",
        "quickbooks.client_secret",
        "quickbooks.webhook_token",
        "smtp.url",
        "sms.token",
        "mailbox.url",
        "alerts.secret",
        "credit_data.companies_house_key",
    }
    config = Config(folder=Path(), tokens=TokensSettings(key="hush"))
    assert "hush" not in f"{config} {config!r} {config.tokens}"


def test_a_connector_without_a_section_has_no_settings() -> None:
    assert Config(folder=Path()).section("sage") == {}


@pytest.mark.parametrize("text", ["15", "m", "1.5h", "5s", "200h", "-1m", ""])
def test_only_plain_durations_within_limits_are_taken(text: str) -> None:
    with pytest.raises(UserMistake):
        seconds(text)
