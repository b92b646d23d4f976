"""Builds the HTTP application."""

from functools import partial
from importlib.metadata import version

from fastapi import FastAPI

from application.unit_of_work import SCOPES
from entrypoints.container import Container, close
from entrypoints.http.v1.users.resource import USERS
from entrypoints.settings import Settings, load_settings
from foundation.http.access.api_keys import API_KEYS
from foundation.http.application import build_application
from foundation.setting_values import AuthMode


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application, with a container of its own; `settings` are those of the environment unless given.

    Raises:
        SettingsError: a setting has a value it may not have.
        StorageMisconfigured: the storage cannot be used as the settings name it.
    """
    settings = settings or load_settings()
    container = Container(settings=settings)
    access = container.access()
    resources = [USERS]
    if AuthMode.API_KEYS in settings.auth_mode:
        resources.append(API_KEYS)
    return build_application(
        title="fastapi-service",
        version=version("fastapi-service"),
        info={
            "summary": "Users, over HTTP.",
            "license": {"name": "MIT", "url": "https://spdx.org/licenses/MIT.html"},
        },
        prefix="/api/v1",
        resources=resources,
        settings=settings,
        container=container,
        readiness=container.readiness(),
        authenticators=access.authenticators,
        limiters=access.limiters,
        scopes=SCOPES,
        background_tasks={
            "forgetting expired idempotency keys": container.forget_expired_keys(),
            "forgetting old entries of the audit trail": container.forget_audit_entries(),
            **access.background_tasks,
        },
        start=access.start,
        close=partial(close, container),
    )
