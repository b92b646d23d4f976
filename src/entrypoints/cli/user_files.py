"""`fastapi-service users import` and `export`: files of users, from a terminal."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

from application.users.import_users import ImportRefused, ImportReport, ImportUsers, OnConflict
from application.users.list_users import ListUsers
from entrypoints.cli.use_cases import run
from foundation.cli.output import say_error
from foundation.cli.streams import FileTrouble, Source, write_file, write_output
from foundation.files.file_format import EXPORTED_FIELDS, Form, WrongFields, read_fields
from foundation.files.reading import read_users
from foundation.files.report import errors_by_line
from foundation.files.writing import write_users
from schema_tools.cli.output import Format, write, write_json
from schema_tools.cli.progress import is_watched, progress

if TYPE_CHECKING:
    from entrypoints.container import Container

_STANDARD: Final = "-"
_FORM_OF_SUFFIX: Final = {".ndjson": Form.NDJSON, ".jsonl": Form.NDJSON, ".csv": Form.CSV}


def _fields(text: str) -> tuple[str, ...]:
    try:
        return read_fields(text)
    except WrongFields as error:
        raise typer.BadParameter(str(error)) from None


FormOption = Annotated[
    Form | None, typer.Option("--format", help="The form; by default as the suffix of FILE says, and NDJSON for -.")
]


def import_users(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The file; - is standard input.")],
    form: FormOption = None,
    on_conflict: Annotated[
        OnConflict,
        typer.Option(help="What to do about addresses that are taken: import nothing, or leave such lines out."),
    ] = OnConflict.FAIL,
    report: Annotated[Format, typer.Option("--report", help="How the report is written.")] = Format.TEXT,
) -> None:
    """Import users from a file of NDJSON, or CSV with the header email,name. All in one transaction.

    What is wrong with which line is said on standard error. The exit status is 1 when a line is wrong; with
    --on-conflict fail nothing is imported then.
    """
    chosen = form or _form_of(file)
    try:
        with Source(file if file != _STANDARD else None) as source:
            done = run(lambda container: _import(container, source, chosen, on_conflict))
    except FileTrouble as trouble:
        _give_up(trouble)
    except ImportRefused as refused:
        _write_report(refused.report, report, with_taken=True)
        say_error(str(refused))
        raise typer.Exit(1) from None
    _write_report(done, report, with_taken=False)
    if done.rejected:
        raise typer.Exit(1)


def export_users(
    file: Annotated[str, typer.Argument(metavar="[FILE]", help="The file; - is standard output.")] = _STANDARD,
    form: FormOption = None,
    fields: Annotated[
        Any,
        typer.Option(parser=_fields, metavar="NAME,...", help="The fields, by default all; import takes email,name."),
    ] = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE when it exists.")] = False,
) -> None:
    """Export all users by id, as NDJSON or CSV. FILE is there when it is whole, and not before."""
    to_output = file == _STANDARD
    chosen = form or _form_of(file)
    exported = 0
    try:
        with write_output() if to_output else write_file(Path(file), replace=force) as put:
            exported = run(lambda container: _export(container, chosen, fields or EXPORTED_FIELDS, put))
    except FileTrouble as trouble:
        _give_up(trouble)
    if not to_output:
        write(f"Exported {_count(exported)} to {file}.\n")


async def _import(container: "Container", source: Source, form: Form, on_conflict: OnConflict) -> ImportReport:
    with progress("Importing", source.size, in_bytes=True) as advance:

        async def pieces() -> AsyncIterator[bytes]:
            async for piece in source.pieces():
                advance(len(piece))
                yield piece

        async with aclosing(read_users(pieces(), form)) as lines:
            return await container.users().import_(ImportUsers(lines, on_conflict))


async def _export(container: "Container", form: Form, fields: tuple[str, ...], put: Callable[[bytes], object]) -> int:
    exported = 0
    # Counting reads every row, so it is done only when a progress bar shows it.
    total = (await container.users().list(ListUsers(limit=1, count=True))).total if is_watched() else None
    with progress("Exporting", total) as advance:

        async def pages() -> AsyncIterator[Any]:
            nonlocal exported
            async for page in await container.users().export():
                exported += len(page)
                advance(len(page))
                yield page

        async with aclosing(write_users(pages(), form, fields)) as content:
            async for piece in content:
                put(piece)
    return exported


def _form_of(file: str) -> Form:
    if file == _STANDARD:
        return Form.NDJSON
    form = _FORM_OF_SUFFIX.get(Path(file).suffix.lower())
    if form is None:
        raise typer.BadParameter("the suffix of FILE does not tell the form; name it with --format")
    return form


def _write_report(report: ImportReport, output: Format, *, with_taken: bool) -> None:
    errors = errors_by_line(report, with_taken=with_taken)
    imported = 0 if with_taken else report.imported
    if output is Format.JSON:
        described = [{"line": n, "pointer": e.pointer, "code": e.code, "message": e.message} for n, e in errors]
        write_json({"imported": imported, "skipped": report.taken, "rejected": report.rejected, "errors": described})
        return
    for line, error in errors:
        place = f"line {line}, {error.pointer.removeprefix('#/')}" if error.pointer != "#" else f"line {line}"
        typer.echo(f"{place}: {error.message}", err=True)
    if not with_taken:
        write(f"Imported {_count(imported)}, skipped {report.taken}, rejected {report.rejected}.\n")


def _count(users: int) -> str:
    return f"{users} user" if users == 1 else f"{users} users"


def _give_up(trouble: FileTrouble) -> NoReturn:
    say_error(str(trouble))
    raise typer.Exit(2)
