"""`docs/add-a-column.md`, followed to the letter in a copy of the project."""

import json
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx2 as httpx

from newcomer import ROOT, copy_project, newcomer

STEP = re.compile(
    r"^(?:Create `(?P<new>[^`]+)`"
    r"|In `(?P<file>[^`]+)`, (?P<how>above|below|replace) `(?P<anchor>[^`]+)`,? (?:add|with)):\n\n"
    r"```python\n(?P<code>.*?)^```",
    re.DOTALL | re.MULTILINE,
)


def follow(page: str, copy: Path) -> int:
    """Do what the page says to the files of the copy; returns the number of steps."""
    steps = list(STEP.finditer(page))
    for step in steps:
        if step["new"]:
            (copy / step["new"]).write_text(step["code"], encoding="utf-8")
            continue
        file = copy / step["file"]
        text = file.read_text(encoding="utf-8")
        anchor, code = step["anchor"], step["code"]
        whole = anchor if step["how"] == "replace" else f"\n{anchor}\n"
        assert text.count(whole) == 1, f"{step['file']} has {text.count(whole)} times: {anchor}"
        new = {"above": f"\n{code}{anchor}\n", "below": f"\n{anchor}\n{code}", "replace": code.rstrip("\n")}[
            step["how"]
        ]
        file.write_text(text.replace(whole, new), encoding="utf-8")
    return len(steps)


def test_a_column_added_as_the_page_says_works_through_every_room(tmp_path: Path) -> None:
    page = (ROOT / "docs/add-a-column.md").read_text(encoding="utf-8")
    # Under another name, because somebody may have added a phone number by now, as the page tells them to.
    page = page.replace("phone", "fax").replace("Phone", "Fax").replace("PHONE", "FAX")
    copy = copy_project(tmp_path / "copy")
    if (ROOT / ".cache/mypy").is_dir():  # What has not changed need not be judged again.
        shutil.copytree(ROOT / ".cache/mypy", copy / ".cache/mypy")
    assert follow(page, copy) == page.count("```python")

    with newcomer(copy, "") as somebody:
        for command in ("make format", 'make db-migrate m="add fax to users"', "make check"):
            somebody.run(command)
        assert "`fax` | VARCHAR(16)" in (copy / "docs/database-schema.md").read_text(encoding="utf-8")

        somebody.serve("make run")
        users = f"http://127.0.0.1:{somebody.port}/api/v1/users"
        body = {"email": "user@example.com", "name": "John Doe", "fax": "+4915123456789"}
        # The second time, from the answer that was recorded.
        for replayed in (False, True):
            created = httpx.post(users, json=body, headers={"Idempotency-Key": "the-only-one"})
            assert (created.status_code, created.json()["fax"]) == (201, "+4915123456789")
            assert ("idempotent-replayed" in created.headers) == replayed
        other = httpx.post(users, json=body | {"fax": "+4915100000000"}, headers={"Idempotency-Key": "the-only-one"})
        assert other.status_code == 422
        changed = httpx.patch(f"{users}/1", json={"fax": "+4915100000000"})
        assert (changed.status_code, changed.json()["fax"]) == (200, "+4915100000000")
        refused = httpx.patch(f"{users}/1", json={"fax": "15123456789"})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "#/fax")
        exported = httpx.get(f"{users}/export", params={"fields": "fax,email"})
        assert json.loads(exported.text) == {"email": "user@example.com", "fax": "+4915100000000"}
        listed = json.loads(somebody.run(".venv/bin/fastapi-service users list --format json"))
        assert [user["fax"] for user in listed] == ["+4915100000000"]

    with closing(sqlite3.connect(copy / "var/service.db", isolation_level=None)) as database:
        database.execute("UPDATE users SET fax = NULL")
    assert last_change(copy) > changed.json()["updated_at"]


def last_change(copy: Path) -> str:
    """When the only user changed last, by SQLite's word, written as HTTP does."""
    with closing(sqlite3.connect(copy / "var/service.db")) as database:
        (moment,) = database.execute("SELECT updated_at FROM users").fetchone()
    return f"{str(moment).replace(' ', 'T')}Z"
