"""The settings of this service: those that every service has, and its own."""

from typing import Final

from foundation.setting_values import DatabaseUrl
from foundation.settings import ServiceSettings

DEFAULT_DATABASE_URL: Final = "sqlite+aiosqlite:///var/service.db"


class Settings(ServiceSettings):
    """Everything an operator may choose. `.env.example` shows each setting with its default."""

    database_url: DatabaseUrl = DEFAULT_DATABASE_URL
    """Where this service keeps its data; see `ServiceSettings`."""


def load_settings(**overrides: object) -> Settings:
    """The settings of the environment and `.env`, where `overrides` (by field name) come first.

    Raises:
        SettingsError: a setting has a value it may not have.
    """
    return Settings.load(**overrides)
