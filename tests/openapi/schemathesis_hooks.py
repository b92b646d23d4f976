"""What schemathesis cannot learn from the OpenAPI document, because OpenAPI cannot say it: see `schemathesis.toml`.

All of it helps to make requests, and judges no answer.
"""

import csv
import io
import json
import os
import secrets
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final

import schemathesis
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, HookContext
from schemathesis.core import NOT_SET

from application.users.ports import UserFilter, UserSort
from domain.users.user_name import InvalidUserName, UserName
from entrypoints.http.v1.users.file_schemas import EXPORTED_FIELDS
from entrypoints.http.v1.users.schemas import ListUsersParameters
from entrypoints.http.v1.users.value_schemas import SENT_EMAIL, SENT_NAME
from entrypoints.user_files import USER_FILES
from foundation.files.file_format import FileFormat
from foundation.http.access.api_key_schemas import SENT_VISIBLE
from foundation.http.requests.body import OCTETS
from foundation.http.requests.cursors import CursorCodec
from foundation.kernel.access.api_keys.values import MAX_API_KEY_NAME_LENGTH
from foundation.kernel.pagination import Position

_BLANKS: Final = st.sampled_from(["", " ", "\t", "\r\n"])
_LETTERS: Final = "abcxyzABCXYZ0123456789"
_WORDS: Final = st.text(_LETTERS + "+_", min_size=1, max_size=20)
_LABELS: Final = st.text(_LETTERS, min_size=1, max_size=12)
_TOP_LEVELS: Final = st.sampled_from(["com", "ORG", "x"])
# Texts of thousands of characters take minutes, too; the corpus of hostile requests has them.
_LONGEST_DRAWN: Final = 1000
# To try whether a method is refused, schemathesis sends the body of another one with it. A body without a meaning
# (RFC 9110, 9.3) is refused before anybody looks at the method.
_WITHOUT_BODY: Final = frozenset({"GET", "HEAD", "DELETE", "OPTIONS", "TRACE"})
# Other runs may have been on the same server.
_RUN: Final = secrets.token_hex(8)
_numbers = count()


@st.composite
def addresses(draw: st.DrawFn) -> str:
    local_part = ".".join(draw(st.lists(_WORDS, min_size=1, max_size=3)))
    domain = ".".join([*draw(st.lists(_LABELS, min_size=1, max_size=3)), draw(_TOP_LEVELS)])
    return f"{draw(_BLANKS)}{local_part}@{domain}{draw(_BLANKS)}"


def _is_name(text: str) -> bool:
    try:
        return unicodedata.is_normalized("NFC", UserName(text).value)
    except InvalidUserName:
        return False


names = st.text(st.characters(exclude_categories=["Cs", "Cn"]), min_size=1, max_size=220).filter(_is_name)
visible_texts = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=MAX_API_KEY_NAME_LENGTH)
rows = st.lists(st.tuples(addresses(), names), max_size=10)


def _some_of(names: list[str]) -> st.SearchStrategy[str]:
    return st.integers(1, len(names)).map(lambda number: ",".join(names[:number]))


def _ndjson(users: list[tuple[str, str]]) -> bytes:
    return "".join(json.dumps({"email": email, "name": name}) + "\n" for email, name in users).encode()


def _csv(users: list[tuple[str, str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([("email", "name"), *users])
    return text.getvalue().encode()


# These patterns admit more than the service takes, and lines cannot be described at all. `test_value_schemas` shows how
# much more, with many more values than would be tried here.
schemathesis.openapi.format("address-as-sent", addresses())
schemathesis.openapi.format("name-as-sent", names)
schemathesis.openapi.format("visible-text", visible_texts)
schemathesis.openapi.format("exported-fields", st.permutations(tuple(USER_FILES.exported)).flatmap(_some_of))
schemathesis.openapi.media_type(OCTETS, st.one_of(rows.map(_ndjson), rows.map(_csv)))
_FORMATS: Final = {
    SENT_EMAIL["pattern"]: "address-as-sent",
    SENT_NAME["pattern"]: "name-as-sent",
    SENT_VISIBLE: "visible-text",
    EXPORTED_FIELDS["pattern"]: "exported-fields",
}


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict[str, Any]) -> None:  # noqa: ARG001 -- the name is a hook's
    for schema in list(_objects(raw_schema)):
        if (name := _FORMATS.get(str(schema.get("pattern")))) is not None:
            del schema["pattern"], schema["maxLength"]
            schema["format"] = name
        elif schema.get("maxLength", 0) > _LONGEST_DRAWN:
            del schema["maxLength"]


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for member in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _objects(member)


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:  # noqa: ARG001
    if case.method in _WITHOUT_BODY:
        case.body = NOT_SET
    if case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE:
        _give_a_key_of_its_own(case)
        _give_a_version_that_is_there(case)
        _give_a_cursor_that_fits(case)
        _give_an_end_to_come(case)
        _name_the_format_of_a_file(case)


def _give_a_key_of_its_own(case: Case[Any]) -> None:
    """A key is for one request, so another request with it is refused."""
    if case.headers and (key := case.headers.get("Idempotency-Key")) is not None:
        own = f"{_RUN}-{next(_numbers):x}-"
        case.headers["Idempotency-Key"] = own + key[len(own) :]


def _give_a_version_that_is_there(case: Case[Any]) -> None:
    """Nobody can guess a version, so half of the preconditions are that there is any (RFC 9110, 13.1.1)."""
    if case.headers and "If-Match" in case.headers and next(_numbers) % 2:
        case.headers["If-Match"] = "*"


def _give_an_end_to_come(case: Case[Any]) -> None:
    """An API key ends in the future."""
    if case.operation.definition.raw.get("operationId") == "issue_api_key" and isinstance(case.body, dict):
        end = case.body.get("expires_at")
        if isinstance(end, str) and end < "2900":
            case.body["expires_at"] = f"29{end[2:]}"


def _name_the_format_of_a_file(case: Case[Any]) -> None:
    """The format is that of the bytes. Half of the files have its media type, too, which the document does not show."""
    if not isinstance(case.body, bytes) or "format" not in case.query:
        return
    file_format = FileFormat.CSV if case.body.startswith(b'"email"') else FileFormat.NDJSON
    case.query["format"] = file_format.value
    if next(_numbers) % 2:
        case.headers["Content-Type"] = file_format.media_type


def _give_a_cursor_that_fits(case: Case[Any]) -> None:
    """A cursor is signed, and for one sort, filter and principal. Lists of other things are asked for without one."""
    query = case.query or {}
    if query.get("cursor") is None:
        return
    if case.operation.definition.raw.get("operationId") != "list_users":
        del query["cursor"]
        return
    wanted = ListUsersParameters.model_validate({name: str(value) for name, value in query.items()})
    by_id = wanted.sort in {UserSort.ID, UserSort.ID_DESCENDING}
    position = Position(1 if by_id else datetime.now(UTC), 1)
    codec = CursorCodec(os.environ["CURSOR_KEY"].encode())
    query["cursor"] = codec.encode(position, wanted.sort, UserFilter(**wanted.filters()), os.environ["CURSOR_HOLDER"])
