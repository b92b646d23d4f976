"""The commands `import` and `export`, for files of any record."""

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Generic, NoReturn

import typer

from foundation.cli.output import Format, write, write_json
from foundation.cli.program import ContainerT, Program
from foundation.cli.progress import is_watched, progress
from foundation.cli.streams import FileTrouble, Source, write_file, write_output
from foundation.files.file_format import FileFormat
from foundation.files.reading import read_records
from foundation.files.rejected import LineError, RejectedLine, errors_by_line
from foundation.files.schema import FileSchema, NewT, ReadLine, WrongFields
from foundation.files.writing import write_records
from foundation.kernel.bulk_import import ImportRefused, ImportReport, OnConflict

_STANDARD: Final = "-"
_FORMAT_OF_SUFFIX: Final = {".ndjson": FileFormat.NDJSON, ".jsonl": FileFormat.NDJSON, ".csv": FileFormat.CSV}

FileFormatOption = Annotated[
    FileFormat | None,
    typer.Option("--format", help="The format; by default as the suffix of FILE says, and NDJSON for -."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCommands(Generic[ContainerT, NewT]):
    """The two commands for one kind of record.

    Attributes:
        program: Runs the use cases.
        schema: The fields of the files.
        import_: Imports lines, with a container.
        export: Gives all records in batches, from a container.
        count: Counts all records, for a progress bar.
    """

    program: Program[Any, ContainerT]
    schema: FileSchema[NewT]
    import_: Callable[
        [ContainerT, AsyncIterable[Sequence[ReadLine[NewT]]], OnConflict], Awaitable[ImportReport[RejectedLine]]
    ]
    export: Callable[[ContainerT], Awaitable[AsyncIterator[Sequence[Any]]]]
    count: Callable[[ContainerT], Awaitable[int | None]]

    def add_to(self, app: typer.Typer) -> None:
        """Add the commands to `app`."""
        self._add_import(app)
        self._add_export(app)

    def _add_import(self, app: typer.Typer) -> None:
        @app.command(
            "import",
            help=f"Import {self.schema.plural} from a file of NDJSON, or CSV with the header "
            f"{','.join(self.schema.imported)}. All in one transaction.\n\nErrors are written to standard error "
            "by line. The exit status is 1 when a line is wrong; with --on-conflict fail nothing is imported then.",
        )
        def import_records(
            file: Annotated[str, typer.Argument(metavar="FILE", help="The file; - is standard input.")],
            file_format: FileFormatOption = None,
            on_conflict: Annotated[
                OnConflict,
                typer.Option(help="What to do about values that are taken: import nothing, or leave such lines out."),
            ] = OnConflict.FAIL,
            report: Annotated[Format, typer.Option("--report", help="How the report is written.")] = Format.TEXT,
        ) -> None:
            chosen = file_format or _format_of(file)
            try:
                with Source(file if file != _STANDARD else None) as source:
                    done = self.program.run(lambda container: self._import(container, source, chosen, on_conflict))
            except FileTrouble as trouble:
                self._give_up(trouble)
            except ImportRefused as refused:
                _write_report(refused.report, errors_by_line(refused.report, self.schema.taken), report)
                self.program.write_error(str(refused))
                raise typer.Exit(1) from None
            _write_report(done, errors_by_line(done), report)
            if report is Format.TEXT:
                write(f"Imported {self._count(done.imported)}, skipped {done.taken}, rejected {done.rejected}.\n")
            if done.rejected:
                raise typer.Exit(1)

    def _add_export(self, app: typer.Typer) -> None:
        fields_help = f"The fields, by default all; import takes {','.join(self.schema.imported)}."

        @app.command(
            "export",
            help=f"Export all {self.schema.plural} by id, as NDJSON or CSV. FILE appears when it is complete.",
        )
        def export_records(
            file: Annotated[str, typer.Argument(metavar="[FILE]", help="The file; - is standard output.")] = _STANDARD,
            file_format: FileFormatOption = None,
            fields: Annotated[
                Any, typer.Option(parser=self._choose_fields, metavar="NAME,...", help=fields_help)
            ] = None,
            *,
            force: Annotated[bool, typer.Option("--force", help="Replace FILE when it exists.")] = False,
        ) -> None:
            to_output = file == _STANDARD
            chosen = file_format or _format_of(file)
            exported = 0
            try:
                with write_output() if to_output else write_file(Path(file), replace=force) as put:
                    exported = self.program.run(lambda container: self._export(container, chosen, fields, put))
            except FileTrouble as trouble:
                self._give_up(trouble)
            if not to_output:
                write(f"Exported {self._count(exported)} to {file}.\n")

    async def _import(
        self, container: ContainerT, source: Source, file_format: FileFormat, on_conflict: OnConflict
    ) -> ImportReport[RejectedLine]:
        with progress("Importing", source.size, in_bytes=True) as advance:

            async def pieces() -> AsyncIterator[bytes]:
                async for piece in source.pieces():
                    advance(len(piece))
                    yield piece

            async with aclosing(read_records(pieces(), file_format, self.schema)) as lines:
                return await self.import_(container, lines, on_conflict)

    async def _export(
        self,
        container: ContainerT,
        file_format: FileFormat,
        names: Sequence[str] | None,
        put: Callable[[bytes], object],
    ) -> int:
        exported = 0
        # Counting reads every record, so it is done for a terminal only.
        total = await self.count(container) if is_watched() else None
        with progress("Exporting", total) as advance:

            async def pages() -> AsyncIterator[Sequence[Any]]:
                nonlocal exported
                async for page in await self.export(container):
                    exported += len(page)
                    advance(len(page))
                    yield page

            async with aclosing(write_records(pages(), file_format, self.schema, names)) as content:
                async for piece in content:
                    put(piece)
        return exported

    def _choose_fields(self, text: str) -> tuple[str, ...]:
        try:
            return self.schema.choose_fields(text)
        except WrongFields as error:
            raise typer.BadParameter(str(error)) from None

    def _count(self, records: int) -> str:
        return f"{records} {self.schema.singular if records == 1 else self.schema.plural}"

    def _give_up(self, trouble: FileTrouble) -> NoReturn:
        self.program.write_error(str(trouble))
        raise typer.Exit(2)


def _format_of(file: str) -> FileFormat:
    if file == _STANDARD:
        return FileFormat.NDJSON
    file_format = _FORMAT_OF_SUFFIX.get(Path(file).suffix.lower())
    if file_format is None:
        raise typer.BadParameter("the suffix of FILE does not tell the format; name it with --format")
    return file_format


def _write_report(report: ImportReport[RejectedLine], errors: Sequence[tuple[int, LineError]], output: Format) -> None:
    if output is Format.JSON:
        described = [{"line": n, "pointer": e.pointer, "code": e.code, "message": e.message} for n, e in errors]
        counts = {"imported": report.imported, "skipped": report.taken, "rejected": report.rejected}
        write_json({**counts, "errors": described})
        return
    for line, error in errors:
        place = f"line {line}, {error.pointer.removeprefix('#/')}" if error.pointer != "#" else f"line {line}"
        typer.echo(f"{place}: {error.message}", err=True)
