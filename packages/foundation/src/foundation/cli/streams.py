"""Where commands read files from and write them to."""

import asyncio
import errno
import os
import stat
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from foundation.cli.output import discard_output

# Bytes that are read at a time.
_AT_A_TIME: Final = 64 * 1024


class FileTrouble(Exception):
    """A file cannot be read or written; `str(error)` says which and why."""

    def __init__(self, file: str | Path, reason: OSError | str) -> None:
        why = reason if isinstance(reason, str) else f"cannot be used: {reason.strerror}"
        super().__init__(f"{file} {why}.")


class Source:
    """The file `path`, or standard input if that is None, to be read once: a context manager that opens and closes it.

    Raises:
        FileTrouble: it cannot be opened or read.
    """

    def __init__(self, path: str | None) -> None:
        self._path = path

    def __enter__(self) -> Self:
        if self._path is None and sys.stdin is None:
            raise FileTrouble(self._name, "is closed")
        try:
            self._file = sys.stdin.fileno() if self._path is None else os.open(self._path, os.O_RDONLY)
        except OSError as error:
            raise FileTrouble(self._name, error) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._path is not None:
            os.close(self._file)

    @property
    def size(self) -> int | None:
        """Its bytes, where they are known beforehand."""
        found = os.fstat(self._file)
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    async def pieces(self) -> AsyncIterator[bytes]:
        """Its content. An interruption ends the wait for more of it, from a pipe or a keyboard, at once."""
        try:
            while piece := await self._read():
                yield piece
        except OSError as error:
            raise FileTrouble(self._name, error) from None

    async def _read(self) -> bytes:
        if self.size is None:
            await _readable(self._file)
        return os.read(self._file, _AT_A_TIME)

    @property
    def _name(self) -> str:
        return self._path if self._path is not None else "Standard input"


async def _readable(file: int) -> None:
    """Wait until the file can be read without blocking; a thread could not be interrupted."""
    ready = asyncio.Event()
    loop = asyncio.get_running_loop()
    try:
        loop.add_reader(file, ready.set)
    except PermissionError:
        return  # a device such as /dev/null, whose reads return at once
    try:
        await ready.wait()
    finally:
        loop.remove_reader(file)


@contextmanager
def write_output() -> Iterator[Callable[[bytes], object]]:
    """A function that writes to standard output; a reader that closes the pipe ends the block, and is no error.

    Raises:
        FileTrouble: it cannot be written to.
    """
    if sys.stdout is None:  # it was closed before this began
        raise FileTrouble("Standard output", OSError(errno.EBADF, "it is closed"))
    try:
        yield sys.stdout.buffer.write
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output()
    except OSError as error:
        discard_output()
        raise FileTrouble("Standard output", error) from None


@contextmanager
def write_file(path: Path, *, replace: bool) -> Iterator[Callable[[bytes], object]]:
    """A function that writes the file `path`, which appears when the block has ended without an error.

    Only its owner may read it. A pipe or a device is written to directly.

    Raises:
        FileTrouble: it cannot be written, or it exists and is not to be replaced.
    """
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                yield file.write
            return
        if os.path.lexists(path) and not replace:  # a symbolic link that leads nowhere, too
            raise FileTrouble(path, "exists; give --force to replace it")
        yield from _write_beside(Path(os.path.realpath(path)), replace=replace)
    except FileExistsError:
        raise FileTrouble(path, "exists; give --force to replace it") from None
    except OSError as error:
        raise FileTrouble(path, error) from None


def _write_beside(path: Path, *, replace: bool) -> Iterator[Callable[[bytes], object]]:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file.write
            file.flush()
            os.fsync(file.fileno())
        if replace:
            Path(name).replace(path)
        else:
            os.link(name, path)  # unlike a rename, it fails when the file was created meanwhile
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()
