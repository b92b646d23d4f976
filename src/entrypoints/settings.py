"""The settings of this service: those that every service has, and its own."""

from enum import StrEnum
from typing import Final

from foundation.setting_values import AuthMode, DatabaseUrl, SettingsError, Storage
from foundation.settings import ServiceSettings

DEFAULT_DATABASE_URL: Final = "sqlite+aiosqlite:///var/service.db"


class AccessPolicy(StrEnum):
    """The rules about which rows a principal may see and change."""

    SCOPES = "scopes"
    OWN_USERS = "own-users"


class Settings(ServiceSettings):
    """Everything an operator may choose. `.env.example` shows each setting with its default."""

    database_url: DatabaseUrl = DEFAULT_DATABASE_URL
    """Where this service keeps its data; see `ServiceSettings`."""

    access_policy: AccessPolicy = AccessPolicy.SCOPES
    """Who sees which users: `scopes` (all who have the scope, all users), or `own-users` (users only themselves)."""

    def check_access(self, storage: Storage) -> None:
        """See `AccessSettings.check_access`."""
        super().check_access(storage)
        if self.access_policy is AccessPolicy.SCOPES:
            return
        if not self.auth_mode:
            raise SettingsError("ACCESS_POLICY=own-users needs to know who asks: set AUTH_MODE.")
        if AuthMode.OIDC in self.auth_mode and self.oidc_owner_claim is None:
            raise SettingsError(
                "ACCESS_POLICY=own-users needs OIDC_OWNER_CLAIM, the claim of tokens that has the id of the user."
            )


def load_settings(**overrides: object) -> Settings:
    """The settings of the environment and `.env`, where `overrides` (by field name) come first.

    Raises:
        SettingsError: a setting has a value it may not have.
    """
    return Settings.load(**overrides)
