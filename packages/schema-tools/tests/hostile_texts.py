"""Names and comments that would break a page that wrote them as they are, and a report that is full of them."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from schema_tools.document.relationships import relationships
from schema_tools.document.tbls import tbls_document
from schema_tools.findings import Finding
from schema_tools.migrations.scripts import Revision
from schema_tools.project import SchemaProject
from schema_tools.report.changes import Changes, Step
from schema_tools.report.gathering import Gathered

HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"' onmouseover='alert(1)' x=\"",
    "<!-- script --><!-- data -->",
    "]]>&lt;&amp;\u2028${alert(1)}\\u003c",
    "日本語のテーブル",
    "جدول \u202e الطلبات",
    "🙂👩\u200d👩\u200d👧 e\u0301",
    "n" * 63,
    "with  blanks % and/slashes?#",
)


def hostile_tables() -> sa.MetaData:
    metadata = sa.MetaData()
    before: sa.Table | None = None
    for text in HOSTILE:
        key: list[sa.Column[Any]] = []
        if before is not None:
            key.append(sa.Column("before", sa.ForeignKey(before.columns["id"]), comment=text))
        before = sa.Table(
            text,
            metadata,
            sa.Column("id", sa.Integer, primary_key=True, comment=text, info={"example": text}),
            *key,
            sa.Column(text, sa.Text, server_default=text, comment=text, info={"example": {text: [text]}}),
            sa.Index(f"ix {text}"[:63], text),
            sa.CheckConstraint(f"{text!r} <> ''", name=text),
            comment=text,
        )
    return metadata


def hostile_report(metadata: sa.MetaData, directory: Path) -> Gathered:
    """A report whose revision, changes, findings and lacking parts have every hostile text."""
    revision = Revision(revision=HOSTILE[0], parents=HOSTILE[1:], message=HOSTILE[0], created=None, file=HOSTILE[1])
    aspects = {number: {"definition": text, text: text} for number, text in enumerate(HOSTILE)}
    project = SchemaProject(metadata=metadata, alembic_ini=directory / "alembic.ini")
    return Gathered(
        project=project,
        document=tbls_document(project),
        relationships=relationships(metadata),
        mapped=[],
        revisions=[revision],
        changes=Changes(
            objects=[("table", text, None) for text in HOSTILE],
            steps=[Step(revision=HOSTILE[0], changed=aspects, counts={"added": len(HOSTILE)})],
        ),
        findings=[Finding(rule=text, place=text, message=text, why=text, fix=text) for text in HOSTILE],
        checks=list(HOSTILE),
        lacking=list(HOSTILE),
    )
