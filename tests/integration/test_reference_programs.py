"""The programs that the benchmark compares the service with do its work."""

from pathlib import Path

import pytest

import node_packages
from benchmarks import machine, references
from benchmarks.contenders import Server
from benchmarks.equal_work import check_equal_work
from benchmarks.postgres import dsn
from benchmarks.users import fill_postgresql
from benchmarks.works import USERS

_ROWS = 6000
"""Users enough for every page that is asked for."""

_NAMES = (references.FLOOR, references.LIMIT, references.BY_HAND, *references.TEMPLATES, references.FASTIFY)


def test_all_of_them_do_equal_work(one_postgres_url: str, tmp_path: Path) -> None:
    fill_postgresql(dsn(one_postgres_url), _ROWS)
    found = references.references(one_postgres_url, _ROWS)
    assert ([contender.name for contender in found.contenders], found.left_out) == (list(_NAMES), {})
    assert found.versions.keys() == {"Node.js", "fastify", "pg"}
    for contender in found.contenders:
        with Server(contender, machine.Cores.of_this_machine().server, tmp_path, f"{USERS}/1") as server:
            check_equal_work(server)


def test_what_cannot_be_installed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable(_source: Path, name: str) -> Path:
        raise node_packages.PackagesUnavailable(name)

    monkeypatch.setattr(references, "installed", unavailable)
    found = references.references("postgresql+psycopg://", 1)
    assert references.FASTIFY not in {contender.name for contender in found.contenders}
    assert set(found.left_out) == {references.FASTIFY}
    assert found.versions == {}
