"""`POST /users/import`."""

import json
from typing import Any

import httpx2

from e2e.answers import create, parameters, problem
from e2e.processes import ServerProcess, eventually
from http_contract.talking import (
    CSV,
    NDJSON,
    OCTETS,
    USERS,
    connection,
    emails,
    import_file,
    lines,
    new_user,
    read_answer,
)

LARGEST = 50 * 1024 * 1024
HEAD = b"POST /api/v1/users/import HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"


def refused(answer: httpx2.Response, status: int, slug: str) -> dict[str, Any]:
    """The problem document of an import that was refused."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    document: dict[str, Any] = answer.json()
    assert document["type"] == f"/problems/{slug}"
    return document


def named(document: dict[str, Any]) -> list[tuple[int, str]]:
    """The lines and pointers of the errors."""
    return [(error["line"], error["pointer"]) for error in document["errors"]]


def test_an_import_of_ndjson_answers_200_with_counts(http: httpx2.Client) -> None:
    answer = import_file(http, lines(new_user(1), new_user(2)))
    assert (answer.status_code, answer.json()) == (200, {"imported": 2, "skipped": 0, "rejected": 0, "errors": []})
    assert emails(http) == ["user1@example.com", "user2@example.com"]


def test_an_import_of_csv_answers_200_with_counts(http: httpx2.Client) -> None:
    quoted = b'name,email\r\n"Lovelace, ""Ada""",b@example.com'
    for content in (b"email,name\na@example.com,A\n", quoted):
        answer = import_file(http, content, CSV)
        assert (answer.status_code, answer.json()["imported"]) == (200, 1), answer.text
    names = [user["name"] for user in http.get(USERS).json()["items"]]
    assert names == ["A", 'Lovelace, "Ada"']


def test_a_csv_file_begins_with_its_two_columns(http: httpx2.Client) -> None:
    for header in (b"", b"email\n", b"email,name,phone\n", b"email,email\n", b"mail,name\n"):
        document = refused(import_file(http, header, CSV), 422, "validation-failed")
        assert {error["line"] for error in document["errors"]} == {1}, header
    assert import_file(http, b"email,name\n", CSV).json()["imported"] == 0


def test_a_bad_line_is_named_by_its_number_and_pointer(http: httpx2.Client) -> None:
    content = lines(
        new_user(1),
        {"email": "nobody", "name": "B"},
        "",
        "{",
        {"email": "c@example.com", "name": "C", "id": 7},
        '{"email": "d@example.com", "name": "D", "name": "E"}',
        '{"email": "e@example.com", "name": "\\ud800"}',
        [],
        {"email": "f@example.com", "name": ""},
    )
    answer = import_file(http, content, on_conflict="skip")
    assert answer.status_code == 200
    report = answer.json()
    assert (report["imported"], report["skipped"], report["rejected"]) == (1, 0, 8)
    assert named(report) == [
        (2, "#/email"), (3, "#"), (4, "#"), (5, "#/id"), (6, "#"), (7, "#"), (8, "#"), (9, "#/name"),
    ]  # fmt: skip
    assert all(error.keys() == {"line", "pointer", "code", "message"} for error in report["errors"])


def test_the_number_of_a_csv_record_is_that_of_the_line_it_begins_on(http: httpx2.Client) -> None:
    content = b'email,name\n"a@example.com","A\nB"\nnobody,C\n"d@example.com"\ne@example.com,E,E\n'
    report = import_file(http, content, CSV, on_conflict="skip").json()
    assert named(report)[:2] == [(2, "#/name"), (4, "#/email")]
    assert [error["line"] for error in report["errors"]][2:] == [5, 6]


def test_with_fail_a_bad_line_is_422_and_nothing_is_kept(http: httpx2.Client) -> None:
    create(http, "user1@example.com")
    content = lines(new_user(0), new_user(1), {"email": "nobody", "name": "B"})
    for answer in (import_file(http, content), import_file(http, content, on_conflict="fail")):
        document = refused(answer, 422, "validation-failed")
        assert (document["imported"], document["rejected"]) == (0, 1)
        assert named(document) == [(3, "#/email")]
        assert emails(http) == ["user1@example.com"]


def test_with_fail_a_taken_address_is_409_and_nothing_is_kept(http: httpx2.Client) -> None:
    create(http, "user1@example.com")
    answer = import_file(http, lines(new_user(0), new_user(1), new_user(2), new_user(0)), on_conflict="fail")
    document = refused(answer, 409, "email-already-taken")
    assert (document["imported"], document["skipped"], document["rejected"]) == (0, 2, 0)
    assert named(document) == [(2, "#/email"), (4, "#/email")]
    assert emails(http) == ["user1@example.com"]


def test_with_skip_the_good_lines_are_kept(http: httpx2.Client) -> None:
    create(http, "user1@example.com", "Was there first")
    content = lines(new_user(0), new_user(1), {"email": "nobody", "name": "B"}, new_user(2), new_user(0))
    report = import_file(http, content, on_conflict="skip").json()
    assert (report["imported"], report["skipped"], report["rejected"]) == (2, 2, 1)
    assert named(report) == [(3, "#/email")]
    assert emails(http) == ["user1@example.com", "user0@example.com", "user2@example.com"]
    assert http.get(USERS, params={"email": "user1@example.com"}).json()["items"][0]["name"] == "Was there first"


def test_an_import_with_skip_can_be_repeated(http: httpx2.Client) -> None:
    content = lines(new_user(0), new_user(1))
    reports = [import_file(http, content, on_conflict="skip").json() for _ in range(2)]
    assert [(report["imported"], report["skipped"]) for report in reports] == [(2, 0), (0, 2)]


def test_on_conflict_is_fail_or_skip(http: httpx2.Client) -> None:
    for wish in ("", "update", "FAIL"):
        assert parameters(import_file(http, b"", on_conflict=wish)) == {"on_conflict"}
    problem(http.post(f"{USERS}/import?on_conflict=skip&on_conflict=skip"), 400, "unknown-parameter")


def test_the_first_100_errors_are_listed_and_all_are_counted(http: httpx2.Client) -> None:
    content = b"x\n" * 150
    document = refused(import_file(http, content), 422, "validation-failed")
    assert document["rejected"] == 150
    assert [error["line"] for error in document["errors"]] == list(range(1, 101))
    report = import_file(http, content, on_conflict="skip").json()
    assert (report["rejected"], len(report["errors"])) == (150, 100)


def test_the_last_line_needs_no_line_feed(http: httpx2.Client) -> None:
    assert import_file(http, lines(new_user(0), new_user(1)).removesuffix(b"\n")).json()["imported"] == 2
    assert import_file(http, b"").json()["imported"] == 0


def test_a_line_may_have_64_kib(http: httpx2.Client) -> None:
    line = json.dumps(new_user(0)).encode()
    fits, too_long = line.ljust(65536) + b"\n", json.dumps(new_user(1)).encode().ljust(70000) + b"\n"
    report = import_file(http, fits + too_long + lines(new_user(2)), on_conflict="skip").json()
    assert (report["imported"], named(report)) == (2, [(2, "#")])


def test_a_quote_that_is_not_closed_refuses_the_whole_file(http: httpx2.Client) -> None:
    content = b'email,name\na@example.com,A\nb@example.com,"B\nc@example.com,C\n'
    for on_conflict in ("fail", "skip"):
        answer = import_file(http, content, CSV, on_conflict=on_conflict)
        [error] = problem(answer, 422, "validation-failed")["errors"]
        assert (error["line"], error["code"]) == (3, "unclosed-quote")
    assert emails(http) == []


def test_a_line_that_is_no_utf_8_is_rejected(http: httpx2.Client) -> None:
    for content in (b'{"email": "a@example.com", "name": "\xff"}\n', b'{"email": "a@example.com", "name": "a\x00"}\n'):
        assert import_file(http, content, on_conflict="skip").json()["rejected"] == 1
    report = import_file(http, b"email,name\na@example.com,\xed\xa0\x80\nb@example.com,B\n", CSV, on_conflict="skip")
    assert (report.json()["imported"], report.json()["rejected"]) == (1, 1)


def test_another_media_type_is_told_those_that_are_read(http: httpx2.Client) -> None:
    for media_type in ("application/json", "text/plain", ""):
        answer = import_file(http, lines(new_user(0)), media_type)
        problem(answer, 415, "unsupported-media-type")
        assert {part.strip() for part in answer.headers["accept-post"].split(",")} == {NDJSON, CSV, OCTETS}


def test_bytes_are_of_the_format_that_the_query_names(http: httpx2.Client) -> None:
    for number, (name, content) in enumerate(
        {"ndjson": lines(new_user(0)), "csv": b"email,name\nb@c.de,B\n"}.items(), 1
    ):
        answer = import_file(http, content, OCTETS, format=name)
        assert (answer.status_code, answer.json()["imported"]) == (200, 1), answer.text
        assert len(emails(http)) == number


def test_bytes_without_a_format_are_not_guessed_at(http: httpx2.Client) -> None:
    for query in ("", "?format=tsv", "?format="):
        answer = http.post(f"{USERS}/import{query}", content=lines(new_user(0)), headers={"Content-Type": OCTETS})
        assert parameters(answer) == {"format"}
        problem(answer, 422, "validation-failed")
    assert emails(http) == []


def test_a_format_may_not_contradict_the_media_type(http: httpx2.Client) -> None:
    for media_type, name in ((CSV, "ndjson"), (NDJSON, "csv")):
        answer = import_file(http, lines(new_user(0)), media_type, format=name)
        [error] = problem(answer, 422, "validation-failed")["errors"]
        assert (error["parameter"], error["code"]) == ("format", "contradicts-media-type")
    assert emails(http) == []
    assert import_file(http, lines(new_user(0)), NDJSON, format="ndjson").json()["imported"] == 1


def test_an_import_takes_no_idempotency_key(http: httpx2.Client) -> None:
    answer = import_file(http, lines(new_user(0)), headers={"Idempotency-Key": "x"})
    assert "skip" in problem(answer, 400, "malformed-request")["detail"]
    assert emails(http) == []


def test_an_import_that_is_declared_above_50_mib_is_413_at_once(server: ServerProcess, http: httpx2.Client) -> None:
    with connection(server) as connected:
        connected.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % (LARGEST + 1))
        problem(read_answer(connected), 413, "content-too-large")
    assert emails(http) == []


def test_an_import_that_grows_above_50_mib_is_413_and_nothing_is_kept(http: httpx2.Client) -> None:
    line = lines(new_user(0)).rstrip()
    pieces = [line.ljust(65535) + b"\n", *[b"x" * 65535 + b"\n"] * (LARGEST // 65536)]
    answer = http.post(f"{USERS}/import?on_conflict=skip", content=iter(pieces), headers={"Content-Type": NDJSON})
    problem(answer, 413, "content-too-large")
    assert emails(http) == []


def test_a_client_that_goes_away_leaves_nothing(server: ServerProcess, http: httpx2.Client) -> None:
    content = lines(*(new_user(number) for number in range(5000)))
    request_id = f"gone.{id(http)}"
    with connection(server) as connected:
        connected.sendall(HEAD + b"X-Request-Id: %s\r\n" % request_id.encode())
        connected.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(content) + 1, content))
    eventually("the import has ended", lambda: f"request_id={request_id}" in server.log)
    assert emails(http) == []
