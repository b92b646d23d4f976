"""Registers the routes of users and the problems of their errors with the HTTP application."""

from typing import Final

from domain.users.errors import EmailAlreadyTaken
from entrypoints.http.v1.users import files, routes
from entrypoints.http.v1.users.problems import EMAIL_ALREADY_TAKEN, addresses_taken, import_refused
from foundation.http.application import Resource
from foundation.http.problems import kinds
from foundation.kernel.bulk_import import ImportRefused

USERS: Final = Resource(
    tag="users",
    description="Create, read, list, change, delete, import and export users.",
    routers=[routes.router, files.router],
    errors={EmailAlreadyTaken: EMAIL_ALREADY_TAKEN, ImportRefused: kinds.VALIDATION_FAILED},
    presenters={EmailAlreadyTaken: addresses_taken, ImportRefused: import_refused},
)
