"""Alembic's way into the service: which mapping, and which database when nobody hands in a connection."""

from alembic.util import CommandError

from adapters.sqlalchemy.tables import metadata
from schema_tools.environment import run


def configured_url() -> str:
    """The database that the settings name."""
    # Imported here because no settings are needed when a connection is handed in.
    from entrypoints.settings import load_settings
    from foundation.setting_values import SettingsError

    try:
        return load_settings().migrated_url
    except SettingsError as error:
        raise CommandError(str(error)) from error


run(metadata, configured_url)
