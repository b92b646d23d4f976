"""The address of a client, as limits by address tell clients apart."""

import re
from collections.abc import Collection, Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from itertools import chain, islice
from typing import Any, Final, TypeAlias

from foundation.http.requests.field_syntax import QUOTED, WORD, members

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

UNKNOWN_CLIENT: Final = "unknown"
"""The key of clients whose peer has no address, as on a Unix socket. Together they have one limit."""

# How many proxies are looked at on the way to the client, the nearest first.
_MOST_HOPS: Final = 32
# The longest text that can be an address with a port: 45 characters, brackets, and a zone of the peer's own machine.
_LONGEST_NODE: Final = 80
_BITS_BELOW_A_CLIENT: Final = 64  # of its address of IPv6

# forwarded-pair and forwarded-element of RFC 7239, section 4; an element may be empty (RFC 9110, 5.6.1).
_PAIR: Final = rf"{WORD}=(?:{WORD}|{QUOTED})"
_ELEMENT: Final = re.compile(rf"[ \t]*+((?:{_PAIR})?+(?:;(?:{_PAIR})?+)*+)[ \t]*+(?:,|\Z)")
_NAME_AND_VALUE: Final = re.compile(rf"({WORD})=({WORD}|{QUOTED})")
# node of RFC 7239, section 6, where a port tells IPv4 from a bare address of IPv6.
_NODE: Final = re.compile(r"(?:\[([^\]]*+)\]|([^:\[\]]*+))(?::(?:[0-9]{1,5}|_[A-Za-z0-9._-]+))?+")


def client_address(scope: Mapping[str, Any], trusted: Collection[Network] = ()) -> str:
    """What tells the client of an ASGI request from others: an IPv4 address, or an IPv6 network of 64 bits.

    A client of IPv6 usually has such a network, with more addresses than any table has room for. An IPv4 address that
    is written as an IPv6 one (RFC 4291, section 2.5.5.2) is itself.

    It is the peer of the connection. If that is one of the `trusted` proxies, it is the last address on the way that is
    none of them, by what each of them says of its own peer: the rightmost one of `X-Forwarded-For`, or of `Forwarded`
    (RFC 7239). Further to the left is what the client may have made up. Where the way is lost, because a proxy says
    `unknown`, an identifier of its own or something that cannot be read, it is the last address that is known.

    Proxies write one of the two headers and pass the other one on as the client made it up. So if both are there and do
    not agree, neither is believed.

    It raises nothing, and looks at 32 addresses at most.
    """
    peer = _peer(scope)
    if peer is None:
        return UNKNOWN_CLIENT
    if not _is_trusted(peer, trusted):
        return _as_key(peer)
    by_list, by_elements = _forwarded(scope)
    said = {_as_key(_last_untrusted(peer, hops, trusted)) for hops in (by_list, by_elements) if hops is not None}
    return said.pop() if len(said) == 1 else _as_key(peer)


def is_proxy(scope: Mapping[str, Any], trusted: Collection[Network]) -> bool:
    """Whether the peer of the connection is one of the `trusted` proxies."""
    peer = _peer(scope)
    return peer is not None and _is_trusted(peer, trusted)


def _peer(scope: Mapping[str, Any]) -> Address | None:
    client = scope.get("client")
    return _address(str(client[0])) if client else None


def _is_trusted(address: Address, trusted: Collection[Network]) -> bool:
    return any(address in network for network in trusted)


def _last_untrusted(peer: Address, hops: Iterator[Address | None], trusted: Collection[Network]) -> Address:
    """The first of the `hops`, which begin with the nearest, that is not trusted; or the last one that is known."""
    for hop in islice(hops, _MOST_HOPS):
        if hop is None:
            break
        peer = hop
        if not _is_trusted(hop, trusted):
            break
    return peer


def _forwarded(scope: Mapping[str, Any]) -> tuple[Iterator[Address | None] | None, Iterator[Address | None] | None]:
    """The hops by `X-Forwarded-For` and by `Forwarded`, the nearest first; None for a header that is not there."""
    lists: list[str] = []
    elements: list[str] = []
    for name, value in scope.get("headers", ()):
        if name == b"x-forwarded-for":
            lists.append(value.decode("latin-1"))
        elif name == b"forwarded":
            elements.append(value.decode("latin-1"))
    return (
        chain.from_iterable(map(_of_list, reversed(lists))) if lists else None,
        chain.from_iterable(map(_of_elements, reversed(elements))) if elements else None,
    )


def _of_list(value: str) -> Iterator[Address | None]:
    return map(_address, reversed(value.rsplit(",", _MOST_HOPS)))


def _of_elements(value: str) -> Iterator[Address | None]:
    """Those of one `Forwarded` header; nothing of it is believed if not all of it can be read.

    Otherwise, a quotation mark that a client sends could hide what a proxy writes behind it.
    """
    try:
        elements = [element[1] for element in members(_ELEMENT, value) if element[1]]
    except ValueError:
        return iter([None])
    return map(_of_element, reversed(elements))


def _of_element(element: str) -> Address | None:
    # One after the other, so that what a quoted string has in it is none of them.
    for name, node in _NAME_AND_VALUE.findall(element):
        if name.lower() == "for":
            return _address(re.sub(r"\\(.)", r"\1", node[1:-1]) if node.startswith('"') else node)
    return None


def _address(node: str) -> Address | None:
    """An address, which may have a port; that of IPv6 then has brackets. Not `unknown`, nor any other name."""
    node = node.strip(" \t")
    if len(node) > _LONGEST_NODE:
        return None
    match = _NODE.fullmatch(node)
    text = node if match is None else match[1] or match[2]
    try:
        address = ip_address(text or "")
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _as_key(address: Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return f"{IPv6Address(int(address) >> _BITS_BELOW_A_CLIENT << _BITS_BELOW_A_CLIENT)}/{_BITS_BELOW_A_CLIENT}"
