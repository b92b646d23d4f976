"""A project whose revisions are written by the tests of the lint, upon the schema of the rules' examples."""

from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import URL, MetaData

from schema_tools.findings import Finding
from schema_tools.lint import lint_revisions
from schema_tools.lint.document import BASE
from schema_tools.lint.rendering import NEXT_REVISION
from schema_tools.migrations import runner
from schema_tools.migrations.lock_file import write_lock
from schema_tools.project import SchemaProject

ENVIRONMENT = """\
from schema_tools.environment import run
from sqlalchemy import URL, MetaData

run(MetaData(), lambda: "")
"""

ROWS = """
INSERT INTO teams SELECT number, 'Team ' || number FROM generate_series(1, 20) AS number;
INSERT INTO members (id, team_id, email, name, age)
SELECT number, number % 20 + 1, number || '@example.com', 'User ' || number, number % 80 + 1
FROM generate_series(1, 2500) AS number;
UPDATE members SET mood = 'sad' WHERE id % 2 = 0;
INSERT INTO orders SELECT number, number % 2500 + 1, 10 FROM generate_series(1, 3000) AS number;
INSERT INTO logs SELECT number, 'started' FROM generate_series(1, 2500) AS number;
INSERT INTO bookings VALUES ('[2025-01-01,2025-01-03)'), ('[2025-02-01,2025-02-03)');
INSERT INTO events SELECT number, DATE '2025-06-01' + number FROM generate_series(1, 300) AS number;
REFRESH MATERIALIZED VIEW team_sizes;
"""

_KNOWN: dict[tuple[str, ...], tuple[Finding, ...]] = {}


@dataclass
class LintProject:
    """Migrations in a directory: the base of the examples, and what a test adds."""

    directory: Path
    names: list[str] = field(default_factory=list)

    @classmethod
    def made(cls, directory: Path, base: str = BASE) -> "LintProject":
        """A project with one revision, `base`."""
        (directory / "alembic" / "versions").mkdir(parents=True)
        (directory / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/alembic\n")
        (directory / "alembic" / "env.py").write_text(ENVIRONMENT)
        project = cls(directory)
        project.add(base)
        return project

    @property
    def project(self) -> SchemaProject:
        """The project, as the tools want it."""
        return SchemaProject(metadata=MetaData(), alembic_ini=self.directory / "alembic.ini")

    def add(self, body: str, before: str = "") -> Path:
        """Write a revision after the last one; its `upgrade()` begins at line 10, if there is nothing `before` it."""
        name = f"r{len(self.names):03}"
        file = self.directory / "alembic" / "versions" / f"{name}.py"
        indented = "".join(f"    {line}\n" if line else "\n" for line in body.strip("\n").splitlines())
        file.write_text(
            f"import sqlalchemy as sa\nfrom alembic import op\n\nrevision = {name!r}\n"
            f"down_revision = {self.names[-1] if self.names else None!r}\n{before}\n\n\n"
            f"def upgrade() -> None:\n{indented}\n\ndef downgrade() -> None:\n    pass\n"
        )
        self.names.append(name)
        return file

    def add_all(self, bodies: str) -> list[str]:
        """Write a revision for each of the bodies that a safe form consists of, and give their names."""
        known = len(self.names)
        for body in bodies.split(NEXT_REVISION):
            self.add(body)
        return self.names[known:]

    def upgrade(self, url: str | URL, to: str = "head") -> list[str]:
        """Run them on the database at `url`, and give the revisions that were applied."""
        write_lock(self.project)
        return [one.revision for one in runner.upgrade(self.project, url, to)]

    def findings(self) -> list[Finding]:
        """What the lint finds after the base; the same files are read once, however many tests ask."""
        files = sorted((self.directory / "alembic").rglob("*.py"))
        key = tuple(file.read_text() for file in files)
        if key not in _KNOWN:
            _KNOWN[key] = tuple(lint_revisions(self.project, self.names[1:]))
        return list(_KNOWN[key])


def rules_of(findings: list[Finding]) -> set[str]:
    """The rules that are broken."""
    return {one.rule for one in findings}
