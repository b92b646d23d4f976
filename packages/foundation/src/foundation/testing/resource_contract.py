"""What clients may rely on for every resource over HTTP: a test class to inherit from.

    class TestInvoices(ResourceContract):
        resource = ResourceExamples(path="/api/v1/invoices", ...)

The fixture `http` must be there: a client of the running service on each storage in turn, where there is nothing of the
resource yet.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import httpx2
import pytest

MERGE_PATCH: Final = "application/merge-patch+json"
_MISSING: Final = (404, "not-found")


@dataclass(frozen=True, kw_only=True)
class ResourceExamples:
    """A resource, by examples of it.

    Attributes:
        path: Of the collection.
        new: The body that creates the resource with this number, from 0 on. Values that must be unique differ.
        change: A merge patch that changes a value, to one that depends on the number.
        orders: The values of `sort`.
        filters: Query parameters, each with the test that admits an item.
        invalid: Bodies that are refused, each with the pointer to what is wrong.
        taken: The slug of the problem when a unique value is taken; None where there is none.
        prepare: Creates what every example refers to.
    """

    path: str
    new: Callable[[int], dict[str, Any]]
    change: Callable[[int], dict[str, Any]]
    orders: Sequence[str]
    filters: Sequence[tuple[Mapping[str, str], Callable[[dict[str, Any]], bool]]] = ()
    invalid: Sequence[tuple[dict[str, Any], str]] = ()
    taken: str | None = None
    prepare: Callable[[httpx2.Client], None] = field(default=lambda _http: None)


class ResourceContract:
    """The promises of creating, reading, listing, changing and deleting."""

    resource: ClassVar[ResourceExamples]

    @pytest.fixture(autouse=True)
    def prepared(self, http: httpx2.Client) -> None:
        """Create what the examples refer to."""
        self.resource.prepare(http)

    # Creating

    def test_creating_answers_201_with_the_resource_its_address_and_its_tag(self, http: httpx2.Client) -> None:
        created = self._create(http)
        assert created.status_code == 201
        read = http.get(created.headers["location"])
        assert (read.json(), read.headers["etag"]) == (created.json(), created.headers["etag"])
        assert created.headers["location"] == f"{self.resource.path}/{created.json()['id']}"

    def test_a_creation_with_a_key_is_carried_out_once(self, http: httpx2.Client) -> None:
        key = {"Idempotency-Key": "8e03978e-40d5-43dd"}
        first, second = [self._create(http, headers=key) for _ in range(2)]
        assert second.json() == first.json()
        assert "idempotent-replayed" not in first.headers
        assert second.headers["idempotent-replayed"] == "true"
        assert len(self._items(http)) == 1
        assert _problem(self._create(http, 1, headers=key)) == (422, "idempotency-key-reused")

    def test_a_unique_value_that_is_taken_answers_409(self, http: httpx2.Client) -> None:
        if self.resource.taken is not None:
            self._create(http)
            assert _problem(self._create(http)) == (409, self.resource.taken)
            assert len(self._items(http)) == 1

    def test_a_field_that_is_missing_unknown_or_read_only_is_refused(self, http: httpx2.Client) -> None:
        body = self.resource.new(0)
        required = http.post(self.resource.path, json={})
        assert _problem(required) == (422, "validation-failed")
        assert {error["code"] for error in required.json()["errors"]} == {"required"}
        for extra, pointer in (({"unknown_field": 1}, "#"), ({"id": 7}, "#/id")):
            refused = http.post(self.resource.path, json=body | extra)
            assert _problem(refused) == (422, "validation-failed")
            assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
        assert self._items(http) == []

    def test_an_invalid_value_is_pointed_at(self, http: httpx2.Client) -> None:
        for changed, pointer in self.resource.invalid:
            refused = http.post(self.resource.path, json=self.resource.new(0) | changed)
            assert _problem(refused) == (422, "validation-failed"), changed
            assert [error["pointer"] for error in refused.json()["errors"]] == [pointer], changed
        assert self._items(http) == []

    def test_a_body_is_json_in_a_media_type_that_the_route_reads(self, http: httpx2.Client) -> None:
        other = http.post(self.resource.path, content=b"a=b", headers={"Content-Type": "text/plain"})
        assert _problem(other) == (415, "unsupported-media-type")
        assert "application/json" in other.headers["accept-post"]
        broken = http.post(self.resource.path, content=b"{", headers={"Content-Type": "application/json"})
        assert _problem(broken) == (400, "malformed-request")

    # Reading

    def test_reading_honours_if_none_match(self, http: httpx2.Client) -> None:
        address, tag = self._created(http)
        unchanged = http.get(address, headers={"If-None-Match": tag})
        assert (unchanged.status_code, unchanged.content, unchanged.headers["etag"]) == (304, b"", tag)
        assert http.get(address, headers={"If-None-Match": '"other"'}).status_code == 200

    def test_head_answers_the_headers_of_get(self, http: httpx2.Client) -> None:
        address, tag = self._created(http)
        head = http.head(address)
        assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", tag)

    @pytest.mark.parametrize("id_", ["0", "01", "-1", "x", "4294967296", "2147483647", "1%2F", "1.0"])
    def test_what_is_not_the_id_of_anything_is_not_found(self, http: httpx2.Client, id_: str) -> None:
        assert _problem(http.get(f"{self.resource.path}/{id_}")) == _MISSING

    # Listing

    def test_a_list_has_every_order(self, http: httpx2.Client) -> None:
        items = [self._create(http, number).json() for number in range(5)]
        for sort in self.resource.orders:
            expected = sorted(
                items, key=lambda item: (item[sort.removeprefix("-")], item["id"]), reverse=sort[0] == "-"
            )
            assert self._items(http, sort=sort) == expected, sort

    def test_pages_cover_a_list_exactly_once(self, http: httpx2.Client) -> None:
        items = [self._create(http, number).json() for number in range(5)]
        found, address = [], f"{self.resource.path}?limit=2"
        while address:
            page = http.get(address)
            found += page.json()["items"]
            link = page.headers.get("link", "")
            assert bool(link) == (page.json()["next_cursor"] is not None)
            address = link.partition(">")[0].removeprefix("<")
        assert found == items

    def test_a_filter_admits_what_meets_it(self, http: httpx2.Client) -> None:
        items = [self._create(http, number).json() for number in range(5)]
        for query, admits in self.resource.filters:
            assert self._items(http, **query) == list(filter(admits, items)), query

    def test_the_total_is_there_for_who_prefers_it(self, http: httpx2.Client) -> None:
        self._create(http)
        assert "total" not in http.get(self.resource.path).json()
        counted = http.get(self.resource.path, headers={"Prefer": "count=exact"})
        assert (counted.json()["total"], counted.headers["preference-applied"]) == (1, "count=exact")

    def test_unknown_and_repeated_parameters_are_refused(self, http: httpx2.Client) -> None:
        for query in ("unknown=1", "limit=1&limit=2"):
            assert _problem(http.get(f"{self.resource.path}?{query}")) == (400, "unknown-parameter")
        for query in ("limit=0", "limit=101", "sort=unknown"):
            assert _problem(http.get(f"{self.resource.path}?{query}")) == (422, "validation-failed")
        assert _problem(http.get(f"{self.resource.path}?cursor=forged")) == (400, "invalid-cursor")

    # Changing and deleting

    @pytest.mark.parametrize("media_type", [MERGE_PATCH, "application/json"])
    def test_a_merge_patch_changes_what_it_names(self, http: httpx2.Client, media_type: str) -> None:
        address, tag = self._created(http)
        before, patch = http.get(address).json(), self.resource.change(1)
        changed = http.patch(address, json=patch, headers={"Content-Type": media_type, "If-Match": tag})
        assert changed.status_code == 200, changed.text
        after = changed.json()
        assert {name: after[name] for name in patch} == patch
        assert {name for name in after if after[name] != before[name]} == {*patch, "updated_at"}
        assert http.get(address).headers["etag"] == changed.headers["etag"] != tag

    def test_a_patch_that_changes_nothing_keeps_the_tag(self, http: httpx2.Client) -> None:
        address, tag = self._created(http)
        known = http.get(address).json()
        same = {name: known[name] for name in self.resource.change(1)}
        assert http.patch(address, json=same).headers["etag"] == tag

    def test_another_version_is_neither_changed_nor_deleted(self, http: httpx2.Client) -> None:
        address, seen = self._created(http)
        http.patch(address, json=self.resource.change(1))
        stale = {"If-Match": seen}
        assert _problem(http.patch(address, json=self.resource.change(2), headers=stale)) == (
            412,
            "precondition-failed",
        )
        assert _problem(http.delete(address, headers=stale)) == (412, "precondition-failed")
        assert http.get(address).json() | self.resource.change(1) == http.get(address).json()

    def test_what_is_deleted_is_gone_for_good(self, http: httpx2.Client) -> None:
        address, tag = self._created(http)
        deleted = http.delete(address, headers={"If-Match": tag})
        assert (deleted.status_code, deleted.content) == (204, b"")
        for answer in (http.get(address), http.delete(address), http.patch(address, json=self.resource.change(1))):
            assert _problem(answer) == _MISSING
        assert self._create(http).json()["id"] > int(address.rpartition("/")[2])

    def test_other_methods_are_not_allowed(self, http: httpx2.Client) -> None:
        address, _tag = self._created(http)
        for path, method in ((self.resource.path, "DELETE"), (address, "PUT")):
            refused = http.request(method, path)
            assert _problem(refused) == (405, "method-not-allowed")
            assert "GET" in refused.headers["allow"]

    # What the promises above are written with

    def _create(self, http: httpx2.Client, number: int = 0, **options: Any) -> httpx2.Response:
        return http.post(self.resource.path, json=self.resource.new(number), **options)

    def _created(self, http: httpx2.Client) -> tuple[str, str]:
        """The address and the entity tag of a new resource."""
        created = self._create(http)
        return created.headers["location"], created.headers["etag"]

    def _items(self, http: httpx2.Client, **query: str) -> list[Any]:
        answer = http.get(self.resource.path, params={"limit": "100", **query})
        assert answer.status_code == 200, answer.text
        items: list[Any] = answer.json()["items"]
        return items


def _problem(answer: httpx2.Response) -> tuple[int, str]:
    """The status and the slug of a problem document."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    document = answer.json()
    assert document["status"] == answer.status_code
    assert document["request_id"] == answer.headers["x-request-id"]
    return answer.status_code, document["type"].removeprefix("/problems/")
