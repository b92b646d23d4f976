"""Where an answer leads: links of the OpenAPI document (OpenAPI 3.1, 4.8.20)."""

from typing import Any, Final


def links_to_user(user_id: str, *, tagged: bool = True) -> dict[str, Any]:
    """To the user whose id the expression `user_id` finds in the answer; `tagged` if the answer has its entity tag."""
    one = {"path.user_id": user_id}
    if_match = {"header.If-Match": "$response.header.ETag"} if tagged else {}
    if_none_match = {"header.If-None-Match": "$response.header.ETag"} if tagged else {}
    return {
        "read": {"operationId": "get_user", "parameters": one | if_none_match, "description": "Read the user."},
        "change": {"operationId": "update_user", "parameters": one | if_match, "description": "Change the user."},
        "delete": {"operationId": "delete_user", "parameters": one | if_match, "description": "Delete the user."},
    }


LINK_TO_NEXT_PAGE: Final = {
    "next": {
        "operationId": "list_users",
        "parameters": {"query.cursor": "$response.body#/next_cursor"},
        "description": "Read the next page, with the same sort and filter.",
    }
}
