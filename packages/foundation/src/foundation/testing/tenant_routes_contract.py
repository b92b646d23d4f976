"""What two tenants may rely on over HTTP for every resource: a test class to inherit from.

    class TestInvoicesOfTenants(TenantRoutesContract):
        resource = ResourceExamples(path="/api/v1/invoices", ...)

The fixture `tenants` must be there: on each storage in turn, two clients whose credentials belong to different tenants,
and one whose credential belongs to none, where there is nothing of the resource yet.
"""

from typing import Any, ClassVar, NamedTuple

import httpx2
import pytest

from foundation.testing.resource_contract import ResourceExamples


class Tenants(NamedTuple):
    """The clients of two tenants, and one of none."""

    one: httpx2.Client
    other: httpx2.Client
    none: httpx2.Client


class TenantRoutesContract:
    """Two tenants never see each other: in resources, lists, cursors, and answers under idempotency keys."""

    resource: ClassVar[ResourceExamples]

    @pytest.fixture(autouse=True)
    def prepared(self, tenants: Tenants) -> None:
        """Create what the examples refer to, for each tenant."""
        for client in tenants[:2]:
            self.resource.prepare(client)

    def test_a_list_has_the_rows_of_the_tenant_only(self, tenants: Tenants) -> None:
        mine = [self._created(tenants.one, number) for number in range(3)]
        others = [self._created(tenants.other, number) for number in range(2)]
        for client, expected in ((tenants.one, mine), (tenants.other, others), (tenants.none, [])):
            answer = client.get(self.resource.path, headers={"Prefer": "count=exact"})
            assert answer.json()["items"] == expected
            assert answer.json().get("total") == len(expected)

    @pytest.mark.parametrize("method", ["GET", "HEAD", "PATCH", "DELETE"])
    def test_what_another_tenant_has_answers_as_what_is_not_there(self, tenants: Tenants, method: str) -> None:
        created = self._created(tenants.one, 0)
        there, not_there = f"{self.resource.path}/{created['id']}", f"{self.resource.path}/{created['id'] + 1000}"
        etag = tenants.one.get(there).headers["etag"]
        for client in (tenants.other, tenants.none):
            for headers in ({}, {"If-Match": etag}, {"If-None-Match": etag}):
                options: dict[str, Any] = {"headers": headers}
                if method == "PATCH":
                    options["json"] = self.resource.change(1)
                hidden, missing = client.request(method, there, **options), client.request(method, not_there, **options)
                assert hidden.status_code == missing.status_code == 404
                assert _comparable(hidden) == _comparable(missing)
        assert tenants.one.get(there).json() == created

    def test_a_unique_value_is_free_in_another_tenant(self, tenants: Tenants) -> None:
        mine, others = self._created(tenants.one, 0), self._created(tenants.other, 0)
        assert mine["id"] != others["id"]
        if self.resource.taken is not None:
            again = tenants.other.post(self.resource.path, json=self.resource.new(0))
            assert again.status_code == 409

    def test_a_change_affects_only_the_resource_of_the_tenant(self, tenants: Tenants) -> None:
        mine, others = self._created(tenants.one, 0), self._created(tenants.other, 0)
        own = f"{self.resource.path}/{others['id']}"
        assert tenants.other.patch(own, json=self.resource.change(1)).status_code == 200
        assert tenants.other.delete(own).status_code == 204
        assert tenants.one.get(f"{self.resource.path}/{mine['id']}").json() == mine

    def test_a_cursor_is_of_no_use_to_another_tenant(self, tenants: Tenants) -> None:
        for client in tenants[:2]:
            for number in range(3):
                self._created(client, number)
        for order in self.resource.orders:
            asked = {"limit": "1", "sort": order}
            cursor = tenants.one.get(self.resource.path, params=asked).json()["next_cursor"]
            for client in (tenants.other, tenants.none):
                answer = client.get(self.resource.path, params={**asked, "cursor": cursor})
                assert answer.status_code == 400

    def test_an_idempotency_key_of_another_tenant_is_another_key(self, tenants: Tenants) -> None:
        key = {"Idempotency-Key": "8e03978e-40d5-43dd"}
        answers = [client.post(self.resource.path, json=self.resource.new(0), headers=key) for client in tenants[:2]]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert len({answer.json()["id"] for answer in answers}) == 2
        assert not any("idempotent-replayed" in answer.headers for answer in answers)

    def test_a_credential_of_no_tenant_creates_nothing(self, tenants: Tenants) -> None:
        answer = tenants.none.post(self.resource.path, json=self.resource.new(0))
        assert answer.status_code == 403
        assert answer.json()["type"].endswith("/forbidden")

    def _created(self, client: httpx2.Client, number: int) -> dict[str, Any]:
        """The new resource with this number, as the answer has it."""
        answer = client.post(self.resource.path, json=self.resource.new(number))
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        return created


def _comparable(answer: httpx2.Response) -> tuple[Any, ...]:
    """All of an answer but what differs from request to request."""
    body = {} if not answer.content else answer.json()
    kept = {name: value for name, value in body.items() if name not in {"instance", "request_id"}}
    return sorted(answer.headers.keys()), kept
