"""What can be wrong with a line. The words are those of the HTTP API, and none of them comes from the line."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

from application.users.import_users import LineError, RejectedLine
from domain.users.email_address import EmailAddress
from domain.users.user import NewUser
from domain.users.user_name import UserName
from foundation.files.file_format import EXPORTED_FIELDS, IMPORTED_FIELDS
from foundation.files.lines import LONGEST_LINE
from foundation.kernel.bulk_loading import Numbered
from foundation.kernel.errors import InvalidValue

ReadLine: TypeAlias = Numbered[NewUser] | RejectedLine

TOO_LONG: Final = LineError("#", "line-too-long", f"may have at most {LONGEST_LINE} bytes")
_NO_OBJECT: Final = LineError("#", "not-an-object", "must be an object")
_UNKNOWN_FIELD: Final = LineError("#", "unknown-field", "has a field that this resource does not have")
_READ: Final = {"email": EmailAddress, "name": UserName}


def read_members(line: int, document: Any) -> ReadLine:
    """The user that a JSON document describes."""
    if not isinstance(document, dict):
        return RejectedLine(line, (_NO_OBJECT,))
    if document.keys() == _READ.keys() and all(isinstance(value, str) for value in document.values()):
        return read_values(line, document["email"], document["name"])
    return RejectedLine(line, (*_wrong_values(document), *surplus(document)))


def read_values(line: int, email: str, name: str) -> ReadLine:
    """The user with these values, which are not judged yet."""
    try:
        return Numbered(line, NewUser(EmailAddress(email), UserName(name)))
    except InvalidValue:
        return RejectedLine(line, tuple(_wrong_values({"email": email, "name": name})))


def surplus(names: Iterable[str]) -> list[LineError]:
    """What is wrong with fields that nobody may give: a known one is named, another one is input."""
    errors = [
        LineError(f"#/{name}", "read-only", "is read-only")
        for name in names
        if name in EXPORTED_FIELDS and name not in IMPORTED_FIELDS
    ]
    return errors if set(names) <= set(EXPORTED_FIELDS) else [*errors, _UNKNOWN_FIELD]


def missing(name: str) -> LineError:
    """A field that must be there."""
    return LineError(f"#/{name}", "required", "is required")


def _wrong_values(members: Mapping[str, Any]) -> Iterable[LineError]:
    for name, read in _READ.items():
        if name not in members:
            yield missing(name)
        elif not isinstance(members[name], str):
            yield LineError(f"#/{name}", "not-a-string", "must be a string, and not null")
        else:
            try:
                read(members[name])
            except InvalidValue as error:
                yield LineError(f"#/{name}", error.code, str(error))
