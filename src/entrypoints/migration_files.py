"""Where the migrations are, and which revisions this release knows."""

from pathlib import Path
from typing import Final

_CHECKOUT: Final = Path(__file__).parents[2]
_PACKAGED: Final = Path(__file__).parent / "migrations"


def migrations_root() -> Path:
    """The directory that holds `alembic.ini` and `alembic/`: the checkout, or the copy inside an installed wheel."""
    return _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT


def known_revisions() -> list[str]:
    """Every revision of this release, the newest last."""
    # Alembic is needed by the first health check, not by the start.
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(migrations_root() / "alembic"))
    return [script.revision for script in scripts.walk_revisions()][::-1]
