"""`docs/add-a-column.md`, followed to the letter in a copy of the project, and counted."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx2 as httpx

from newcomer import ROOT, Newcomer, copy_project, newcomer
from pages import follow

MAX_FILES = 6
FIRST, SECOND, THIRD = "+4915123456789", "+4915100000000", "+4915111111111"


def test_a_column_added_as_the_page_says_works_through_every_layer(tmp_path: Path) -> None:
    page = (ROOT / "docs/add-a-column.md").read_text(encoding="utf-8")
    # Under another name, because somebody may have added a phone number by now, as the page tells them to.
    page = page.replace("phone", "fax").replace("Phone", "Fax").replace("PHONE", "FAX")
    copy = copy_project(tmp_path / "copy")
    if (ROOT / ".cache/mypy").is_dir():  # What has not changed need not be judged again.
        shutil.copytree(ROOT / ".cache/mypy", copy / ".cache/mypy")
    followed = follow(page, copy)
    print(f"{len(followed.created)} created, {len(followed.edited)} edited")  # noqa: T201 -- pytest shows it with -rP
    assert len(followed.created) + len(followed.edited) <= MAX_FILES

    with newcomer(copy, "") as somebody:
        for command in ("make format", 'make db-migrate m="add fax to users"', "make check"):
            somebody.run(command)
        assert "`fax` | VARCHAR(16)" in (copy / "docs/database-schema.md").read_text(encoding="utf-8")

        somebody.serve("make run")
        users = f"http://127.0.0.1:{somebody.port}/api/v1/users"
        check_one_user(users)
        check_batches_and_files(users)
        check_the_command_line(somebody)
        changed = httpx.get(f"{users}/1").json()["updated_at"]

    with closing(sqlite3.connect(copy / "var/service.db", isolation_level=None)) as database:
        database.execute("UPDATE users SET fax = NULL WHERE id = 1")
    assert last_change(copy) > changed


def check_one_user(users: str) -> None:
    """Creation, idempotent; merge patches, with null; what is refused."""
    body = {"email": "user@example.com", "name": "John Doe", "fax": FIRST}
    # The second time, from the answer that was recorded.
    for replayed in (False, True):
        created = httpx.post(users, json=body, headers={"Idempotency-Key": "the-only-one"})
        assert (created.status_code, created.json()["fax"]) == (201, FIRST)
        assert ("idempotent-replayed" in created.headers) == replayed
    other = httpx.post(users, json=body | {"fax": SECOND}, headers={"Idempotency-Key": "the-only-one"})
    assert other.status_code == 422
    for number in (None, SECOND):
        changed = httpx.patch(f"{users}/1", json={"fax": number})
        assert (changed.status_code, changed.json()["fax"]) == (200, number)
    refused = httpx.patch(f"{users}/1", json={"fax": "15123456789"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "#/fax")


def check_batches_and_files(users: str) -> None:
    """A batch, an import and an export have the number, and may leave it out."""
    items = [{"email": "a@example.com", "name": "A", "fax": FIRST}, {"email": "b@example.com", "name": "B"}]
    batch = httpx.post(f"{users}/batch", json={"items": items})
    assert [item["fax"] for item in batch.json()["items"]] == [FIRST, None]
    lines = f'{{"email":"c@example.com","name":"C","fax":"{THIRD}"}}\n{{"email":"d@example.com","name":"D"}}\n'
    ndjson = {"Content-Type": "application/x-ndjson"}
    assert httpx.post(f"{users}/import", content=lines, headers=ndjson).json()["imported"] == 2
    exported = httpx.get(f"{users}/export", params={"fields": "fax,email"}).text.splitlines()
    assert [json.loads(line)["fax"] for line in exported] == [SECOND, FIRST, None, THIRD, None]


def check_the_command_line(somebody: Newcomer) -> None:
    """Options to give and to change it, and a column in lists."""
    cli = ".venv/bin/fastapi-service users"
    created = somebody.run(f"{cli} create --email e@example.com --name E --fax {FIRST} --format json")
    assert json.loads(created)["fax"] == FIRST
    changed = somebody.run(f"{cli} update {json.loads(created)['id']} --fax {THIRD} --format json")
    assert json.loads(changed)["fax"] == THIRD
    listed = json.loads(somebody.run(f"{cli} list --format json"))
    assert [user["fax"] for user in listed] == [SECOND, FIRST, None, THIRD, None, THIRD]


def last_change(copy: Path) -> str:
    """When the first user changed last, as SQLite has it, written as HTTP does."""
    with closing(sqlite3.connect(copy / "var/service.db")) as database:
        (moment,) = database.execute("SELECT updated_at FROM users WHERE id = 1").fetchone()
    return f"{str(moment).replace(' ', 'T')}Z"
