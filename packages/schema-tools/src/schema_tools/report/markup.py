"""HTML and SVG as trees, so that every text that comes from a project is escaped where it is written."""

import json
from collections.abc import Iterable
from typing import TypeAlias
from urllib.parse import quote
from xml.etree.ElementTree import Element, tostring

Content: TypeAlias = "Element | str | Iterable[Content] | None"
"""What stands in an element; None is nothing."""


def element(name: str, /, *content: Content, **attributes: object) -> Element:
    """An element with its content.

    An attribute named `class_` is `class`, and `view_box` is `view-box`; one that is None or False is left out, and one
    that is True is only named.
    """
    made = Element(name)
    for key, value in attributes.items():
        if value is not None and value is not False:
            made.set(key.rstrip("_").replace("_", "-"), "" if value is True else _text(value))
    _fill(made, content)
    return made


def written(tree: Element) -> str:
    """The element as HTML."""
    return tostring(tree, encoding="unicode", method="html")


def as_data(document: object) -> str:
    """The document as JSON for a `<script>`, which no text in it can end."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def anchor(kind: str, name: str) -> str:
    """The `id` of what is shown of something; a link to it is the same after `#`."""
    return f"{kind}-{fragment(name)}"


def fragment(name: str) -> str:
    """A name as a part of an `id`, which may have no blanks, and of a link to it."""
    return quote(name, safe="")


def number(value: float) -> str:
    """A length, without decimals that say nothing."""
    return f"{value:.1f}".removesuffix(".0")


def _text(value: object) -> str:
    return number(value) if isinstance(value, float) else str(value)


def _fill(made: Element, content: Iterable[Content]) -> None:
    for one in content:
        if isinstance(one, str):
            if len(made):
                made[-1].tail = (made[-1].tail or "") + one
            else:
                made.text = (made.text or "") + one
        elif isinstance(one, Element):
            made.append(one)
        elif one is not None:
            _fill(made, one)
