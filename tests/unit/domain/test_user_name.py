"""Names of users, by example and by property."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.users.user_name import InvalidUserName, UserName
from foundation.kernel.errors import InvalidValue


@pytest.mark.parametrize(
    "name",
    [
        "John Doe",
        "X",
        "Łukasz O'Neill-Müller, Jr.",
        "李小龍",
        "محمد بن سلمان",
        "עמית עוז",
        "ஸ்ரீ",
        "N'Ko ߒߞߏ",
        "<script>alert(1)</script>",
        "👩\u200d👩\u200d👧 family",  # an emoji needs its joiners
        "می\u200cنو",  # Persian needs its non-joiner
        "\u200fגד",  # a mark says where a text goes; it overrides nothing
        "n" * 200,
        "\U0001f600" * 200,
    ],
)
def test_a_name_is_kept_as_its_bearer_writes_it(name: str) -> None:
    assert UserName(name).value == name


@pytest.mark.parametrize("written", [" John Doe ", "John Doe\n", "\u3000John Doe\u00a0", "\x1cJohn Doe\u2028"])
def test_surrounding_blanks_are_removed(written: str) -> None:
    assert UserName(written).value == "John Doe"


def test_a_name_is_stored_in_normalisation_form_c() -> None:
    assert UserName("Jose\u0301").value == "Jos\u00e9"
    assert UserName("Jose\u0301") == UserName("Jos\u00e9")


def test_the_length_is_counted_after_normalisation() -> None:
    assert len(UserName("e\u0301" * 200).value) == 200
    # DEVANAGARI LETTER QA is one of the few code points that form C makes longer.
    with pytest.raises(InvalidUserName, match="at most 200"):
        UserName("\u0958" * 101)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "empty"),
        (" \t\r\n\u3000\u2028", "empty"),
        ("n" * 201, "at most 200"),
        ("n" * 100_000, "at most 200"),
        ("Jo\x00hn", "control"),
        ("\x00John", "control"),
        ("Jo\nhn", "control"),
        ("Jo\x7fhn", "control"),
        ("Jo\x85hn", "control"),
        ("Jo\u2028hn", "control"),
        ("Jo\u2029hn", "control"),
        ("Jo\ud800hn", "valid Unicode"),
        ("John\udfff", "valid Unicode"),
        *((f"Jo{character}hn", "direction") for character in "\u202a\u202b\u202c\u202d\u202e"),
        *((f"Jo{character}hn", "direction") for character in "\u2066\u2067\u2068\u2069"),
    ],
)
def test_what_cannot_be_a_name_is_refused_with_the_rule_it_breaks(name: str, reason: str) -> None:
    with pytest.raises(InvalidUserName, match=reason):
        UserName(name)


@pytest.mark.parametrize(
    "character",
    [
        "\u200b",  # ZERO WIDTH SPACE
        "\u200d",  # ZERO WIDTH JOINER
        "\ufeff",  # ZERO WIDTH NO-BREAK SPACE
        "\u00ad",  # SOFT HYPHEN
        "\u034f",  # COMBINING GRAPHEME JOINER
        "\u115f",  # HANGUL CHOSEONG FILLER
        "\u1160",  # HANGUL JUNGSEONG FILLER
        "\u17b4",  # KHMER VOWEL INHERENT AQ
        "\u180b",  # MONGOLIAN FREE VARIATION SELECTOR ONE
        "\u180e",  # MONGOLIAN VOWEL SEPARATOR
        "\u2065",  # unassigned, ignorable for ever
        "\u2800",  # BRAILLE PATTERN BLANK
        "\u3164",  # HANGUL FILLER
        "\ufe0f",  # VARIATION SELECTOR-16
        "\uffa0",  # HALFWIDTH HANGUL FILLER
        "\ufff0",  # unassigned, ignorable for ever
        "\U0001d173",  # MUSICAL SYMBOL BEGIN BEAM
        "\U000e0000",  # unassigned, ignorable for ever
        "\U000e0041",  # TAG LATIN CAPITAL LETTER A
        "\U000e0100",  # VARIATION SELECTOR-17
        "\U000e0fff",  # unassigned, ignorable for ever
        "\u0301",  # COMBINING ACUTE ACCENT, which needs a letter to stand on
        "\u20dd",  # COMBINING ENCLOSING CIRCLE
    ],
)
def test_a_name_that_nobody_can_see_is_refused(character: str) -> None:
    with pytest.raises(InvalidUserName, match="visible"):
        UserName(character * 3)
    with pytest.raises(InvalidUserName, match="visible"):
        UserName(f"{character} {character}")
    assert UserName(f"X{character}").value == f"X{character}"


def test_the_message_never_repeats_the_input() -> None:
    with pytest.raises(InvalidValue) as refused:
        UserName("secret\x00")
    assert "secret" not in str(refused.value)


# Most names need only a few of these; each is wrong somewhere, or becomes another under normalisation.
AWKWARD = st.sampled_from(
    "aZ \u00e9\u0301\u212b\u0958\uac00\u1100\u1161\u00a0\u3000\u2028\u2029\x00\x1f\x7f\x85\n"
    "\u200b\u200d\u202e\u2066\ufeff\u2065\u2800\u3164\ufe0f\ud800\udc00"
)
ANY = st.integers(0, 0x10FFFF).map(chr)
TEXTS = st.lists(st.one_of(AWKWARD, AWKWARD, ANY), max_size=12).map("".join)


@settings(max_examples=80)
@given(TEXTS, st.sampled_from([1, 1, 1, 20, 50, 100, 200]))
def test_every_accepted_name_obeys_every_rule_and_reads_back_as_itself(text: str, times: int) -> None:
    try:
        name = UserName(text * times)
    except InvalidUserName:
        return
    assert 1 <= len(name.value) <= 200
    assert unicodedata.is_normalized("NFC", name.value)
    assert name.value == name.value.strip()
    assert not {unicodedata.category(character) for character in name.value} & {"Cc", "Cs", "Zl", "Zp"}
    assert not {unicodedata.bidirectional(character) for character in name.value} & {
        "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI",
    }  # fmt: skip
    assert {unicodedata.category(character) for character in name.value} - {"Cf", "Zs"}
    assert UserName(name.value) == name
    assert UserName(f"\t{unicodedata.normalize('NFD', name.value)}\u3000") == name


@settings(max_examples=40)
@given(TEXTS)
def test_a_text_without_anything_forbidden_is_accepted(text: str) -> None:
    cleaned = "".join(
        character
        for character in text
        if unicodedata.category(character) in {"Lu", "Ll", "Lo", "Nd", "Po", "So", "Zs", "Mn"}
    )
    assert UserName(f"X{cleaned}").value == unicodedata.normalize("NFC", f"X{cleaned}").strip()
