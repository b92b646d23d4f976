"""Look for what is not as the OpenAPI document says, for long: ``python -m openapi.fuzz --help``."""

import argparse
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from e2e.processes import ServerProcess
from entrypoints.cli.schema_project import schema_project
from openapi.schemathesis_run import SETTINGS, run_schemathesis
from postgres_fixtures import POSTGRES_NAMES, PostgresServers
from schema_tools.migrations import runner

# Cases of each kind and operation in one round: enough to go deep, few enough to hear of it soon.
_EXAMPLES = 100


def main() -> int:
    """Run rounds on each database until it has had the requests, and return the exit status: 1 if any failed."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--database", choices=["memory", "sqlite", "postgresql"], action="append")
    parser.add_argument("--requests", type=int, default=20_000, help="at least so many on each database")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31), help="of the first round")
    parser.add_argument(
        "--auth-mode", default="", help="of the server, such as api-keys,oidc; without it, no request has a credential"
    )
    asked = parser.parse_args()
    databases = asked.database or ["sqlite", "postgresql"]
    passed = [_fuzz(database, asked.auth_mode, asked.requests, asked.seed) for database in databases]
    return 0 if all(passed) else 1


def _fuzz(database: str, auth_mode: str, requests: int, seed: int) -> bool:
    done, failed, began = 0, 0, time.monotonic()
    with tempfile.TemporaryDirectory() as name, _url(database, Path(name)) as url:
        directory = Path(name)
        with ServerProcess(directory, auth_mode=auth_mode, DATABASE_URL=url, **SETTINGS) as server:
            while done < requests:
                findings = run_schemathesis(server, directory, seed=seed, examples=_EXAMPLES)
                done += findings.requests
                _say(f"{database}: seed {seed}, {findings.requests} requests, {_verdict(passed=findings.passed)}")
                if not findings.passed:
                    failed += 1
                    _say(findings.output)
                seed += 1
    _say(f"{database}: {done} requests in {time.monotonic() - began:.0f} s, rounds with failures: {failed}")
    return failed == 0


@contextmanager
def _url(database: str, directory: Path) -> Iterator[str]:
    """The URL of a new, migrated database."""
    with ExitStack() as until_the_end:
        if database == "memory":
            yield "memory://"
        elif database == "sqlite":
            url = f"sqlite+aiosqlite:///{directory}/service.db"
            runner.upgrade(schema_project(), url)
            yield url
        else:
            servers = PostgresServers(until_the_end)
            yield until_the_end.enter_context(servers.migrated_database(POSTGRES_NAMES[-1]))


def _verdict(*, passed: bool) -> str:
    return "nothing found" if passed else "FAILED"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
