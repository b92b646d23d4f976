"""How the statements of catalog objects are put together."""

from collections.abc import Mapping


def joined(*statements: str) -> str:
    """Statements one after the other, without the empty ones; no semicolon at the end."""
    return ";\n".join(one for one in statements if one)


def script(*statements: str) -> str:
    """Statements to paste: each with its semicolon, without the empty ones. A comment is no statement."""
    return "\n".join(one if one.startswith("--") else f"{one};" for one in statements if one)


def literal(text: str | None) -> str:
    """A string in SQL, or NULL."""
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


def known(aspects: Mapping[str, object]) -> dict[str, str]:
    """The aspects that have a value, as text: yes and no for truth."""
    return {
        name: ("yes" if value else "no") if isinstance(value, bool) else str(value)
        for name, value in aspects.items()
        if value is not None
    }


def unquoted(name: str) -> str:
    """The name that `name` in SQL means."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
