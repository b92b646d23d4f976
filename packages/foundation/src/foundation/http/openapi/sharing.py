"""Makes components of what a document says more than once."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from foundation.http.openapi.problem_answers import COMPONENT

Json: TypeAlias = dict[str, Any]

_REFERENCE: Final = re.compile(r'"#/components/(\w+)/([\w.-]+)"')
_SCHEMA_REFERENCE: Final = re.compile(r'"#/components/schemas/(\w+)"')


def share(document: Json) -> None:
    """Move schemas, answers and parameters into components, where references lead to them.

    What a component is called: a schema by its title, an answer by its mark, a parameter by its name.
    """
    components = document["components"]
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    for media_type in _media_types(operations):
        media_type["schema"] = _share_schema(media_type["schema"], components["schemas"])
    components["responses"] = _share_answers(operations)
    components["parameters"] = _share_parameters(operations)
    _rename_schemas(document)
    _drop_the_unused(document["components"], document)


def _media_types(operations: list[Json]) -> Iterator[Json]:
    for operation in operations:
        yield from operation.get("requestBody", {}).get("content", {}).values()


def _share_schema(schema: Json, schemas: Json) -> Json:
    if "title" not in schema:
        return schema
    schemas.update(schema.pop("$defs", {}))
    schemas[schema["title"]] = schema
    return {"$ref": f"#/components/schemas/{schema['title']}"}


def _share_answers(operations: list[Json]) -> Json:
    shared: Json = {}
    for operation in operations:
        for status, answer in operation["responses"].items():
            if COMPONENT in answer:
                name = answer[COMPONENT]
                shared[name] = {key: value for key, value in answer.items() if key != COMPONENT}
                operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
    return shared


def _share_parameters(operations: list[Json]) -> Json:
    seen = Counter(_text(one) for operation in operations for one in operation.get("parameters", []))
    shared: Json = {}
    for operation in operations:
        parameters = operation.get("parameters", [])
        for position, one in enumerate(parameters):
            if "$ref" not in one and seen[_text(one)] > 1 and shared.setdefault(one["name"], one) == one:
                parameters[position] = {"$ref": f"#/components/parameters/{one['name']}"}
    return shared


def _rename_schemas(document: Json) -> None:
    """Our classes are called `...Body` to tell them from entities, which no reader of the document meets."""
    names = document["components"]["schemas"].keys()
    short = {name: name.removesuffix("Body") if name.removesuffix("Body") not in names else name for name in names}
    renamed = _SCHEMA_REFERENCE.sub(lambda found: f'"#/components/schemas/{short[found[1]]}"', _text(document))
    document.update(json.loads(renamed))
    components = document["components"]
    components["schemas"] = {
        short[name]: schema | ({"title": short[name]} if "title" in schema else {})
        for name, schema in components["schemas"].items()
    }


def _drop_the_unused(components: Json, document: Json) -> None:
    while True:
        used = set(_REFERENCE.findall(_text(document)))
        unused = [
            (kind, name)
            for kind, named in components.items()
            if kind != "securitySchemes"  # operations name them without a reference
            for name in named
            if (kind, name) not in used
        ]
        if not unused:
            return
        for kind, name in unused:
            del components[kind][name]


def _text(value: Any) -> str:
    return json.dumps(value)
