"""When the service itself is wrong: clients learn that it is, operators learn where, and nobody learns a secret."""

import importlib
import pkgutil
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import psycopg
import pytest

import adapters
import application
import domain
import entrypoints
from e2e.answers import create, problem
from e2e.defective_service import SECRET
from e2e.processes import ServerProcess, eventually
from entrypoints.http.app import create_app
from entrypoints.settings import Settings
from foundation.http.problems import kinds
from foundation.http.problems.catalogue import ProblemCatalogue
from foundation.kernel.errors import AlreadyTaken, ApplicationError, DomainError, StorageMisconfigured
from foundation.setting_values import AuthMode

ADDRESS = "somebody@example.com"
REFUSED_BY_A_RULE_NOBODY_KNOWS = {
    "sqlite": [
        """CREATE TRIGGER nobody_knows BEFORE INSERT ON users WHEN NEW.name = 'Nobody'
           BEGIN SELECT RAISE(ABORT, 'refused: somebody@example.com'); END"""
    ],
    "postgresql": [
        """CREATE FUNCTION nobody_knows() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION 'refused: %', NEW.email; END $$""",
        """CREATE TRIGGER nobody_knows BEFORE INSERT ON users FOR EACH ROW WHEN (NEW.name = 'Nobody')
           EXECUTE FUNCTION nobody_knows()""",
    ],
}


def add_a_rule_nobody_knows(url: str) -> None:
    """What a migration could have added, so that the database refuses with an error that the code never heard of."""
    parts = urlsplit(url)
    dialect = parts.scheme.partition("+")[0]
    connection = (
        sqlite3.connect(parts.path.removeprefix("/"), isolation_level=None)
        if dialect == "sqlite"
        else psycopg.connect(parts._replace(scheme=dialect).geturl(), autocommit=True)
    )
    for statement in REFUSED_BY_A_RULE_NOBODY_KNOWS[dialect]:
        connection.execute(statement)
    connection.close()


def test_an_error_nobody_foresaw_is_an_internal_error_and_logged_without_its_message(
    database_url: str, tmp_path: Path
) -> None:
    add_a_rule_nobody_knows(database_url)
    with ServerProcess(tmp_path, DATABASE_URL=database_url) as server, server.client() as http:
        answer = http.post(
            "/api/v1/users", json={"email": ADDRESS, "name": "Nobody"}, headers={"X-Request-Id": "the-defect"}
        )
        document = problem(answer, 500, "internal-error")
        assert ADDRESS not in answer.text
        assert "refused" not in answer.text
        assert "errors" not in document
        eventually("the defect is logged", lambda: "POST /api/v1/users 500" in server.log)
        assert "ERROR service.http defect: " in server.log
        assert "request_id=the-defect" in server.log
        assert 'create_user.py", line' in server.log
        assert ADDRESS not in server.log
        assert "refused" not in server.log
        assert create(http, ADDRESS)["email"] == ADDRESS


@pytest.fixture(scope="module")
def defective_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with two routes that fail."""
    script = Path(__file__).with_name("defective_service.py")
    directory = tmp_path_factory.mktemp("server")
    with ServerProcess(directory, command=(sys.executable, str(script)), DATABASE_URL="memory://") as running:
        yield running


def test_a_defect_before_the_answer_is_an_internal_error(defective_server: ServerProcess) -> None:
    with defective_server.client() as http:
        answer = http.get("/fails-before-the-answer")
        problem(answer, 500, "internal-error")
        assert SECRET not in answer.text
        assert http.get("/livez").status_code == 200
    eventually("the defect is logged", lambda: "ZeroDivisionError" in defective_server.log)
    assert 'defective_service.py", line' in defective_server.log
    assert SECRET not in defective_server.log


def test_a_defect_within_the_answer_breaks_the_connection(defective_server: ServerProcess) -> None:
    with defective_server.client() as http:
        with pytest.raises(httpx2.RemoteProtocolError, match="incomplete"):
            http.get("/fails-within-the-answer")
        assert http.get("/livez").status_code == 200
    assert SECRET not in defective_server.log


def families(family: type[Exception]) -> Iterator[type[Exception]]:
    yield family
    for narrower in family.__subclasses__():
        yield from families(narrower)


def test_every_error_of_the_domain_and_the_application_has_a_problem() -> None:
    for package in (domain, application, adapters, entrypoints):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    settings = Settings(database_url="memory://", auth_mode=frozenset({AuthMode.API_KEYS}))
    problems: ProblemCatalogue = create_app(settings).state.problems
    kinds_of_errors = {DomainError, ApplicationError}  # never raised themselves
    raised_at_the_start = {StorageMisconfigured}
    errors = {*families(DomainError), *families(ApplicationError)} - kinds_of_errors - raised_at_the_start
    assert len(errors) > 10
    assert {error for error in errors if problems.kind_of(error) is None} == set()


def test_an_error_without_a_problem_would_be_noticed() -> None:
    assert ProblemCatalogue().kind_of(StorageMisconfigured) is None


def test_an_error_without_a_problem_of_its_own_has_that_of_its_family() -> None:
    class ShelfTaken(AlreadyTaken):
        """An error of which HTTP was told nothing."""

    assert ProblemCatalogue().kind_of(ShelfTaken) is kinds.ALREADY_TAKEN
