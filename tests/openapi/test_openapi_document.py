"""The OpenAPI document by itself: that it is one, and that it describes what the service is made of."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openapi_spec_validator
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from jsonschema_rs import Draft202012Validator
from pydantic import BaseModel

from entrypoints.http.app import create_app
from entrypoints.settings import Settings
from foundation.http.access.scopes import scope_of
from foundation.http.openapi.document import install_openapi
from foundation.http.problems import kinds
from openapi.conftest import PROTECTED
from openapi.documents import examples, nodes

WITHOUT_DESCRIPTION = {"/docs/start.js", "/docs/{name}"}


def errors_of(value: Any, schema: dict[str, Any], document: dict[str, Any]) -> list[str]:
    # Its patterns are those of ECMA-262 with the flag u, as in JSON Schema; Python's own have no properties of Unicode.
    validator = Draft202012Validator({**schema, "components": document["components"]}, validate_formats=True)
    return [error.message for error in validator.iter_errors(value)]


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def parameters(document: dict[str, Any], operation: dict[str, Any]) -> list[dict[str, Any]]:
    shared = document["components"]["parameters"]
    return [shared[one["$ref"].rpartition("/")[2]] if "$ref" in one else one for one in operation.get("parameters", [])]


def answers(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every answer of every operation, by its status."""
    shared = document["components"]["responses"]
    for _path, _method, operation in operations(document):
        for status, answer in operation["responses"].items():
            yield status, shared[answer["$ref"].rpartition("/")[2]] if "$ref" in answer else answer


def test_it_is_a_valid_openapi_document(document: dict[str, Any]) -> None:
    openapi_spec_validator.validate(document)
    broken = {**document, "paths": {"/planted": {"get": {"responses": 200}}}}
    with pytest.raises(openapi_spec_validator.validation.exceptions.OpenAPIValidationError):
        openapi_spec_validator.validate(broken)


def test_every_example_is_what_its_schema_asks_for(document: dict[str, Any]) -> None:
    found = list(examples(document))
    assert len(found) > 70
    wrong = {"/".join(path): errors for path, schema, value in found if (errors := errors_of(value, schema, document))}
    assert wrong == {}


def test_an_example_of_another_kind_of_problem_would_be_found(document: dict[str, Any]) -> None:
    content = document["components"]["responses"]["not-found"]["content"]["application/problem+json"]
    example = document["components"]["examples"]["internal-error"]["value"]
    assert errors_of(example, content["schema"], document)


def test_every_operation_of_the_service_is_described(described: FastAPI, document: dict[str, Any]) -> None:
    methods: dict[str, set[str]] = {}
    for route in iter_route_contexts(described.routes):
        assert route.path_format is not None
        methods.setdefault(route.path_format, set()).update(method.lower() for method in route.methods or ())
    documented = {path: set(operations) for path, operations in document["paths"].items()}
    assert {path: there for path, there in methods.items() if path not in WITHOUT_DESCRIPTION} == documented


def test_every_operation_has_an_id_and_parameters_for_its_path(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _path, _method, operation in operations(document)]
    assert len(set(ids)) == len(ids)
    for path, _method, operation in operations(document):
        names = {one["name"] for one in parameters(document, operation) if one["in"] == "path"}
        assert names == set(re.findall(r"{(\w+)}", path))


def test_every_reference_leads_somewhere_and_every_component_is_used(document: dict[str, Any]) -> None:
    found = {node["$ref"] for _path, node in nodes(document) if "$ref" in node}
    found |= {f"#/components/examples/{name}" for name in document["components"]["examples"]}
    # Operations name the schemes of security without a reference (OpenAPI 3.1, 4.8.30).
    found |= {
        f"#/components/securitySchemes/{name}"
        for _path, _method, operation in operations(document)
        for requirement in operation.get("security", ())
        for name in requirement
    }
    assert found == {f"#/components/{kind}/{name}" for kind, named in document["components"].items() for name in named}


def test_every_link_leads_to_an_operation_with_its_parameters(document: dict[str, Any]) -> None:
    by_id = {operation["operationId"]: operation for _path, _method, operation in operations(document)}
    links = [link for _status, answer in answers(document) for link in answer.get("links", {}).values()]
    assert len(links) >= 8
    for link in links:
        known = {f"{one['in']}.{one['name']}" for one in parameters(document, by_id[link["operationId"]])}
        assert set(link["parameters"]) <= known


def test_every_error_is_a_problem(document: dict[str, Any]) -> None:
    for status, answer in answers(document):
        if status >= "400":
            assert list(answer["content"]) == ["application/problem+json"]


def test_it_says_what_is_sent(document: dict[str, Any]) -> None:
    bodies = {
        (method, path): list(operation["requestBody"]["content"])
        for path, method, operation in operations(document)
        if "requestBody" in operation and path.startswith("/api/v1/users")
    }
    assert bodies == {
        ("post", "/api/v1/users"): ["application/json"],
        ("post", "/api/v1/users/batch"): ["application/json"],
        ("post", "/api/v1/users/import"): ["application/octet-stream"],
        ("patch", "/api/v1/users/{user_id}"): ["application/merge-patch+json", "application/json"],
    }
    named = {
        operation["operationId"]: {one["name"] for one in parameters(document, operation) if one["in"] != "path"}
        for _path, _method, operation in operations(document)
    }
    assert named["list_users"] == {"limit", "cursor", "sort", "email", "created_after", "created_before", "Prefer"}
    assert named["create_user"] == named["create_users"] == {"Idempotency-Key"}
    assert named["update_user"] == named["delete_user"] == {"If-Match"}
    assert (named["get_user"], named["import_users"]) == ({"If-None-Match"}, {"format", "on_conflict"})
    assert named["export_users"] == {"fields"}


def test_a_route_that_says_nothing_of_itself_is_described_too() -> None:
    class Thing(BaseModel):
        size: int

    async def add(thing: Thing) -> Thing:
        return thing

    async def weigh(number: int, weight: int) -> int:
        return number * weight

    app = FastAPI()
    app.post("/things")(add)
    app.get("/things/{number}")(weigh)
    install_openapi(app)
    document = app.openapi()
    openapi_spec_validator.validate(document)
    assert {path: set(methods) for path, methods in document["paths"].items()} == {
        "/things": {"post"},
        "/things/{number}": {"get"},
    }
    for operation in (document["paths"]["/things"]["post"], document["paths"]["/things/{number}"]["get"]):
        assert operation["responses"]["422"] == {"$ref": "#/components/responses/validation-failed"}
        assert "Cache-Control" in operation["responses"]["200"]["headers"]


def test_every_kind_of_problem_is_an_answer_to_something(described: FastAPI, document: dict[str, Any]) -> None:
    protected = described.state.access is not None
    declared = {
        slug
        for _status, answer in answers(document)
        for media_type in answer.get("content", {}).values()
        for slug in media_type.get("examples", {})
    }
    promised = {kind.slug for kind in described.state.problems.kinds}
    # No operation is answered with the first, because no method that is described is not allowed; and a service whose
    # resources have kinds of their own for each unique value, and do not refer to each other, needs none of the others.
    of_other_services = (kinds.ALREADY_TAKEN, kinds.REFERENCE_NOT_FOUND, kinds.STILL_REFERENCED)
    of_authentication = (kinds.UNAUTHENTICATED, kinds.FORBIDDEN, kinds.RATE_LIMITED, kinds.AUTHENTICATION_UNAVAILABLE)
    without = of_other_services if protected else (*of_other_services, *of_authentication)
    unanswered = {kind.slug for kind in (kinds.METHOD_NOT_ALLOWED, *without)}
    assert promised - unanswered <= declared <= promised - {kinds.METHOD_NOT_ALLOWED.slug}
    types = document["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]
    assert set(types) == {f"/problems/{slug}" for slug in declared | {kinds.METHOD_NOT_ALLOWED.slug}}


def test_each_operation_says_which_scope_it_needs(described: FastAPI, document: dict[str, Any]) -> None:
    needed = {}
    for route in iter_route_contexts(described.routes):
        if isinstance(route.original_route, APIRoute) and (scope := scope_of(route.original_route)):
            for method in (route.methods or set()) - {"HEAD", "OPTIONS"}:
                needed[method.lower(), route.path_format] = [{"Bearer": [scope]}]
    assert len(needed) >= 8
    protected = described.state.access is not None
    said = {(method, path): one["security"] for path, method, one in operations(document) if "security" in one}
    assert said == (needed if protected else {})
    assert list(document["components"].get("securitySchemes", ())) == (["Bearer"] if protected else [])
    for path, method, operation in operations(document):
        # Tools show what is in a description, and leave out the scopes of a scheme that is not OAuth's.
        for requirement in operation.get("security", ()):
            [scope] = requirement["Bearer"]
            assert operation["description"].endswith(f"\n\nNeeds the scope `{scope}`."), (method, path)
        asked = {"401", "403"} & operation["responses"].keys()
        assert asked == ({"401", "403"} if (method, path) in said else set()), (method, path)


@pytest.mark.parametrize(
    ("mode", "credentials"),
    [
        ("api-keys", "an API key of this service (`svc_...`)"),
        ("oidc", "an access token of its provider"),
        ("api-keys,oidc", "an API key of this service (`svc_...`) or an access token of its provider"),
    ],
)
def test_the_document_names_the_credentials_that_are_accepted(mode: str, credentials: str, tmp_path: Path) -> None:
    chosen = {**PROTECTED, "auth_mode": mode} if "oidc" in mode else {"auth_mode": mode}
    document = create_app(
        Settings(_env_file=None, database_url=f"sqlite+aiosqlite:///{tmp_path}/x.db", **chosen)
    ).openapi()
    description = f"Send {credentials}, as a bearer token (RFC 6750)."
    scheme = {"type": "http", "scheme": "bearer", "description": description}
    assert document["components"]["securitySchemes"] == {"Bearer": scheme}


def test_without_authentication_the_document_mentions_none_of_it() -> None:
    document = create_app(Settings(_env_file=None, database_url="memory://")).openapi()
    del document["paths"]["/problems/{slug}"]  # the pages of all kinds are there
    for word in ("security", "Bearer", "unauthenticated", "forbidden", "x-scope", "WWW-Authenticate", "api-key"):
        assert word not in str(document), word


def test_every_answer_declares_the_headers_of_every_answer(document: dict[str, Any]) -> None:
    always = {"X-Request-Id", "X-Content-Type-Options", "Cache-Control", "Content-Security-Policy"}
    for status, answer in answers(document):
        assert set(answer["headers"]) >= always, status
        if status == "503":
            assert "Retry-After" in answer["headers"]
        assert ("WWW-Authenticate" in answer["headers"]) == (status in {"401", "403"}), status


def test_no_answer_stands_for_all_others(document: dict[str, Any]) -> None:
    # It would admit any status, so that no check could find one that is not described.
    assert {status for status, _answer in answers(document)} & {"default", "2XX", "4XX", "5XX"} == set()


def test_nothing_is_described_by_words_of_the_framework(document: dict[str, Any]) -> None:
    assert "HTTPValidationError" not in document["components"]["schemas"]
    for path, node in nodes(document):
        assert node.get("description") != "Successful Response", path
