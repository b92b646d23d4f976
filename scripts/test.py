"""Run the tests: ``python scripts/test.py [--packages] [pytest's arguments]``, in the dev environment.

Without ``--packages`` they are those of the service. Without arguments all of them run, and the coverage of domain and
application by the unit tests must be complete. Arguments choose some of the tests, of which coverage would say nothing,
so it is left out. Without arguments they run on one release of PostgreSQL, the newest that is found, unless
``TEST_POSTGRES=each``.

With ``--packages`` they are those of packages/, and those of the service that need more than Python, or minutes.

Temporary files, which are mostly databases, are in memory while the tests run, where there is enough of it.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
MAX_WORKERS = 8  # each has its own database; more of them wait for the server more than they gain
MEMORY = Path("/dev/shm")  # noqa: S108 -- the directory made in it is private
# What of the service's tests needs more than Python, or minutes, and why. One that is named among the arguments runs.
LEFT_OUT = {
    "tests/openapi/test_schemathesis_and_keys.py": "minutes, as each revocation waits a second",
    "tests/openapi/test_spectral.py": "the registry of npm packages, once",
    "tests/clients/test_generated_clients.py": "the registries of npm and of Python packages, once",
    "tests/identity/test_real_provider.py": "the registry of npm packages, once",
    "tests/identity/test_six_lines.py": "the registry of npm packages, once",
    "tests/browser/test_docs_page.py": "Chromium, and the registry of npm packages, once",
    "tests/browser/test_schema_report.py": "Chromium, and the registry of npm packages, once",
    "tests/e2e/test_add_a_column.py": "minutes, to follow a page in a copy of the project",
    "tests/e2e/test_add_an_entity.py": "minutes, to follow a page in a copy of the project",
    "tests/e2e/test_tenancy_page.py": "minutes, to follow a page in a copy of the project",
    "tests/e2e/test_readme.py": "minutes, to follow a page in a copy of the project",
    "tests/integration/test_database_roles.py": "a dozen seconds, for roles on each release of PostgreSQL",
    "tests/integration/test_encrypted_connections.py": "a PostgreSQL server with TLS",
    "tests/e2e/test_revocation.py": "half a minute, for servers under load",
    "tests/integration/test_production_install.py": "an environment of its own",
    "tests/integration/test_foreign_environments_of_schema_tools.py": "environments of older releases, each once",
    "tests/integration/test_reference_programs.py": "the registry of npm packages, once",
    "tests/integration/test_wheel.py": "wheels, and an environment of its own",
}
# Faults that only `make faults` proves, and why.
FAULTS = {
    "tests/faults/poolers": "pgbouncer",
    "tests/faults/test_event_loop.py": "half a minute of the processor",
    "tests/faults/test_ledger.py": "a minute, for a server that is stopped and killed",
    "tests/faults/test_overload.py": "a processor that is busy with nothing else",
    "tests/faults/test_replicas.py": "minutes, for pairs of servers",
    "tests/faults/test_replicas_that_are_none.py": "minutes, for pairs of servers",
    "tests/faults/test_sqlite_files.py": "half a minute, for files that are moved and deleted",
    "tests/faults/test_tenants_on_a_replica.py": "minutes, for pairs of servers",
    "tests/faults/test_users_on_a_replica.py": "minutes, for pairs of servers",
}
ENOUGH = 4 << 30  # bytes; two workers need half of one of these gigabytes, and eight of them two


def command(arguments: Sequence[str], *, packages: bool) -> list[str]:
    """Return the command that runs pytest with these arguments."""
    pytest = [sys.executable, "-m", "pytest", f"--numprocesses={workers(all_of_them=not arguments)}"]
    # Neighbours run in one process, so that what they share is made once.
    pytest.append("--dist=worksteal")
    if packages:
        named = any(Path(argument.partition("::")[0]).exists() for argument in arguments)
        return [*pytest, *arguments, *([] if named else package_tests())]
    ignored = [name for name in ("tests/benchmarks", *LEFT_OUT, *FAULTS) if not _is_named(name, arguments)]
    return [*pytest, *(f"--ignore={name}" for name in ignored), *(arguments or ["--cov"])]


def workers(*, all_of_them: bool) -> int:
    """Return how many processes run tests.

    A third of the time of all tests is waiting, so there are more than processors; among those that were named may be
    some that measure how fast a server is.
    """
    processors = os.cpu_count() or 1
    return min(processors * 3 // 2 if all_of_them else processors, MAX_WORKERS)


def package_tests() -> list[str]:
    """Return where the tests of the packages are, and what `make test` leaves out."""
    return [*sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("packages/*/tests")), *LEFT_OUT]


def _is_named(name: str, arguments: Sequence[str]) -> bool:
    return any(argument.startswith(name) for argument in arguments)


def say_what_is_left_out(arguments: Sequence[str]) -> None:
    """Name what `make test` leaves out, each with what it needs."""
    for target, names in (("make test-packages", LEFT_OUT), ("make faults", FAULTS)):
        for name, needs in names.items():
            if not _is_named(name, arguments):
                print(f"left out, as it needs {needs}: {name} ({target} runs it)", flush=True)


@contextmanager
def environment(figures: Path, releases: str) -> Iterator[dict[str, str]]:
    """Yield the environment of the tests, whose coverage goes to the file `figures`, and which releases they run on."""
    variables = {"TEST_POSTGRES": releases} | os.environ | {"COVERAGE_FILE": str(figures)}
    # Hundreds of processes import the project; each would compile it anew.
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    if "TMPDIR" in variables or not (MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ENOUGH):
        yield variables
        return
    with TemporaryDirectory(prefix="tests-", dir=MEMORY, ignore_cleanup_errors=True) as directory:
        yield variables | {"TMPDIR": directory}


def main() -> int:
    """Run pytest and return its exit status."""
    packages, arguments = sys.argv[1:2] == ["--packages"], [one for one in sys.argv[1:] if one != "--packages"]
    if not packages:
        say_what_is_left_out(arguments)
    cache = ROOT / ".cache"
    cache.mkdir(exist_ok=True)
    # Two runs at once must not write into each other's figures.
    figures = cache / f"coverage-{os.getpid()}"
    try:
        with environment(figures, "each" if packages or arguments else "newest") as variables:
            return subprocess.run(
                command(arguments, packages=packages), cwd=ROOT, env=variables, check=False
            ).returncode
    except KeyboardInterrupt:
        return 130
    finally:
        if figures.exists():
            figures.replace(cache / "coverage")


if __name__ == "__main__":
    sys.exit(main())
