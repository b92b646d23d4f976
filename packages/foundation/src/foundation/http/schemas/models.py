"""The base models of what clients send and receive."""

from typing import Annotated, Any, Final, Generic, TypeAlias, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from foundation.http.problems.validation import OURS
from foundation.http.schemas.fields import LimitField, from_choice
from foundation.http.schemas.presenting import PresentedBy, present_decimal, present_time
from foundation.http.schemas.values import COUNT, CURSOR, ID, KEPT_TIME, sort_order
from foundation.kernel.errors import InvalidValue
from foundation.kernel.pagination import DEFAULT_LIMIT, MAX_LIMIT
from foundation.kernel.queries import SortOrder
from foundation.kernel.unset import UNSET

ItemT = TypeVar("ItemT", bound=BaseModel)

IdField: TypeAlias = Annotated[int, WithJsonSchema(ID)]
"""The id of a resource in an answer."""
CountField: TypeAlias = Annotated[int, WithJsonSchema(COUNT)]
"""How many there are of something, in an answer."""
KeptTimeField: TypeAlias = Annotated[str, WithJsonSchema(KEPT_TIME), PresentedBy(present_time, unless="microsecond")]
"""A time in an answer."""
KeptDecimalField: TypeAlias = Annotated[str, PresentedBy(present_decimal)]
"""A decimal number in an answer, which is a text there, too; its schema is `values.decimal_number`."""


def _without_unset(schema: dict[str, Any]) -> None:
    """A field that may be absent has no default that a client could send."""
    for described in schema.get("properties", {}).values():
        if described.get("default") == UNSET.value:
            del described["default"]


def _without_default(schema: dict[str, Any]) -> None:
    del schema["default"]


class RequestModel(BaseModel):
    """The base of bodies and query parameters. A field that it does not have is refused."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_without_unset)


class UnknownSort(InvalidValue):
    """There is no such order of the list."""

    code = "unknown-sort"


def sort_field(orders: type[SortOrder], default: SortOrder) -> Any:
    """The annotation of the `sort` of a list."""
    return from_choice(orders, sort_order(orders, default), UnknownSort)


class ListParameters(RequestModel):
    """The base of the query parameters of lists. A list adds its `sort` and the fields of its filter."""

    limit: LimitField = DEFAULT_LIMIT
    cursor: Annotated[str | None, WithJsonSchema(CURSOR)] = None
    sort: Any  # a `SortOrder` of the list's own

    def filters(self) -> dict[str, Any]:
        """The parameters that choose items, by name; None for those that are not given."""
        return {name: value for name, value in vars(self).items() if name not in _OF_EVERY_LIST}


_OF_EVERY_LIST: Final = frozenset(ListParameters.model_fields)


class PageBody(BaseModel, Generic[ItemT]):
    """A page of a list."""

    items: list[ItemT] = Field(max_length=MAX_LIMIT)
    next_cursor: Annotated[str, WithJsonSchema(CURSOR)] | None = Field(
        description="Where the next page starts; null after the last page."
    )
    total: CountField | SkipJsonSchema[None] = Field(
        None,
        description="How many items the whole list has; only for a request that prefers count=exact.",
        json_schema_extra=_without_default,
    )


def batch(largest: int, error: type[InvalidValue]) -> BeforeValidator:
    """The annotation of the items of a batch, whose number is checked before any of them is read; `error` otherwise."""

    def check(items: object) -> object:
        if not isinstance(items, list):
            raise PydanticCustomError("not-an-array", "must be an array", OURS)
        if not 1 <= len(items) <= largest:
            refused = error()
            raise PydanticCustomError(refused.code, str(refused), OURS)
        return items

    return BeforeValidator(check)
