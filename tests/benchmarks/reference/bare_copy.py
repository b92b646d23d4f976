"""Bare COPY through psycopg, block by block: how fast users can go in and out at all.

`python bare_copy.py in FILE` copies a CSV file with the columns email and name, `python bare_copy.py out` copies all
users out as CSV. Prints the rows and the seconds as JSON. DSN is read from the environment.
"""

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Final

from psycopg import AsyncConnection

_BLOCK: Final = 1 << 16


async def copy_in(connection: AsyncConnection, file: Path) -> int:
    """Add the users of the file, and return how many."""
    cursor = connection.cursor()
    with file.open("rb") as source:
        async with cursor.copy("COPY users (email, name) FROM STDIN (FORMAT csv, HEADER)") as copy:
            while block := source.read(_BLOCK):
                await copy.write(block)
    await connection.commit()
    return cursor.rowcount


async def copy_out(connection: AsyncConnection) -> int:
    """Read all users, and return how many."""
    cursor = connection.cursor()
    statement = "COPY (SELECT id, email, name, created_at, updated_at FROM users) TO STDOUT (FORMAT csv, HEADER)"
    async with cursor.copy(statement) as copy:
        async for _block in copy:
            pass
    return cursor.rowcount


async def main(direction: str, *file: str) -> None:
    """Copy, and print how long that took."""
    async with await AsyncConnection.connect(os.environ["DSN"]) as connection:
        began = time.perf_counter()
        rows = await (copy_in(connection, Path(file[0])) if direction == "in" else copy_out(connection))
        print(json.dumps({"rows": rows, "seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
