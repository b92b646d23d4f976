"""Scopes: what a credential allows."""

from typing import Final

_VERBS: Final = ("read", "write", "delete", "import", "export", "admin")


def scope(resource: str, verb: str) -> str:
    """The scope to do something with a kind of resource, such as `things:read`."""
    return f"{resource.replace('_', '-').replace(' ', '-')}:{verb}"


def scopes_of(resource: str) -> tuple[str, ...]:
    """All scopes of a kind of resource: `read`, `write`, `delete`, `import`, `export`, and `admin` for policies."""
    return tuple(scope(resource, verb) for verb in _VERBS)
