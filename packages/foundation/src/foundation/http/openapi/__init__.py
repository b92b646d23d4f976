"""The OpenAPI document: what routes say of themselves, and what is derived from the rest of the service.

Bodies, queries and problems are read and written by our own code, of which FastAPI knows nothing, so each route
declares them with the functions here. `document.describe` makes the document of it.
"""

from foundation.http.openapi.headers import (
    ALLOW,
    CONTENT_DISPOSITION,
    ENTITY_TAG,
    IDEMPOTENT_REPLAYED,
    LINK_TO_NEXT,
    LOCATION,
    PREFERENCE_APPLIED,
    policy,
)
from foundation.http.openapi.operations import html_page, no_content, parameters, request_body, responses, text_body

__all__ = [
    "ALLOW",
    "CONTENT_DISPOSITION",
    "ENTITY_TAG",
    "IDEMPOTENT_REPLAYED",
    "LINK_TO_NEXT",
    "LOCATION",
    "PREFERENCE_APPLIED",
    "html_page",
    "no_content",
    "parameters",
    "policy",
    "request_body",
    "responses",
    "text_body",
]
