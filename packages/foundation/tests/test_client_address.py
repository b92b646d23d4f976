"""The address of a client: of the connection, or as trusted proxies tell it, and nothing that a client made up."""

from ipaddress import IPv4Address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.http.edge.client_address import UNKNOWN_CLIENT, client_address
from foundation.http.limits import MAX_HEADER_SIZE

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("fd00::/16"))
PROXY = "10.0.0.1"


def scope(peer: Any, *headers: tuple[str, str]) -> dict[str, Any]:
    client = (peer, 5000) if isinstance(peer, str) else peer
    return {"type": "http", "client": client, "headers": [(name.encode(), value.encode()) for name, value in headers]}


def told(name: str, *values: str, peer: str = PROXY) -> str:
    return client_address(scope(peer, *((name, value) for value in values)), TRUSTED)


def by_list(*values: str) -> str:
    return told("x-forwarded-for", *values)


def by_elements(*values: str) -> str:
    return told("forwarded", *values)


class TestThePeer:
    @pytest.mark.parametrize(
        ("peer", "key"),
        [
            ("192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::7", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::7", "2001:db8:1:3::/64"),
            ("::1", "::/64"),
            ("fe80::1%eth0", "fe80::/64"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("::FFFF:C000:201", "192.0.2.1"),
        ],
    )
    def test_is_an_ipv4_address_or_an_ipv6_network(self, peer: str, key: str) -> None:
        assert client_address(scope(peer)) == key

    @pytest.mark.parametrize("peer", [None, ("", 0), ("/run/service.sock", None), ("testclient", 1), (None, 0), ()])
    def test_without_an_address_has_the_key_of_all_such(self, peer: Any) -> None:
        assert client_address(scope(peer)) == UNKNOWN_CLIENT == "unknown"
        assert client_address({"type": "http"}, TRUSTED) == UNKNOWN_CLIENT

    @pytest.mark.parametrize("trusted", [(), TRUSTED])
    def test_that_is_not_trusted_is_the_client_whatever_it_says(self, trusted: Any) -> None:
        peer = scope("192.0.2.1", ("x-forwarded-for", "198.51.100.7"), ("forwarded", "for=198.51.100.7"))
        assert client_address(peer, trusted) == "192.0.2.1"

    def test_that_has_no_address_is_not_trusted(self) -> None:
        assert client_address(scope(None, ("x-forwarded-for", "192.0.2.1")), (ip_network("0.0.0.0/0"),)) == "unknown"

    @pytest.mark.parametrize("peer", [PROXY, "::ffff:10.0.0.1", "fd00::1"])
    def test_that_is_trusted_tells_the_client(self, peer: str) -> None:
        assert told("x-forwarded-for", "192.0.2.1", peer=peer) == "192.0.2.1"
        assert told("forwarded", "for=192.0.2.1", peer=peer) == "192.0.2.1"

    def test_that_is_trusted_and_says_nothing_is_the_client(self) -> None:
        assert client_address(scope(PROXY, ("x-real-ip", "192.0.2.1")), TRUSTED) == PROXY


class TestXForwardedFor:
    @pytest.mark.parametrize(
        ("values", "key"),
        [
            (["198.51.100.7, 192.0.2.1"], "192.0.2.1"),
            (["198.51.100.7", "192.0.2.1"], "192.0.2.1"),
            (["192.0.2.1, 10.2.3.4,10.0.0.9"], "192.0.2.1"),
            (["198.51.100.7, 192.0.2.1", "10.2.3.4", "fd00::9"], "192.0.2.1"),
            (["10.3.3.3, 10.2.2.2"], "10.3.3.3"),
            (["\t192.0.2.1 "], "192.0.2.1"),
            (["192.0.2.1:4711"], "192.0.2.1"),
            (["2001:db8::1"], "2001:db8::/64"),
            (["[2001:db8::1]"], "2001:db8::/64"),
            (["[2001:db8::1]:4711"], "2001:db8::/64"),
            (["::ffff:192.0.2.1"], "192.0.2.1"),
        ],
    )
    def test_tells_the_last_address_that_is_not_trusted(self, values: list[str], key: str) -> None:
        assert by_list(*values) == key

    @pytest.mark.parametrize(
        "lost",
        ["", "unknown", "_hidden", "client.example.com", "192.0.2.256", "192.0.2.1:", "192.0.2.1:123456", "192.0.2.1:x",
         "[2001:db8::1", "[2001:db8::1]x", "2001:db8::1]:80", "[192.0.2.1]:", "1", "\u0661.2.3.4", "192.0.2.1" * 1000,
         "0:" * 50, "[" * 79, "192.0.2.1/24"],
    )  # fmt: skip
    def test_that_cannot_be_read_leaves_the_last_address_that_is_known(self, lost: str) -> None:
        assert by_list(f"192.0.2.1, {lost}") == PROXY
        assert by_list(f"192.0.2.1, {lost}, 10.2.3.4") == "10.2.3.4"
        assert by_list(f"{lost}, 192.0.2.1") == "192.0.2.1"

    def test_has_addresses_of_80_characters_at_most(self) -> None:
        longest = "fe80::1%".ljust(80, "z")
        assert by_list(longest) == "fe80::/64"
        assert by_list(f"{longest}z") == PROXY

    def test_is_followed_past_32_proxies_and_no_further(self) -> None:
        assert by_list("192.0.2.1, " + ", ".join(["10.0.0.2"] * 31)) == "192.0.2.1"
        assert by_list("192.0.2.1, 10.0.0.3, " + ", ".join(["10.0.0.2"] * 31)) == "10.0.0.3"
        assert by_list("192.0.2.1", *["10.0.0.2"] * 31) == "192.0.2.1"
        assert by_list("192.0.2.1", "10.0.0.3", *["10.0.0.2"] * 31) == "10.0.0.3"


class TestForwarded:
    @pytest.mark.parametrize(
        ("values", "key"),
        [
            (["for=198.51.100.7, for=192.0.2.1"], "192.0.2.1"),
            (["for=198.51.100.7", "for=192.0.2.1"], "192.0.2.1"),
            (["for=192.0.2.1, for=10.2.3.4,, for=10.0.0.9"], "192.0.2.1"),
            (["FOR=192.0.2.1;proto=https;by=10.0.0.1"], "192.0.2.1"),
            (["proto=https;For=192.0.2.1;host=example.com"], "192.0.2.1"),
            (['for="192.0.2.1"'], "192.0.2.1"),
            (['for="192.0.2.1:4711"'], "192.0.2.1"),
            (['for="192.0.2.1:_port"'], "192.0.2.1"),
            (['for="[2001:db8:cafe::17]:4711"'], "2001:db8:cafe::/64"),
            (['for="[2001:db8:cafe::17]"'], "2001:db8:cafe::/64"),
            (['for="\\[2001:db8:cafe::17\\]"'], "2001:db8:cafe::/64"),
            (['host="a,b;for=198.51.100.7";for=192.0.2.1'], "192.0.2.1"),
            (['for=192.0.2.1;host="a\\",for=198.51.100.7"'], "192.0.2.1"),
            (["for=192.0.2.1;;proto=https;"], "192.0.2.1"),
        ],
    )
    def test_tells_the_last_address_that_is_not_trusted(self, values: list[str], key: str) -> None:
        assert by_elements(*values) == key

    @pytest.mark.parametrize(
        "lost",
        ["for=unknown", "for=_hidden", 'for="_hidden:80"', "proto=https", "xfor=192.0.2.7", "for=a.example.com",
         'for=""', "for=", "for", "for=[2001:db8::1]", "for =192.0.2.7", "192.0.2.7", 'for="192.0.2.7',
         "for=192.0.2.7;="],
    )  # fmt: skip
    def test_that_cannot_be_read_leaves_the_last_address_that_is_known(self, lost: str) -> None:
        assert by_elements("for=192.0.2.1", lost) == PROXY
        assert by_elements("for=192.0.2.1", lost, "for=10.2.3.4") == "10.2.3.4"
        assert by_elements(lost, "for=192.0.2.1") == "192.0.2.1"

    @pytest.mark.parametrize("made_up", ['for="', 'for=198.51.100.7;x="', 'for=198.51.100.7, "'])
    def test_that_a_client_broke_is_not_believed(self, made_up: str) -> None:
        assert by_elements(f'{made_up}, for="[2001:db8::1]"') == PROXY

    def test_is_followed_past_32_proxies_and_no_further(self) -> None:
        assert by_elements("for=192.0.2.1, " + ", ".join(["for=10.0.0.2"] * 31)) == "192.0.2.1"
        assert by_elements("for=192.0.2.1, for=10.0.0.3, " + ", ".join(["for=10.0.0.2"] * 31)) == "10.0.0.3"


class TestBothHeaders:
    @pytest.mark.parametrize(
        ("elements", "key"),
        [
            ("for=192.0.2.1", "192.0.2.1"),
            ('for="192.0.2.1:80", for=10.2.3.4', "192.0.2.1"),
            ("for=198.51.100.7", PROXY),
            ("for=unknown", PROXY),
            ("", PROXY),
        ],
    )
    def test_are_believed_if_they_agree(self, elements: str, key: str) -> None:
        both = scope(PROXY, ("x-forwarded-for", "192.0.2.1"), ("forwarded", elements))
        assert client_address(both, TRUSTED) == key


SYNTAX = st.lists(
    st.sampled_from([*'fFor=,;:[]"\\ \t.%_', "for=", "192.0.2.1", "10.0.0.2", "2001:db8::1", "unknown", "\xff", "\0"])
).map("".join)


@given(
    SYNTAX | st.text(), st.sampled_from(["x-forwarded-for", "forwarded"]), st.text() | st.sampled_from([PROXY, "::1"])
)
def test_nothing_that_is_sent_is_an_error(value: str, name: str, peer: str) -> None:
    header = (name.encode(), value.encode("utf-8", "replace"))
    key = client_address({"client": (peer, 1), "headers": [header]}, TRUSTED)
    assert key == UNKNOWN_CLIENT or str(ip_network(key)).removesuffix("/32") == key


@given(SYNTAX, st.ip_addresses(), st.sampled_from(["x-forwarded-for", "forwarded"]))
def test_what_a_client_sends_never_makes_it_another(value: str, client: Any, name: str) -> None:
    """The proxy writes a header of its own behind those of the client."""
    if client in TRUSTED[0] or client in TRUSTED[1]:
        return
    written = (
        str(client) if name == "x-forwarded-for" else f'for="[{client}]"' if client.version == 6 else f"for={client}"
    )
    assert told(name, value, written) == client_address(scope(str(client)))


@given(SYNTAX, st.ip_addresses(v=4), st.sampled_from(["x-forwarded-for", "forwarded"]))
def test_what_a_client_sends_in_the_same_header_makes_it_no_other(value: str, client: IPv4Address, name: str) -> None:
    if client in TRUSTED[0]:
        return
    written = f"{client}" if name == "x-forwarded-for" else f"for={client}"
    assert told(name, f"{value}, {written}") in {str(client), PROXY}


@pytest.mark.parametrize("part", [",", "[", ":", "1.1.1.1,", 'for="', "for=1.1.1.1,", 'for="\\', ";", "for=a;", " \t"])
@pytest.mark.parametrize("name", ["x-forwarded-for", "forwarded"])
def test_the_longest_header_is_read_in_no_time(name: str, part: str) -> None:
    # A pattern that reads a text several times would take minutes.
    assert told(name, part * (MAX_HEADER_SIZE // len(part))) in {PROXY, "1.1.1.1"}
