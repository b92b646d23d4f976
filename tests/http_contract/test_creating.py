"""`POST /users`, and what an address and a name may be."""

import re
import unicodedata

import httpx2

from e2e.answers import create, created, pointers, problem
from http_contract.talking import USERS, emails

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def refused(http: httpx2.Client, **values: object) -> set[str]:
    return pointers(http.post(USERS, json={"email": "ada@example.com", "name": "Ada"} | values))


def test_creating_answers_201_with_the_user_its_location_and_its_entity_tag(http: httpx2.Client) -> None:
    answer = http.post(USERS, json={"email": "ada@example.com", "name": "Ada Lovelace"})
    user = created(answer)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["location"] == f"{USERS}/{user['id']}"
    read = http.get(answer.headers["location"])
    assert (read.json(), read.headers["etag"]) == (user, answer.headers["etag"])


def test_a_user_has_five_members_and_times_in_utc_with_six_digits(http: httpx2.Client) -> None:
    user = create(http, "ada@example.com", "Ada Lovelace")
    assert list(user) == ["id", "email", "name", "created_at", "updated_at"]
    assert (user["email"], user["name"], type(user["id"])) == ("ada@example.com", "Ada Lovelace", int)
    assert TIME.fullmatch(user["created_at"])
    assert user["updated_at"] == user["created_at"]


def test_an_address_is_trimmed_and_kept_in_lower_case(http: httpx2.Client) -> None:
    assert create(http, " Ada@Example.COM ")["email"] == "ada@example.com"


def test_an_address_belongs_to_one_user(http: httpx2.Client) -> None:
    create(http, "ada@example.com")
    document = problem(http.post(USERS, json={"email": "ADA@example.com", "name": "B"}), 409, "email-already-taken")
    assert [error["pointer"] for error in document["errors"]] == ["#/email"]
    assert emails(http) == ["ada@example.com"]


def test_an_address_is_one_plain_addr_spec_in_ascii(http: httpx2.Client) -> None:
    for email in (
        "", "ada", "ada@", "@example.com", "ada@example", "Ada <ada@example.com>", "ada@example.com, b@example.com",
        '"ada"@example.com', "ada@[127.0.0.1]", "ädä@example.com", "ada@exämple.com", "ada@example.com\x00",
        "a da@example.com",
        "a..b@example.com", ".a@example.com", "ada@-example.com", "ada@example.com (Ada)",
    ):  # fmt: skip
        assert refused(http, email=email) == {"#/email"}, ascii(email)


def test_an_address_has_at_most_254_characters_and_64_of_them_before_the_at(http: httpx2.Client) -> None:
    longest = "a" * 64 + "@" + ".".join(["b" * 63, "c" * 63, "d" * 57, "com"])
    assert len(longest) == 254
    assert create(http, longest)["email"] == longest
    assert refused(http, email="a" * 65 + "@example.com") == {"#/email"}
    assert refused(http, email=longest.replace("d.", "dd.")) == {"#/email"}


def test_dots_and_plus_tags_are_part_of_an_address(http: httpx2.Client) -> None:
    addresses = ["ada@example.com", "a.da@example.com", "ada+news@example.com"]
    assert [create(http, email)["email"] for email in addresses] == addresses


def test_a_name_is_trimmed_and_composed(http: httpx2.Client) -> None:
    name = unicodedata.normalize("NFD", "  Amélie Poulain\t")
    assert create(http, name=name)["name"] == "Amélie Poulain"


def test_a_name_has_1_to_200_code_points(http: httpx2.Client) -> None:
    assert create(http, "a@example.com", "A")["name"] == "A"
    assert create(http, "b@example.com", "👩" * 200)["name"] == "👩" * 200
    for name in ("", "   ", "x" * 201):
        assert refused(http, name=name) == {"#/name"}


def test_a_name_has_nothing_that_deceives_a_reader(http: httpx2.Client) -> None:
    for name in ("A\x00B", "A\nB", "A\x7fB", "\u202egnp.exe", "A\u2066B", "\u200b\u200d", "\ufeff"):
        assert refused(http, name=name) == {"#/name"}, ascii(name)


def test_unknown_and_read_only_fields_are_refused(http: httpx2.Client) -> None:
    for field in ("id", "created_at", "updated_at"):
        assert refused(http, **{field: 1}) == {f"#/{field}"}
    # The name of an unknown field is input, and so not repeated.
    assert refused(http, nickname="ada") == {"#"}
    assert emails(http) == []


def test_every_invalid_value_is_named_by_a_pointer(http: httpx2.Client) -> None:
    assert refused(http, email="nobody", name=" ") == {"#/email", "#/name"}
    assert pointers(http.post(USERS, json={})) == {"#/email", "#/name"}
    document = problem(http.post(USERS, json={}), 422, "validation-failed")
    assert all(error.keys() == {"pointer", "code", "message"} for error in document["errors"])


def test_values_are_never_converted(http: httpx2.Client) -> None:
    for value in (1, 1.0, True, None, ["Ada"], {"text": "Ada"}):
        assert refused(http, email=value, name=value) == {"#/email", "#/name"}
