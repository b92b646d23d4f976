"""Two tenants never see each other's users over HTTP, on every storage."""

import json

from foundation.testing.tenant_routes_contract import TenantRoutesContract, Tenants
from http_contract.talking import NDJSON, USERS, emails, export_file, import_file, lines, new_user
from resources.test_user_resource import TestUsers as UserResource


class TestUsers(TenantRoutesContract):
    resource = UserResource.resource


def test_a_batch_meets_the_addresses_of_its_tenant_only(tenants: Tenants) -> None:
    batch = {"items": [new_user(1), new_user(2)]}
    for client in tenants[:2]:
        assert client.post(f"{USERS}/batch", json=batch).status_code == 201
        assert client.post(f"{USERS}/batch", json=batch).status_code == 409
    assert tenants.none.post(f"{USERS}/batch", json=batch).status_code == 403


def test_an_import_meets_the_addresses_of_its_tenant_only(tenants: Tenants) -> None:
    several = [new_user(number) for number in range(5)]
    assert import_file(tenants.one, lines(*several)).json()["imported"] == 5
    assert import_file(tenants.other, lines(new_user(3))).json()["imported"] == 1
    assert import_file(tenants.other, lines(*several)).status_code == 409
    report = import_file(tenants.other, lines(*several), on_conflict="skip").json()
    assert (report["imported"], report["skipped"]) == (4, 1), report
    assert len(emails(tenants.one)) == len(emails(tenants.other)) == 5
    assert import_file(tenants.none, lines(*several)).status_code == 403


def test_an_export_has_the_users_of_its_tenant_only(tenants: Tenants) -> None:
    for client, numbers in ((tenants.one, (1, 2, 3)), (tenants.other, (3, 4)), (tenants.none, ())):
        for number in numbers:
            client.post(USERS, json=new_user(number)).raise_for_status()
        exported = [json.loads(line) for line in export_file(client, NDJSON).splitlines()]
        assert [user["email"] for user in exported] == [new_user(number)["email"] for number in numbers]


def test_a_filter_and_a_total_tell_nothing_of_another_tenant(tenants: Tenants) -> None:
    tenants.one.post(USERS, json=new_user(1)).raise_for_status()
    for client, total in ((tenants.one, 1), (tenants.other, 0), (tenants.none, 0)):
        page = client.get(USERS, params={"email": new_user(1)["email"]}, headers={"Prefer": "count=exact"}).json()
        assert (len(page["items"]), page["total"]) == (total, total)


def test_administrators_of_a_tenant_manage_its_keys_only(tenants: Tenants) -> None:
    """With every scope, `api-keys:admin` among them."""
    pages = [client.get("/api/v1/api-keys").json()["items"] for client in tenants[:2]]
    [mine], [others] = [[key["id"] for key in page] for page in pages]
    assert mine != others
    assert tenants.other.delete(f"/api/v1/api-keys/{mine}").status_code == 404
