"""The faults of production: what clients see, for how long, what the operator does, and the tests that prove it.

`make faults` writes them into docs/operations.md.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "operations.md"
BEGIN: Final = "<!-- Written by `make faults`; change tests/faults/catalogue.py instead. -->"
END: Final = "<!-- End of what `make faults` writes. -->"

_FROZEN: Final = "tests/faults/test_frozen_database.py"
_LEDGER: Final = "tests/faults/test_ledger.py"
_CONTENT: Final = "tests/faults/test_what_a_database_contains.py"
_SQLITE: Final = "tests/faults/test_sqlite_files.py"
_SCARCE: Final = "tests/faults/test_scarce_things.py"
_SHUTDOWN: Final = "tests/faults/test_shutdown.py"
_OUTAGES: Final = "tests/e2e/test_outages.py"
_REPLICAS: Final = "tests/faults/test_replicas.py"
_NO_REPLICAS: Final = "tests/faults/test_replicas_that_are_none.py"
_POOLER_OUTAGES: Final = "tests/faults/poolers/test_outages_of_poolers.py"
_POOLER_SETTINGS: Final = "tests/faults/poolers/test_settings_of_poolers.py"
_FAILING: Final = "tests/contract/test_failing_databases.py"


@dataclass(frozen=True)
class Fault:
    """A fault, as a row of the table; `tests` are files of tests, each with a part of the names that count."""

    name: str
    clients: str
    lasting: str
    operator: str
    tests: tuple[tuple[str, str], ...]

    @property
    def row(self) -> str:
        """The row."""
        return f"| {self.name} | {self.clients} | {self.lasting} | {self.operator} |"


FAULTS: Final = (
    Fault(
        "the database is down when the service starts",
        "503 `storage-unavailable`; `/readyz` says why",
        "until it is there",
        "start it; nothing else",
        ((_OUTAGES, "outlives_its_database"),),
    ),
    Fault(
        "the database restarts, crashes, or ends connections",
        "503 `storage-unavailable`; a COMMIT that was sent may be `commit-outcome-unknown`",
        "until it accepts connections",
        "nothing",
        ((_OUTAGES, "outlives_its_database"), (_LEDGER, "crashing_server"), (_LEDGER, "ended_connections")),
    ),
    Fault(
        "the network breaks connections",
        "503 `storage-unavailable`, `commit-outcome-unknown`",
        "until it passes them on",
        "nothing",
        ((_LEDGER, "broken_network"), (_FAILING, "during_the_commit")),
    ),
    Fault(
        "the database is frozen, or the network drops packets",
        "504 `deadline-exceeded`, 503 for requests that wait for a connection or need a new one; a COMMIT that is not"
        " answered is `commit-outcome-unknown`",
        "each request `REQUEST_TIMEOUT` (8 s) at most; a second after it answers again, all is well",
        "nothing: connections are dropped and opened anew",
        ((_LEDGER, "frozen"), (_LEDGER, "black_hole"), (_FROZEN, "")),
    ),
    Fault(
        "a synchronous standby does not answer",
        "reads are answered while writers leave them a connection; writes are `commit-outcome-unknown`",
        "each request `REQUEST_TIMEOUT` at most",
        "bring it back, or take it out of `synchronous_standby_names`",
        ((_LEDGER, "stuck_standby"),),
    ),
    Fault(
        "a statement or a lock takes too long",
        "504 `deadline-exceeded`",
        "`DATABASE_STATEMENT_TIMEOUT`, `DATABASE_LOCK_TIMEOUT`",
        "find what holds the lock (`pg_stat_activity`)",
        ((_LEDGER, "locked_table"), (_FAILING, "exceed")),
    ),
    Fault(
        "all connections are in use, and `DATABASE_POOL_QUEUE` requests wait",
        "503 `overloaded`, at once",
        "as long as the load",
        "more instances, or a larger pool if the server has room",
        (("tests/contract/test_connections.py", "refused_at_once"),),
    ),
    Fault(
        "more requests than a worker can carry",
        "503 `overloaded` with `Retry-After`, at once; the others are served as at full load, and health checks always",
        "as long as the load",
        "more workers or instances; the log counts the refusals once a second, instead of a line for each",
        (("tests/faults/test_overload.py", ""),),
    ),
    Fault(
        "more than `SERVER_MAX_CONNECTIONS` clients of a worker",
        "503 `overloaded` on the first request; health checks are answered",
        "as long as they stay",
        "more workers or instances",
        ((_SCARCE, "connection_too_many"),),
    ),
    Fault(
        "requests are made to be costly: large or malformed documents, files of strange lines, long headers",
        "nothing: other requests wait 20 ms at most",
        "",
        "nothing",
        (("tests/faults/test_event_loop.py", ""), (_SCARCE, "delays_no_other_client")),
    ),
    Fault(
        "clients send bodies and stall",
        "they get 408, or 503 where 32 MiB of such bodies are held",
        "`SERVER_BODY_TIMEOUT`",
        "nothing",
        ((_SCARCE, "uploads_that_stall"), (_SCARCE, "imports_without_content")),
    ),
    Fault(
        "writers of the same rows, SERIALIZABLE, deadlocks",
        "nothing: they are tried again, with pauses; 503 `overloaded` after 24 tries, which take some seconds",
        "",
        "nothing",
        (("tests/faults/test_conflicts.py", ""),),
    ),
    Fault(
        "the pooler restarts",
        "503 `storage-unavailable`",
        "until it accepts connections",
        "nothing",
        ((_POOLER_OUTAGES, "restart"),),
    ),
    Fault(
        "the pooler is frozen, or the database behind it",
        "as for a frozen database",
        "each request `REQUEST_TIMEOUT` at most",
        "nothing",
        ((_POOLER_OUTAGES, "frozen"),),
    ),
    Fault(
        "the pooler has no session free",
        "504 `deadline-exceeded`, 503 `overloaded`",
        "as long as the load",
        "a larger `default_pool_size`",
        ((_POOLER_OUTAGES, "free_session"),),
    ),
    Fault(
        "`DATABASE_POOLER` does not tell of a pooler",
        "503, or, where the pooler passes over `options`, nothing but lost time limits; `/readyz` 503 says which"
        " setting it takes",
        "until it is set",
        "set it",
        ((_POOLER_SETTINGS, "refuses_options"), (_POOLER_SETTINGS, "passes_over_options")),
    ),
    Fault(
        "the pooler keeps no prepared statements",
        "503 `storage-unavailable` for requests that meet; the log says which setting it takes",
        "until it is set",
        "`DATABASE_PREPARED_STATEMENTS=false`",
        ((_POOLER_SETTINGS, "keeps_no_prepared"),),
    ),
    Fault(
        "the server is a standby, or read-only",
        "reads are answered, writes 503; `/readyz` 503 says so",
        "until it is promoted",
        "point `DATABASE_URL` at the primary, or at both with `target_session_attrs=read-write`",
        ((_CONTENT, "takes_no_writes"),),
    ),
    Fault(
        "a replica is gone, frozen or behind its network",
        "nothing: lists and exports are read from the primary, the first ones up to three seconds later;"
        " `/readyz` stays 200, and the log says why",
        "until it is back, and half a second, or four where it comes and goes",
        "start it",
        ((_REPLICAS, "is_stopped"), (_REPLICAS, "is_frozen"), (_REPLICAS, "drops_packets")),
    ),
    Fault(
        "a replica lags more than `DATABASE_READ_MAX_LAG`, is cut off from the primary, or paused",
        "nothing: as above, up to `DATABASE_READ_MAX_LAG` (0.1 s) later",
        "until it has caught up",
        "see `pg_stat_replication` on the primary",
        ((_REPLICAS, "receives_nothing"),),
    ),
    Fault(
        "a replica is promoted, or is one of another primary or database",
        "nothing: as above, at once",
        "until `DATABASE_READ_URL` names a standby",
        "correct it, and restart",
        ((_NO_REPLICAS, ""),),
    ),
    Fault(
        "a replica ends a read that is in the way of recovery",
        "nothing: it is read from the primary",
        "",
        "raise `max_standby_streaming_delay` if it happens often",
        ((_REPLICAS, "recovery"),),
    ),
    Fault(
        "the role lacks a privilege",
        "503; `/readyz` names the tables",
        "until it is granted",
        "`GRANT`",
        ((_CONTENT, "privileges"),),
    ),
    Fault(
        "the encoding of the database is not UTF-8",
        "nothing: `db upgrade` refuses it; `/readyz` 503 and `db audit` say so",
        "",
        "create one with UTF8",
        ((_CONTENT, "an_encoding"),),
    ),
    Fault(
        "a sequence is behind its column",
        "503 `storage-unavailable`, `id-taken` in the log",
        "until it is set",
        "`fastapi-service db audit` writes the `setval`",
        ((_CONTENT, "ids_that_are_taken"),),
    ),
    Fault(
        "plain SQL wrote a value that cannot be read: a time of `infinity`, on SQLite a BLOB in a column of texts, or a"
        " text that is not UTF-8",
        "nothing: the database refuses it, but for the last. What reads such a row is 503; the log has"
        " `unreadable-value` and what to do",
        "until the row is corrected",
        "correct it by SQL; `db upgrade` stops at a row that is older than the constraint, and names the table",
        ((_CONTENT, "cannot_be_read"), (_CONTENT, "not_utf_8")),
    ),
    Fault(
        "the SQLite file, or its log, is deleted or replaced",
        "writes 503, reads perhaps what was in it; `/readyz` 503 says so",
        "until the restart",
        "restart; restore a copy while the service is stopped",
        ((_SQLITE, "deleted_or_replaced"),),
    ),
    Fault(
        "the disk of SQLite is full, or read-only",
        "writes 503, reads 200; `/readyz` 503 says so",
        "until there is room",
        "make room",
        ((_SQLITE, "full_disk"), (_SQLITE, "may_not_be_written")),
    ),
    Fault(
        "the disk of SQLite hangs",
        "504 `deadline-exceeded`, 503; a COMMIT that is not answered is `commit-outcome-unknown`; `/readyz` 503 says"
        " so",
        "each request `REQUEST_TIMEOUT` at most",
        "look after the disk",
        ((_SQLITE, "hangs"),),
    ),
    Fault(
        "there is no directory for temporary files (a read-only container)",
        "nothing; a large import on SQLite takes memory instead",
        "",
        "mount one at `/tmp`, if imports are large",
        ((_SQLITE, "without_a_directory"),),
    ),
    Fault(
        "the log is not read",
        "nothing: lines are dropped beyond 10,000, and counted",
        "",
        "read it",
        (("tests/faults/test_unread_log.py", ""),),
    ),
    Fault(
        "SIGTERM",
        "nothing: each request that was sent is answered, with `Connection: close`",
        "`SERVER_DRAIN_DELAY`, then a second",
        "nothing",
        ((_SHUTDOWN, ""), (_FROZEN, "told_to_stop")),
    ),
    Fault(
        "SIGKILL of a worker",
        "its connections break; another worker takes its place",
        "a second",
        "nothing",
        ((_LEDGER, "killed_worker"), ("tests/e2e/test_durability.py", "")),
    ),
)


def table() -> str:
    """The table of all faults, in Markdown."""
    head = ["| fault | clients see | for how long | what you do |", "|---|---|---|---|"]
    return "\n".join([*head, *(fault.row for fault in FAULTS)])


def page_with(content: str) -> str:
    """The page with this table in place of the one that it has."""
    text = PAGE.read_text(encoding="utf-8")
    before, after = text[: text.index(BEGIN)], text[text.index(END) :]
    return f"{before}{BEGIN}\n\n{content}\n\n{after}"
