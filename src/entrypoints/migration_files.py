"""Where the migrations are, and which revision this release needs."""

from pathlib import Path
from typing import Final

_CHECKOUT: Final = Path(__file__).parents[2]
_PACKAGED: Final = Path(__file__).parent / "migrations"


def migrations_root() -> Path:
    """The directory that holds `alembic.ini` and `alembic/`: the checkout, or the copy inside an installed wheel."""
    return _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT


def migrations_head() -> str | None:
    """The newest revision; None when there is none."""
    # Alembic is needed by the first health check, not by the start.
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(migrations_root() / "alembic")).get_current_head()
