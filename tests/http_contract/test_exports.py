"""`GET /users/export`, and that an import takes what an export wrote."""

import csv
import io
import json
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import text

from e2e.answers import create, parameters, problem
from e2e.processes import ServerProcess
from http_contract.talking import CSV, NDJSON, USERS, export_file, import_file, lines, new_user
from plain_sql import connected

FIELDS = ["id", "email", "name", "created_at", "updated_at"]
# A spreadsheet takes a cell that begins so for a formula.
FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@sum",
    "|calc",
    "\uff1d1",
    "\uff0b1",
    "\uff0d1",
    "\uff20x",
    "'=1",
    "'\uff1d1",
    "'+1",
    "''@x",
]
NAMES = [*FORMULAS, "'plain", "a,b", 'a"b', "漢字", "👩‍🚀", "\\n", "=", "'"]
# Rows from the 5,000th on cannot be read.
POISONED = {
    "sqlite": """CREATE VIEW users AS SELECT id, name, created_at, updated_at,
        CASE WHEN id < 5000 THEN email ELSE abs(-9223372036854775807 - 1) END AS email FROM true_users""",
    "postgresql": """CREATE VIEW users AS SELECT id, name, created_at, updated_at,
        CASE WHEN id < 5000 THEN email ELSE CAST(1 / (id - id) AS text) END AS email FROM true_users""",
}


def rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))


def delete_all_users(http: httpx2.Client) -> None:
    for user in http.get(USERS, params={"limit": 100}).json()["items"]:
        http.delete(f"{USERS}/{user['id']}")


def test_an_export_is_ndjson_unless_it_is_asked_for_otherwise(http: httpx2.Client) -> None:
    users = [create(http, **new_user(number)) for number in range(3)]
    for accept in ({}, {"Accept": NDJSON}, {"Accept": "*/*"}, {"Accept": "text/csv;q=0.5, application/x-ndjson"}):
        answer = http.get(f"{USERS}/export", headers=accept)
        assert (answer.status_code, answer.headers["content-type"]) == (200, NDJSON)
        assert answer.headers["content-disposition"] == 'attachment; filename="users.ndjson"'
        assert [json.loads(line) for line in answer.content.splitlines()] == users
        assert answer.content.endswith(b"\n")


def test_an_export_is_csv_when_that_is_preferred(http: httpx2.Client) -> None:
    user = create(http, "ada@example.com", "Ada Lovelace")
    for accept in (CSV, "text/*", "application/x-ndjson;q=0.5, text/csv"):
        answer = http.get(f"{USERS}/export", headers={"Accept": accept})
        assert answer.status_code == 200
        assert answer.headers["content-type"] == f"{CSV}; charset=utf-8; header=present"
        assert answer.headers["content-disposition"] == 'attachment; filename="users.csv"'
        assert rows(answer.content) == [FIELDS, [str(user[field]) for field in FIELDS]]


def test_an_export_in_another_form_is_not_acceptable(http: httpx2.Client) -> None:
    for accept in ("application/json", "text/html", "text/csv;q=0, application/x-ndjson;q=0"):
        problem(http.get(f"{USERS}/export", headers={"Accept": accept}), 406, "not-acceptable")


def test_an_export_has_the_fields_that_were_asked_for_in_the_order_of_a_user(http: httpx2.Client) -> None:
    create(http, "ada@example.com", "Ada")
    for wish in ("email,name", "name,email"):
        assert rows(export_file(http, CSV, fields=wish)) == [["email", "name"], ["ada@example.com", "Ada"]]
        assert list(json.loads(export_file(http, fields=wish))) == ["email", "name"]
    for wish in ("", "email,", "email,email", "phone", "EMAIL", "email name"):
        assert parameters(http.get(f"{USERS}/export", params={"fields": wish})) == {"fields"}


def test_an_export_is_in_the_order_of_the_ids(http: httpx2.Client) -> None:
    for number in (2, 0, 1):
        create(http, **new_user(number))
    all_users = http.get(USERS).json()["items"]
    assert [json.loads(line)["id"] for line in export_file(http).splitlines()] == [user["id"] for user in all_users]


def test_an_export_of_nobody_is_empty(http: httpx2.Client) -> None:
    assert export_file(http) == b""
    assert rows(export_file(http, CSV)) == [FIELDS]


def test_head_of_an_export_has_its_headers_and_no_body(http: httpx2.Client, ada: str) -> None:
    assert ada
    for media_type in (NDJSON, CSV):
        get, head = (http.request(m, f"{USERS}/export", headers={"Accept": media_type}) for m in ("GET", "HEAD"))
        assert (head.status_code, head.content) == (200, b"")
        for name in ("content-type", "content-disposition"):
            assert head.headers[name] == get.headers[name]


def test_a_cell_that_a_spreadsheet_would_run_is_escaped(http: httpx2.Client) -> None:
    for number, name in enumerate(FORMULAS):
        create(http, f"user{number}@example.com", name)
    create(http, "plain@example.com", "'plain")
    create(http, "-minus@example.com", "Minus")
    cells = rows(export_file(http, CSV, fields="email,name"))[1:]
    assert [name for _email, name in cells[: len(FORMULAS)]] == [f"'{name}" for name in FORMULAS]
    assert cells[len(FORMULAS) :] == [["plain@example.com", "'plain"], ["'-minus@example.com", "Minus"]]


@pytest.mark.parametrize("media_type", [NDJSON, CSV])
def test_an_import_of_an_export_is_exact(http: httpx2.Client, media_type: str) -> None:
    wanted = [(f"user{number}@example.com", name) for number, name in enumerate(NAMES)]
    for email, name in [*wanted, ("-minus@example.com", "Minus")]:
        create(http, email, name)
    exported = export_file(http, media_type, fields="email,name")
    delete_all_users(http)
    answer = import_file(http, exported, media_type)
    assert (answer.status_code, answer.json()["imported"]) == (200, len(NAMES) + 1), answer.text
    users = http.get(USERS, params={"limit": 100}).json()["items"]
    assert [(user["email"], user["name"]) for user in users[:-1]] == wanted
    assert export_file(http, media_type, fields="email,name") == exported


@pytest.mark.fewer_storages("reading memory cannot fail midway")
def test_an_export_that_fails_midway_breaks_the_connection(database_url: str, tmp_path: Path) -> None:
    with ServerProcess(tmp_path, DATABASE_URL=database_url) as server, server.client() as http:
        assert import_file(http, lines(*(new_user(number) for number in range(5010)))).status_code == 200
        with connected(database_url) as database:
            database.execute(text("ALTER TABLE users RENAME TO true_users"))
            # So that the database knows that the first rows are best found by their index, and reads no others.
            database.execute(text("ANALYZE true_users"))
            database.execute(text(POISONED[database_url.partition("+")[0]]))
        with http.stream("GET", f"{USERS}/export") as answer:
            assert answer.status_code == 200, server.log
            with pytest.raises(httpx2.RemoteProtocolError):
                answer.read()
        assert http.get("/livez").status_code == 200
