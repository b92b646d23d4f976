"""Walks through an OpenAPI document."""

from collections.abc import Iterator
from typing import Any


def nodes(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every object in the document but what is in examples, with the names that lead to it."""
    if isinstance(node, dict):
        yield path, node
        for name, member in node.items():
            if name not in {"example", "examples", "value"} or path[-1:] == ("components",):
                yield from nodes(member, (*path, name))
    elif isinstance(node, list):
        for position, member in enumerate(node):
            yield from nodes(member, (*path, str(position)))


def examples(document: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], dict[str, Any], Any]]:
    """Every example with its schema: of parameters, headers and media types, and of schemas themselves."""
    named = document["components"]["examples"]
    for path, node in nodes(document):
        if isinstance(node.get("schema"), dict):
            if "example" in node:
                yield path, node["schema"], node["example"]
            for one in node.get("examples", {}).values():
                found = named[one["$ref"].rpartition("/")[2]] if "$ref" in one else one
                yield path, node["schema"], found["value"]
        elif isinstance(node.get("examples"), list):
            for value in node["examples"]:
                yield path, node, value
