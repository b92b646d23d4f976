"""The command that reads the audit trail."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from foundation.cli.output import Format, FormatOption
from foundation.cli.program import ContainerT, Program
from foundation.cli.records import first_records, time_option, write_records
from foundation.kernel.audit_trail import AuditEntry, AuditFilter, AuditSort

if TYPE_CHECKING:
    from foundation.kernel.audit_trail import AuditQueries


def add_audit_trail(
    app: typer.Typer, program: Program[Any, ContainerT], queries: Callable[[ContainerT], "AuditQueries"]
) -> None:
    """Add the command `audit-trail` to `app`."""

    @app.command("audit-trail")
    def audit_trail(
        entity: Annotated[str | None, typer.Option(help="Only what was done to rows of this table.")] = None,
        entity_id: Annotated[
            int | None, typer.Option("--id", help="Only what was done to the row with this id.")
        ] = None,
        principal: Annotated[str | None, typer.Option(help="Only what this principal did, such as api-key:7.")] = None,
        request_id: Annotated[str | None, typer.Option(help="Only what this request did.")] = None,
        since: Annotated[datetime | None, time_option("Only what was done later.")] = None,
        until: Annotated[datetime | None, time_option("Only what was done earlier.")] = None,
        limit: Annotated[int, typer.Option(min=1, help="At most this many entries.")] = 50,
        output: FormatOption = Format.TEXT,
    ) -> None:
        """Show who did what to which row, the latest entry first.

        The entry of an import stands for the rows that were created at its time.
        """
        where = AuditFilter(principal, entity, entity_id, request_id, since, until)
        entries = program.run(
            lambda container: first_records(
                lambda size, after: queries(container).list(where, AuditSort.ID_DESCENDING, size, after), limit
            )
        )
        write_records(AuditEntry._fields, entries, output)
