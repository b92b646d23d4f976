"""API keys in a terminal, and the settings that ask for them."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from application.unit_of_work import SCOPES
from e2e.processes import run_cli
from running_servers import Storages

CREATE = ("keys", "create", "--name", "Nightly export", "--scope", "users:read", "--scope", "users:export")


@dataclass(frozen=True)
class Terminal:
    """`fastapi-service` in a directory, with a database."""

    directory: Path
    database_url: str

    def __call__(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return run_cli(*arguments, cwd=self.directory, **{"DATABASE_URL": self.database_url} | settings)

    def json(self, *arguments: str) -> Any:
        """What a command wrote for programs, which succeeded and said nothing else."""
        done = self(*arguments, "--format", "json")
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def terminal(storages: Storages, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    with storages.migrated("sqlite") as url:
        yield Terminal(tmp_path_factory.mktemp("keys"), url)


def test_a_key_is_created_listed_rotated_and_revoked(terminal: Terminal) -> None:
    created = terminal.json(*CREATE, "--owner", "42", "--tenant", "acme", "--expires-at", "2999-01-01")
    secret = created.pop("secret")
    assert secret.startswith("svc_")
    assert created == {
        "id": created["id"],
        "name": "Nightly export",
        "scopes": "users:export users:read",
        "owner": "42",
        "tenant": "acme",
        "expires_at": "2999-01-01T00:00:00.000000Z",
    }
    [listed] = terminal.json("keys", "list", "--owner", "42")
    assert created.items() <= listed.items()
    assert (listed["revoked_at"], listed["last_used_at"]) == (None, None)
    assert not any("secret" in name for name in listed)
    rotated = terminal.json("keys", "rotate", str(created["id"]), "--overlap", "0.5")
    assert rotated.pop("secret") != secret
    assert rotated == created
    assert terminal("keys", "revoke", str(created["id"])).stdout == ""
    [revoked] = terminal.json("keys", "list", "--owner", "42")
    assert abs(datetime.fromisoformat(revoked["revoked_at"]) - datetime.now(UTC)).total_seconds() < 60
    ended = terminal("keys", "rotate", str(created["id"]))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "fastapi-service: The API key was revoked or has expired. Issue a new one.\n"


def test_a_table_shows_the_secret_once_and_says_so(terminal: Terminal) -> None:
    done = terminal(*CREATE, "--owner", "of the table")
    assert done.returncode == 0
    assert done.stderr == "Keep the secret: it is not shown again.\n"
    head, row = done.stdout.splitlines()
    assert head.split() == ["id", "name", "scopes", "owner", "tenant", "expires_at", "secret"]
    [secret] = [word for word in row.split() if word.startswith("svc_")]
    listed = terminal("keys", "list")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "of the table" in listed.stdout
    assert secret not in listed.stdout
    assert "hash" not in listed.stdout


def test_a_list_has_as_many_keys_as_were_asked_for(terminal: Terminal) -> None:
    for _ in range(2):
        terminal.json(*CREATE, "--owner", "counted")
    assert [len(terminal.json("keys", "list", "--owner", "counted", "--limit", limit)) for limit in "12"] == [1, 2]


def test_a_key_has_the_tenant_that_the_command_works_for(terminal: Terminal) -> None:
    made = {}
    for options in ((), ("--tenant", "globex")):
        done = terminal(*CREATE, *options, "--format", "json", TENANT="acme")
        made[json.loads(done.stdout)["id"]] = json.loads(done.stdout)["tenant"]
    assert list(made.values()) == ["acme", "globex"]
    for tenant in ("acme", "globex"):
        listed = json.loads(terminal("keys", "list", "--format", "json", "--limit", "1000", TENANT=tenant).stdout)
        assert {key["tenant"] for key in listed} == {tenant}
    all_of_them = {key["id"] for key in terminal.json("keys", "list", "--limit", "1000")}
    assert made.keys() <= all_of_them


def test_a_scope_that_there_is_not_is_status_1_with_the_scopes_that_there_are(terminal: Terminal) -> None:
    refused = terminal("keys", "create", "--name", "A", "--scope", "users:burn")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == f"fastapi-service: The scopes are {', '.join(sorted(SCOPES))}.\n"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("create", "--name", "A", "--scope", "users"), "Scopes have a form such as things:read"),
        (
            ("create", "--name", "A", "--scope", "users:read", "--expires-at", "2020-01-01"),
            "An API key expires in the future",
        ),
        (("rotate", "2147483647"), "There is no API key with this id."),
        (("revoke", "2147483647"), "There is no API key with this id."),
        (("revoke", "2147483648"), "An id is a whole number from 1 to 2147483647."),
    ],
)
def test_what_the_rules_refuse_is_status_1(terminal: Terminal, arguments: tuple[str, ...], reason: str) -> None:
    refused = terminal("keys", *arguments)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith(f"fastapi-service: {reason}")
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "--name", "A"),
        ("rotate", "1", "--overlap", "721"),
        ("rotate", "1", "--overlap", "nan"),
    ],
)
def test_wrong_usage_is_status_2(terminal: Terminal, arguments: tuple[str, ...]) -> None:
    wrong = terminal("keys", *arguments)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "Usage: fastapi-service keys" in wrong.stderr


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"AUTH_MODE": "passwords"}, "AUTH_MODE must be disabled, api-keys, oidc, or api-keys,oidc."),
        ({"ACCESS_POLICY": "own-users"}, "ACCESS_POLICY=own-users needs to know who asks: set AUTH_MODE."),
    ],
)
def test_settings_that_would_not_protect_as_they_say_stop_the_start(
    terminal: Terminal, settings: dict[str, str], reason: str
) -> None:
    refused = terminal("serve", "--port", "0", **settings)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith(f"fastapi-service: {reason}"), refused.stderr
    assert refused.stderr.endswith(".\n")
    assert refused.stderr.count("\n") == 1


def test_tokens_are_revoked_and_accepted_again(terminal: Terminal) -> None:
    revoked = terminal.json("tokens", "revoke", "subject", "248289761001")
    assert (revoked["revoked_by"], revoked["revoked"]) == ("subject", "248289761001")
    assert terminal.json("tokens", "list") == [revoked]
    again = terminal("tokens", "revoke", "subject", "248289761001")
    assert (again.returncode, again.stderr) == (1, "fastapi-service: These tokens are revoked already.\n")
    assert terminal("tokens", "accept", str(revoked["id"])).returncode == 0
    assert terminal.json("tokens", "list") == []
