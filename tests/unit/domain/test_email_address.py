"""Email addresses, by example, by property, and against the `email-validator` package."""

import re

import pytest
from email_validator import validate_email
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from domain.users.email_address import EmailAddress, InvalidEmailAddress
from foundation.kernel.errors import InvalidValue

MAX_LABEL_LENGTH = "d" * 63
# 253 characters, of which an address can use 252: one before the @, and the @.
MAX_DOMAIN_LENGTH = ".".join([MAX_LABEL_LENGTH] * 3 + ["e" * 57, "com"])


def as_the_oracle_reads(address: str) -> str:
    normalized: str = validate_email(address, check_deliverability=False, strict=True).normalized
    return normalized


@pytest.mark.parametrize(
    "address",
    [
        "user@example.com",
        "a@b.co",
        "first.last+tag@mail.example.co.uk",
        "!#$%&'*+/=?^_`{|}~-@example.com",
        "-dash-@example.com",
        "1@1.example.c0m",
        "x" * 64 + "@example.com",
        f"x@{MAX_LABEL_LENGTH}.com",
        f"ab@{MAX_DOMAIN_LENGTH[2:]}",
        "a@a-b.example",
        "a@a--b.example",
    ],
)
def test_an_address_that_can_receive_mail_is_accepted_as_it_is(address: str) -> None:
    assert EmailAddress(address).value == address
    assert as_the_oracle_reads(address) == address


@pytest.mark.parametrize("written", [" user@example.com", "user@example.com\r\n", "\tUser@Example.COM "])
def test_surrounding_blanks_and_capitals_are_removed(written: str) -> None:
    assert EmailAddress(written).value == "user@example.com"


def test_dots_and_tags_in_the_local_part_are_kept() -> None:
    assert EmailAddress("u.s.e.r+tag@example.com") != EmailAddress("user@example.com")


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("", "needs an @"),
        ("user", "needs an @"),
        ("user@", "must be a domain name"),
        ("@example.com", "before the @ must be"),
        ("a@b@example.com", "before the @ must be"),
        (".user@example.com", "before the @ must be"),
        ("user.@example.com", "before the @ must be"),
        ("us..er@example.com", "before the @ must be"),
        ("us er@example.com", "before the @ must be"),
        ("us\ner@example.com", "before the @ must be"),
        ("us\x00er@example.com", "before the @ must be"),
        ("user\n@example.com", "before the @ must be"),
        ('"user"@example.com', "before the @ must be"),
        ("user(comment)@example.com", "before the @ must be"),
        ("Foo Bar <user@example.com>", "before the @ must be"),
        ("<user@example.com>", "before the @ must be"),
        ("user@example.com.", "must be a domain name"),
        ("user@.example.com", "must be a domain name"),
        ("user@example..com", "must be a domain name"),
        ("user@-example.com", "must be a domain name"),
        ("user@example-.com", "must be a domain name"),
        ("user@exam_ple.com", "must be a domain name"),
        ("user@exam ple.com", "must be a domain name"),
        ("user@\nexample.com", "must be a domain name"),
        ("user@example.com\x0b", "must be a domain name"),
        ("user@localhost", "must be a domain name"),
        ("user@[127.0.0.1]", "must be a domain name"),
        ("user@xn--bcher-kva.example", "Internationalised"),
        ("user@ab--cd.example", "Internationalised"),
        ("user@example.xn--p1ai", "Internationalised"),
        ("user@127.0.0.1", "top-level domain"),
        ("user@example.c0", "top-level domain"),
        ("user@10.in-addr.arpa", "top-level domain"),
        ("user@mail.invalid", "top-level domain"),
        ("user@printer.local", "top-level domain"),
        ("user@mail.localhost", "top-level domain"),
        ("user@expyuzz4wqqyqhjn.onion", "top-level domain"),
        ("user@mail.TEST", "top-level domain"),
        ("üser@example.com", "ASCII"),
        ("user@exämple.com", "ASCII"),
        ("user@example\u3002com", "ASCII"),
        ("user\uff20example.com", "ASCII"),
        ("user@example.com\u00a0", "ASCII"),
        ("\u212aelvin@example.com", "ASCII"),
        ("user\ud800@example.com", "ASCII"),
    ],
)
def test_what_is_no_plain_address_is_refused_with_the_rule_it_breaks(address: str, reason: str) -> None:
    with pytest.raises(InvalidEmailAddress, match=reason):
        EmailAddress(address)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("x" * 65 + "@example.com", "before the @ may have at most 64"),
        (f"x@{MAX_LABEL_LENGTH}d.com", "63 between two dots"),
        (f"x@d{MAX_DOMAIN_LENGTH}", "at most 254"),
        (f"abc@{MAX_DOMAIN_LENGTH[2:]}", "at most 254"),
        ("x" * 1_000_000, "at most 254"),
    ],
)
def test_what_is_too_long_is_refused(address: str, reason: str) -> None:
    with pytest.raises(InvalidEmailAddress, match=reason):
        EmailAddress(address)


def test_the_message_never_repeats_the_input() -> None:
    with pytest.raises(InvalidValue) as refused:
        EmailAddress("<script>@secret.example.")
    assert "script" not in str(refused.value)
    assert "secret" not in str(refused.value)


# A grammar of addresses that are right, or wrong in one place, at the limits of every length and around them. Its parts
# are drawn from lists, because a long regular expression is slow to draw from.

LONG_LOCAL_PARTS = ["x" * 63, "x" * 64, "x" * 65, "x." * 31 + "xx", "x." * 31 + "xxx"]
LOCAL_PARTS = ["a", "-", "first.last", "u.s.e.r+tag", "!#$%&'*+/=?^_`{|}~-", "POSTMASTER", "0", *LONG_LOCAL_PARTS]
LONG_LABELS = ["d" * 62, "d" * 63, "d" * 64, *(("d" * 63 + ".") * 3 + "e" * length for length in range(50, 61))]
LABELS = ["x", "mail", "Ex", "0", "a1a", "a-1", "a--b", "abc--d", "A1-b2", "a---b", "xn--bcher-kva", *LONG_LABELS]
GOOD_TOP_LEVELS = ["com", "org", "COM", "example", "c0m", "0com", "a", "tests", "co-m", "e" * 62, "e" * 63]
SPECIAL_TOP_LEVELS = ["arpa", "invalid", "LOCAL", "localhost", "onion", "test"]
TOP_LEVELS = [*GOOD_TOP_LEVELS, *SPECIAL_TOP_LEVELS, "c0", "1", "xn--p1ai", "ab--c", "e" * 64]
BLANKS = " \t\r\n\x0b\x0c\x00\x1c\x85\u00a0\u2028\u3000\ufeff"
LOOK_ALIKES = "\uff20\u3002\uff0e\u2024\u212a\u0131\u017f\u0430\u00ad\u0301\u200d"
SIGNS = [".", "..", "-", "--", "@", "_", '"', "(", ")", "<", ">", ",", ":", ";", "[", "]", "\\", "\x7f", "xn--"]
FLAWS = [*BLANKS, *LOOK_ALIKES, *SIGNS]
PLAIN = ["user@example.com", "a@b.co", "First.Last+tag@mail.Example.org"]


@st.composite
def nearly_addresses(draw: DrawFn) -> str:
    odd_part = draw(st.sampled_from(["local part", "domain", "character"]))
    if odd_part == "local part":
        return f"{draw(st.sampled_from(LOCAL_PARTS))}@example.com"
    if odd_part == "domain":
        labels = st.sampled_from(LABELS), st.sampled_from(LABELS[:6]), st.sampled_from(TOP_LEVELS)
        return f"ab@{'.'.join(draw(st.tuples(*labels)))}"
    text: str = draw(st.sampled_from(PLAIN))
    place = draw(st.integers(0, len(text)))
    return f"{text[:place]}{draw(st.sampled_from(FLAWS))}{text[place:]}"


ANY_TEXT = st.lists(st.one_of(st.sampled_from("a.@-"), st.integers(0, 0x10FFFF).map(chr)), max_size=20).map("".join)


def read(text: str) -> EmailAddress | None:
    """The address that the domain makes of `text`; None when it refuses."""
    try:
        return EmailAddress(text)
    except InvalidEmailAddress:
        return None


@settings(max_examples=200)
@given(nearly_addresses())
def test_whatever_is_accepted_the_oracle_accepts_and_normalises_to_the_same_text(text: str) -> None:
    address = read(text)
    assert address is None or as_the_oracle_reads(address.value) == address.value


@settings(max_examples=40)
@given(nearly_addresses())
def test_an_address_written_otherwise_is_the_same_address(text: str) -> None:
    address = read(text)
    for written in (address.value, address.value.upper(), f" {address.value}\r\n") if address else ():
        assert EmailAddress(written) == address
        assert hash(EmailAddress(written)) == hash(address)


@settings(max_examples=40)
@given(ANY_TEXT)
def test_any_text_becomes_a_short_lower_case_ascii_address_or_is_refused(text: str) -> None:
    address = read(text)
    assert address is None or re.fullmatch(r"[!-~]{1,64}@[a-z0-9.-]{3,252}", address.value)
