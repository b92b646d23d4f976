"""The values of settings: what each may be, and what is said of one that may not. No message has the value itself."""

import re
from datetime import timedelta
from enum import Enum, StrEnum
from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, InstanceOf, SecretStr

from foundation.kernel.access.api_keys.values import InvalidText, TenantId
from foundation.kernel.rate_limit import RateLimit

_HOST_NAME: Final = re.compile(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]")
_PUBLIC_PATH: Final = re.compile(r"(?:/(?!\.+(?:/|$))[A-Za-z0-9._~-]+)*")
_DISABLED: Final = "disabled"
# OpenID Connect Discovery 1.0, 3. Without TLS, for a provider on this machine only.
_ISSUER: Final = re.compile(r"https://[^\s?#]+|http://(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]+)?(?:/[^\s?#]*)?")
_AUDIENCE: Final = re.compile(r"[!-~]{1,255}")
_TOKEN_TYPES: Final = frozenset({"at+jwt", "jwt"})
# RFC 6454, 6.2; as a browser writes it, without the port that the scheme implies.
_ORIGIN: Final = re.compile(r"https?://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
_CLAIM_NAME: Final = re.compile(r"[A-Za-z0-9_:./-]{1,100}")
_LOG_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")


class SettingsError(Exception):
    """The settings cannot be used. `str(error)` says what to change, and contains no value, since it may be secret."""


class Storage(Enum):
    """The storages, by the scheme of `DATABASE_URL`."""

    MEMORY = "memory"
    SQLITE = "sqlite+aiosqlite"
    POSTGRESQL = "postgresql+psycopg"


class AuthMode(StrEnum):
    """The kinds of credentials that are accepted."""

    API_KEYS = "api-keys"
    OIDC = "oidc"


class Pooler(Enum):
    """What is between the service and the PostgreSQL server."""

    NONE = "none"
    TRANSACTION = "transaction"


class RateLimitStore(Enum):
    """Where the workers keep how much of its rate limit each client has used."""

    WORKER = "worker"
    DATABASE = "database"


def _check_database_url(url: str) -> str:
    scheme, separator, _ = url.partition("://")
    schemes = [storage.value for storage in Storage]
    if not separator or scheme not in schemes:
        raise ValueError(f"must begin with one of {', '.join(f'{name}://' for name in schemes)}")
    return url


def _check_read_url(url: str | None) -> str | None:
    if url is not None and not url.startswith(f"{Storage.POSTGRESQL.value}://"):
        raise ValueError(f"must begin with {Storage.POSTGRESQL.value}://, since only PostgreSQL has replicas")
    return url


def _check_cursor_key(key: SecretStr | None) -> SecretStr | None:
    if key is not None and len(key.get_secret_value()) < 32:  # noqa: PLR2004 -- 128 bits in hexadecimal
        raise ValueError(
            "must have at least 32 characters; `python -c 'import secrets; print(secrets.token_hex())'` makes one"
        )
    return key


def _split_auth_modes(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    names = {name.strip() for name in value.split(",")}
    if names == {_DISABLED}:
        return frozenset()
    if not names <= set(AuthMode):
        raise ValueError(f"must be {_DISABLED}, {', '.join(AuthMode)}, or {','.join(AuthMode)}")
    return frozenset(map(AuthMode, names))


def _check_issuer(issuer: str | None) -> str | None:
    if issuer is not None and not _ISSUER.fullmatch(issuer):
        raise ValueError("must be an https address without query and fragment, as the provider writes it in tokens")
    return issuer


def _check_audience(name: str | None) -> str | None:
    if name is not None and not _AUDIENCE.fullmatch(name):
        raise ValueError("must be the name or the address of this service, without blanks")
    return name


def _check_token_types(types: frozenset[str]) -> frozenset[str]:
    if not types or not types <= _TOKEN_TYPES:
        raise ValueError("must be at+jwt, jwt, or at+jwt,jwt")
    return types


def _check_claim_name(name: str | None) -> str | None:
    if name is not None and not _CLAIM_NAME.fullmatch(name):
        raise ValueError("must be the name of a claim, such as sub")
    return name


def _check_tenant_name(name: str | None) -> str | None:
    if name is None:
        return None
    try:
        return TenantId(name).value
    except InvalidText as error:
        raise ValueError(f"is no name of a tenant: {str(error).removesuffix('.')}") from None


def _check_log_level(level: str) -> str:
    if level not in _LOG_LEVELS:
        raise ValueError(f"must be one of {', '.join(_LOG_LEVELS)}")
    return level


def _split_names(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return {name.strip().lower().removesuffix(".") for name in value.split(",")} - {""}


def _check_host_names(names: frozenset[str]) -> frozenset[str]:
    if not all(_HOST_NAME.fullmatch(name) for name in names):
        raise ValueError("must be names of hosts without a port, separated by commas")
    return names


def _check_origins(origins: frozenset[str]) -> frozenset[str]:
    if not all(map(_ORIGIN.fullmatch, origins)):
        raise ValueError("must be origins such as https://app.example.com, separated by commas; * is none")
    return origins


def _check_public_path(path: str) -> str:
    if not _PUBLIC_PATH.fullmatch(path):
        raise ValueError("must be empty, or a path such as /shop, without a slash at its end")
    return path


def _parse_rate_limit(value: Any) -> Any:
    return RateLimit.parse(value) if isinstance(value, str) else value


def _parse_networks(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return tuple(ip_network(one.strip()) for one in value.split(",") if one.strip())
    except ValueError:
        raise ValueError("must be addresses or networks such as 10.0.0.7 or 10.0.0.0/8, separated by commas") from None


def _empty_is_unset(value: Any) -> Any:
    return None if value == "" else value


def _from_seconds(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value  # a default
    # pydantic would read "5" as five seconds, too, but "P5D" and "05:00" as well; one form is enough.
    try:
        return timedelta(seconds=float(value))
    except (TypeError, ValueError, OverflowError):
        raise ValueError("must be a number of seconds") from None


def _from_days(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value  # a default
    try:
        return timedelta(days=int(value))
    except (TypeError, ValueError, OverflowError):
        raise ValueError("must be a whole number of days") from None


def _check_days(duration: timedelta) -> timedelta:
    if not timedelta(days=1) <= duration <= timedelta(days=36_500):
        raise ValueError("must be from 1 to 36500 days")
    return duration


def _bounded(duration: timedelta, *, least: float, most: float) -> timedelta:
    if not least <= duration.total_seconds() <= most:
        raise ValueError(f"must be from {least:g} to {most:g} seconds")
    return duration


Seconds = Annotated[
    timedelta, BeforeValidator(_from_seconds), AfterValidator(partial(_bounded, least=0.001, most=3600))
]


Days = Annotated[timedelta, BeforeValidator(_from_days), AfterValidator(_check_days)]


DrainDelay = Annotated[timedelta, BeforeValidator(_from_seconds), AfterValidator(partial(_bounded, least=0, most=60))]

MaxLag = Annotated[timedelta, BeforeValidator(_from_seconds), AfterValidator(partial(_bounded, least=0, most=2))]

DatabaseUrl = Annotated[str, AfterValidator(_check_database_url), Field(repr=False)]

MigrationUrl = Annotated[
    Annotated[str, AfterValidator(_check_database_url)] | None, BeforeValidator(_empty_is_unset), Field(repr=False)
]

ReadUrl = Annotated[str | None, BeforeValidator(_empty_is_unset), AfterValidator(_check_read_url), Field(repr=False)]

HostNames = Annotated[frozenset[str], BeforeValidator(_split_names), AfterValidator(_check_host_names)]

Origins = Annotated[frozenset[str], BeforeValidator(_split_names), AfterValidator(_check_origins)]

PublicPath = Annotated[str, AfterValidator(_check_public_path)]

CursorKey = Annotated[SecretStr | None, BeforeValidator(_empty_is_unset), AfterValidator(_check_cursor_key)]

AuthModes = Annotated[frozenset[AuthMode], BeforeValidator(_split_auth_modes)]

Issuer = Annotated[str | None, BeforeValidator(_empty_is_unset), AfterValidator(_check_issuer)]

Audience = Annotated[str | None, BeforeValidator(_empty_is_unset), AfterValidator(_check_audience)]

TokenTypes = Annotated[frozenset[str], BeforeValidator(_split_names), AfterValidator(_check_token_types)]

ClaimName = Annotated[str | None, BeforeValidator(_empty_is_unset), AfterValidator(_check_claim_name)]

TenantName = Annotated[str | None, BeforeValidator(_empty_is_unset), AfterValidator(_check_tenant_name)]

MaybeBoolean = Annotated[bool | None, BeforeValidator(_empty_is_unset)]

OneRateLimit = Annotated[InstanceOf[RateLimit], BeforeValidator(_parse_rate_limit)]

OptionalRateLimit = Annotated[
    InstanceOf[RateLimit] | None, BeforeValidator(_parse_rate_limit), BeforeValidator(_empty_is_unset)
]

Networks = Annotated[tuple[InstanceOf[IPv4Network] | InstanceOf[IPv6Network], ...], BeforeValidator(_parse_networks)]

LogLevel = Annotated[str, AfterValidator(_check_log_level)]

Directory = Annotated[Path | None, BeforeValidator(_empty_is_unset)]
