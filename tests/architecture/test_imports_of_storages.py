"""What a storage needs is imported when it is chosen."""

import subprocess
import sys

PROGRAM = """
import sys
from entrypoints.http.app import create_app
from entrypoints.settings import Settings
create_app(Settings(_env_file=None, database_url=sys.argv[1]))
print(*{name.partition(".")[0] for name in sys.modules})
"""


def imported_for(url: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", PROGRAM, url], capture_output=True, encoding="utf-8", check=True)
    return set(done.stdout.split())


def test_the_command_line_starts_without_a_database_library() -> None:
    program = "import sys, entrypoints.cli.main; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True)
    assert set(done.stdout.split()).isdisjoint({"sqlalchemy", "alembic", "psycopg", "aiosqlite", "fastapi"})


def test_the_memory_needs_no_database_library() -> None:
    assert imported_for("memory://").isdisjoint({"sqlalchemy", "psycopg", "aiosqlite"})
    assert imported_for("postgresql+psycopg://127.0.0.1/service") >= {"sqlalchemy", "psycopg"}
