"""The routes of API keys."""

from typing import Annotated, Any, Final, TypeAlias

from fastapi import APIRouter, Depends, Request, Response

from foundation.http.access.api_key_schemas import (
    ApiKeyBody,
    ApiKeyPageBody,
    IssueApiKeyBody,
    IssuedApiKeyBody,
    ListApiKeysParameters,
    RotateApiKeyBody,
    present_api_key,
)
from foundation.http.access.scopes import scoped
from foundation.http.application import Resource
from foundation.http.openapi import headers
from foundation.http.openapi.operations import parameters, request_body, responses
from foundation.http.problems import kinds
from foundation.http.problems.problem import ProblemKind
from foundation.http.requests.idempotency import refuse_key
from foundation.http.requests.json_body import JSON, json_body
from foundation.http.requests.lists import Listing, listing
from foundation.http.requests.negotiation import answers
from foundation.http.requests.query import NoParameters, query
from foundation.http.responses import json_response
from foundation.http.routing.path_ids import path_id
from foundation.http.routing.providing import provided
from foundation.kernel.access.api_keys import policy
from foundation.kernel.access.api_keys.api_key import ApiKeyEnded
from foundation.kernel.access.api_keys.issue_api_key import IssueApiKey, IssuedApiKey
from foundation.kernel.access.api_keys.ports import ApiKeyFilter, ApiKeySort
from foundation.kernel.access.api_keys.read_api_keys import ListApiKeys
from foundation.kernel.access.api_keys.revoke_api_key import RevokeApiKey
from foundation.kernel.access.api_keys.rotate_api_key import RotateApiKey
from foundation.kernel.access.api_keys.use_cases import ApiKeyUseCases
from foundation.kernel.access.api_keys.values import ApiKeyId

API_KEY_ENDED: Final = ProblemKind(
    slug="api-key-ended",
    status=409,
    title="The API key has ended.",
    advice="Issue a new API key.",
    happened="The API key was revoked or has expired, so it cannot get a new secret. Nothing was changed.",
    to_do="Issue a new API key: `POST /api/v1/api-keys`.",
)

router = APIRouter(prefix="/api-keys")

ApiKeyIdInPath: TypeAlias = Annotated[ApiKeyId, path_id("api_key_id", ApiKeyId)]
ApiKeys: TypeAlias = Annotated[ApiKeyUseCases, provided("api_keys")]

_ANSWERS_JSON: Final = Depends(answers(JSON))
_NO_PARAMETERS: Final = Depends(query(NoParameters))
# A recorded answer would keep the secret.
_NO_KEY: Final = Depends(refuse_key("The secret of an API key is not kept, so this request takes no Idempotency-Key."))
_WRITES: Final = (
    kinds.CONTENT_TOO_LARGE,
    kinds.UNSUPPORTED_MEDIA_TYPE,
    kinds.VALIDATION_FAILED,
    kinds.COMMIT_OUTCOME_UNKNOWN,
)


def _issued(issued: IssuedApiKey) -> dict[str, Any]:
    return {**present_api_key(issued.key), "secret": issued.secret}


@router.post(
    "",
    **scoped(
        policy.WRITING,
        status_code=201,
        summary="Issue an API key",
        dependencies=[_NO_PARAMETERS, _ANSWERS_JSON, _NO_KEY],
        openapi_extra=request_body(IssueApiKeyBody, JSON),
        responses=responses(201, "The API key was issued.", *_WRITES, model=IssuedApiKeyBody, headers=headers.LOCATION),
    ),
)
async def issue_api_key(
    request: Request,
    body: Annotated[IssueApiKeyBody, Depends(json_body(IssueApiKeyBody, JSON, resource=ApiKeyBody))],
    api_keys: ApiKeys,
) -> Response:
    """Issue an API key, for the owner that is named or that of the credential. Its secret is shown this once."""
    issued = await api_keys.issue(IssueApiKey(**vars(body)))
    location = f"{request.app.state.public_path}{request.scope['path']}/{issued.key.id}"
    return json_response(_issued(issued), 201, Location=location)


@router.get(
    "",
    **scoped(
        policy.READING,
        summary="List API keys",
        dependencies=[_ANSWERS_JSON],
        openapi_extra=parameters(ListApiKeysParameters),
        responses=responses(
            200,
            "A page of API keys.",
            kinds.INVALID_CURSOR,
            kinds.VALIDATION_FAILED,
            model=ApiKeyPageBody,
            headers=headers.LINK_TO_NEXT,
        ),
    ),
)
async def list_api_keys(
    query: Annotated[Listing[ApiKeyFilter, ApiKeySort], Depends(listing(ListApiKeysParameters, ApiKeyFilter))],
    api_keys: ApiKeys,
) -> Response:
    """List the API keys of the credential's owner; an administrator sees those of all owners."""
    page = await api_keys.list(ListApiKeys(query.where, query.sort, query.limit, query.after))
    return query.response(page, present_api_key)


@router.get(
    "/{api_key_id:id}",
    **scoped(
        policy.READING,
        summary="Read an API key",
        dependencies=[_NO_PARAMETERS, _ANSWERS_JSON],
        responses=responses(200, "The API key.", kinds.NOT_FOUND, model=ApiKeyBody),
    ),
)
async def get_api_key(api_key_id: ApiKeyIdInPath, api_keys: ApiKeys) -> Response:
    """Read one API key."""
    return json_response(present_api_key(await api_keys.get(api_key_id)))


@router.post(
    "/{api_key_id:id}/rotate",
    **scoped(
        policy.WRITING,
        summary="Give an API key a new secret",
        dependencies=[_NO_PARAMETERS, _ANSWERS_JSON, _NO_KEY],
        openapi_extra=request_body(RotateApiKeyBody, JSON),
        responses=responses(
            200, "The API key, with its new secret.", *_WRITES, kinds.NOT_FOUND, API_KEY_ENDED, model=IssuedApiKeyBody
        ),
    ),
)
async def rotate_api_key(
    api_key_id: ApiKeyIdInPath,
    body: Annotated[RotateApiKeyBody, Depends(json_body(RotateApiKeyBody, JSON, resource=ApiKeyBody))],
    api_keys: ApiKeys,
) -> Response:
    """Give an API key a new secret, which is shown this once. Two are good for a while, and never three."""
    return json_response(_issued(await api_keys.rotate(RotateApiKey(api_key_id, body.overlap_seconds))))


@router.delete(
    "/{api_key_id:id}",
    **scoped(
        policy.WRITING,
        status_code=204,
        response_class=Response,
        summary="Revoke an API key",
        dependencies=[_NO_PARAMETERS],
        responses=responses(204, "The API key is revoked.", kinds.NOT_FOUND, kinds.COMMIT_OUTCOME_UNKNOWN),
    ),
)
async def revoke_api_key(api_key_id: ApiKeyIdInPath, api_keys: ApiKeys) -> Response:
    """Revoke an API key for good. It stays in lists. When this is answered, no worker accepts it any more."""
    await api_keys.revoke(RevokeApiKey(api_key_id))
    return Response(status_code=204)


API_KEYS: Final = Resource(
    tag="api keys",
    description="Issue, list, rotate and revoke API keys.",
    routers=[router],
    errors={ApiKeyEnded: API_KEY_ENDED},
)
