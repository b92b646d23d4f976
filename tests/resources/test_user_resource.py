"""Users keep the promises of every resource."""

from application.users.ports import UserSort
from foundation.testing.resource_contract import ResourceContract, ResourceExamples
from http_contract.talking import USERS, new_user


class TestUsers(ResourceContract):
    resource = ResourceExamples(
        path=USERS,
        new=new_user,
        change=lambda number: {"name": f"Changed {number}"},
        orders=list(UserSort),
        filters=[({"email": "user3@example.com"}, lambda user: user["email"] == "user3@example.com")],
        invalid=[({"email": "no address"}, "#/email"), ({"name": " "}, "#/name"), ({"name": None}, "#/name")],
        taken="email-already-taken",
    )
