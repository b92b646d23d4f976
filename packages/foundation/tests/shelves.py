"""A resource that the service does not have: what a module of `entrypoints/http/v1` looks like for a small entity."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Final, NamedTuple, TypeAlias

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field, WithJsonSchema

from foundation.http.application import Resource
from foundation.http.openapi.resources import ResourceOperations
from foundation.http.problems import kinds
from foundation.http.requests.entity_tags import expected_versions
from foundation.http.requests.idempotency import IdempotencyKeyHeader
from foundation.http.requests.json_body import JSON, MERGE_PATCH, json_body
from foundation.http.requests.lists import Listing, listing
from foundation.http.responses import created_response, read_response, resource_response
from foundation.http.routing.path_ids import path_id
from foundation.http.routing.providing import provided
from foundation.http.schemas.fields import (
    IfGiven,
    Nullable,
    Settable,
    choice,
    from_boolean,
    from_decimal,
    from_integer,
    from_text,
)
from foundation.http.schemas.models import (
    IdField,
    KeptDecimalField,
    KeptTimeField,
    ListParameters,
    PageBody,
    RequestModel,
    sort_field,
)
from foundation.http.schemas.presenting import Presenter
from foundation.http.schemas.values import ID, decimal_number
from foundation.kernel.errors import InvalidValue
from foundation.kernel.queries import SortOrder
from foundation.kernel.unset import UNSET

# What a service has in `domain` and `application`.


class Material(StrEnum):
    OAK = "oak"
    STEEL = "steel"


class ShelfSort(SortOrder):
    ID = "id"
    WIDTH_DESCENDING = "-width"


class ShelfView(NamedTuple):
    id: int
    label: str
    material: str
    width: Decimal
    movable: bool
    room: int
    note: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ShelfFilter:
    material: Material | None = None


def room(number: int) -> int:
    if not 1 <= number <= 99:
        raise InvalidValue("There are rooms 1 to 99.")
    return number


# The module.

_LABEL: Final = {"type": "string", "minLength": 1, "maxLength": 40, "description": "The label.", "examples": ["A1"]}
_NOTE: Final = {"type": "string", "maxLength": 200, "description": "A note.", "examples": ["Dusty."]}
_WIDTH: Final = (6, 2, "The width in centimetres.", "80.50")

LabelField: TypeAlias = Annotated[str, from_text(str, _LABEL)]
MaterialField: TypeAlias = Annotated[Material, choice(Material, "What it is made of.")]
WidthField: TypeAlias = Annotated[Decimal, from_decimal(*_WIDTH, signed=False)]
MovableField: TypeAlias = Annotated[bool, from_boolean("Whether it can be moved.")]
RoomField: TypeAlias = Annotated[int, from_integer(room, ID)]
NoteField: TypeAlias = Annotated[str, from_text(str, _NOTE)]


class CreateShelfBody(RequestModel):
    """A new shelf."""

    label: LabelField
    material: MaterialField
    width: WidthField
    movable: MovableField = False
    room: RoomField
    note: Nullable[NoteField] = None


class UpdateShelfBody(RequestModel):
    """A JSON merge patch (RFC 7396) of a shelf. Null takes the note away."""

    label: Settable[LabelField] = UNSET
    width: Settable[WidthField] = UNSET
    note: Settable[Nullable[NoteField]] = UNSET


class ListShelvesParameters(ListParameters):
    """The query parameters of a list of shelves."""

    sort: Annotated[ShelfSort, sort_field(ShelfSort, ShelfSort.ID)] = ShelfSort.ID
    material: IfGiven[MaterialField] = Field(None, description="Only shelves of this material.")


class ShelfBody(BaseModel):
    """A shelf."""

    id: IdField
    label: Annotated[str, WithJsonSchema(_LABEL)]
    material: Material
    width: Annotated[KeptDecimalField, WithJsonSchema(decimal_number(*_WIDTH, signed=False))]
    movable: bool = Field(description="Whether it can be moved.")
    room: IdField
    note: Annotated[str, WithJsonSchema(_NOTE)] | None
    created_at: KeptTimeField = Field(description="When the shelf was created.")
    updated_at: KeptTimeField = Field(description="When the shelf was last changed.")


class ShelfPageBody(PageBody[ShelfBody]):
    """A page of shelves."""


present_shelf: Final = Presenter(ShelfBody)
router = APIRouter(prefix="/shelves")
operations: Final = ResourceOperations("shelf", "shelves", body=ShelfBody, page=ShelfPageBody)

ShelfIdInPath: TypeAlias = Annotated[int, path_id("shelf_id", room)]
Shelves: TypeAlias = Annotated[Any, provided("shelves")]


@router.post("", **operations.create(CreateShelfBody, kinds.ALREADY_TAKEN, kinds.REFERENCE_NOT_FOUND))
async def create_shelf(
    request: Request,
    key: IdempotencyKeyHeader,
    body: Annotated[CreateShelfBody, Depends(json_body(CreateShelfBody, JSON, resource=ShelfBody))],
    shelves: Shelves,
) -> Response:
    """Create a shelf with a label that no other shelf has."""
    return created_response(request, await shelves.create(vars(body), key), present_shelf)


@router.get("", **operations.list(ListShelvesParameters))
async def list_shelves(
    asked: Annotated[Listing[ShelfFilter, ShelfSort], Depends(listing(ListShelvesParameters, ShelfFilter))],
    shelves: Shelves,
) -> Response:
    """List shelves, page by page."""
    page = await shelves.list(asked.where, asked.sort, asked.limit, asked.after, count=asked.count)
    return asked.response(page, present_shelf)


@router.get("/{shelf_id:id}", **operations.get())
async def get_shelf(request: Request, shelf_id: ShelfIdInPath, shelves: Shelves) -> Response:
    """Read one shelf."""
    return read_response(request, await shelves.get(shelf_id), present_shelf)


@router.patch("/{shelf_id:id}", **operations.update(UpdateShelfBody))
async def update_shelf(
    request: Request,
    shelf_id: ShelfIdInPath,
    body: Annotated[UpdateShelfBody, Depends(json_body(UpdateShelfBody, MERGE_PATCH, JSON, resource=ShelfBody))],
    shelves: Shelves,
) -> Response:
    """Change the fields that the merge patch names."""
    expected = expected_versions(request, shelf_id)
    return resource_response(await shelves.update(shelf_id, vars(body), expected), present_shelf)


@router.delete("/{shelf_id:id}", **operations.delete())
async def delete_shelf(request: Request, shelf_id: ShelfIdInPath, shelves: Shelves) -> Response:
    """Delete a shelf for good."""
    await shelves.delete(shelf_id, expected_versions(request, shelf_id))
    return Response(status_code=204)


# A shelf may stand on another one.
SHELVES: Final = Resource(
    tag="shelves", description="Create, read, list, change and delete.", routers=[router], refers_to=["shelves"]
)
