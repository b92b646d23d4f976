"""What the reports look like in a terminal of 80 columns: paragraphs that hang, and code that is not torn apart."""

import os
import subprocess
import sys
from pathlib import Path

from lint_project import LintProject

COLUMNS = 80


def in_terminal(directory: Path, *arguments: str) -> list[str]:
    """The lines that a command writes to a terminal, without colours."""
    ours, theirs = os.openpty()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schema_tools", *arguments),
            *("--metadata", "tables:metadata", "--config", str(directory / "alembic.ini")),
        ],
        cwd=directory,
        env={**os.environ, "COLUMNS": str(COLUMNS), "NO_COLOR": "1", "TERM": "dumb"},
        stdout=theirs,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(theirs)
    assert done.returncode == 1, done.stderr
    with os.fdopen(ours, "rb") as terminal:
        return terminal.read1(100_000).decode().splitlines()


def test_prose_hangs_and_code_and_addresses_are_whole(tmp_path: Path) -> None:
    lint = LintProject.made(tmp_path)
    (tmp_path / "tables.py").write_text("from sqlalchemy import MetaData\n\nmetadata = MetaData()\n")
    lint.add('op.create_foreign_key("fk_members_teams", "members", "teams", ["team_id"], ["id"], ondelete="SET NULL")')

    (found,) = lint.findings()
    lines = in_terminal(tmp_path, "lint")

    assert lines[0] == f"{found.place}  {found.rule}"
    words = " ".join(line.strip() for line in lines)
    assert f"{found.message} why: {found.why}" in words
    prose = lines[1 : lines.index("    op.execute(")]
    assert all(line.startswith("  ") for line in prose)
    assert all(len(line) <= COLUMNS for line in prose if "https:" not in line)
    assert [f"    {line}" if line else "" for line in found.fix.splitlines()] == lines[1 + len(prose) : -1]
