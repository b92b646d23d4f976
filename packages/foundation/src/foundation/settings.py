"""The settings that every service has, and how they are read. Only this module reads the environment."""

import os
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from foundation.access_settings import AccessSettings
from foundation.env_file import EnvFileError, Variable, misspelt, read_env_file
from foundation.setting_values import (
    CursorKey,
    DatabaseUrl,
    Directory,
    DrainDelay,
    HostNames,
    LogLevel,
    MaxLag,
    MigrationUrl,
    Pooler,
    PublicPath,
    ReadUrl,
    Seconds,
    SettingsError,
    Storage,
)

ENV_FILE: Final = Path(".env")


class ServiceSettings(AccessSettings):
    """What the operator of any service may choose. A service adds its default database and settings of its own.

    Raises:
        pydantic.ValidationError: call `load` instead, which words it for people.
    """

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    database_url: DatabaseUrl
    """The storage: `memory://`, `sqlite+aiosqlite:///path`, or `postgresql+psycopg://role:password@host/name`."""

    database_read_url: ReadUrl = None
    """A standby of the PostgreSQL server in `database_url`, which lists and exports are read on."""

    database_read_max_lag: MaxLag = timedelta(seconds=0.1)
    """Seconds that a list waits until the standby has what was committed before it; then the primary is asked."""

    database_pool_size: int = Field(10, ge=1, le=1000)
    """Connections that each worker may hold. Workers times this must stay below the server's `max_connections`."""

    database_pool_queue: int = Field(40, ge=0, le=100_000)
    """Requests that may wait for a connection in each worker; one more is answered 503 at once."""

    database_pool_timeout: Seconds = timedelta(seconds=5)
    """Seconds that a request waits for a connection before it is answered 503."""

    database_pooler: Pooler = Pooler.NONE
    """What is between here and PostgreSQL: `none`, or a pooler in `transaction` mode, such as pgbouncer."""

    database_prepared_statements: bool = True
    """Whether statements are prepared on PostgreSQL. pgbouncer keeps prepared statements from version 1.21 on."""

    migration_database_url: MigrationUrl = None
    """For the `db` commands: the server itself, and the owner of the tables; unset, they use `database_url`."""

    database_statement_timeout: Seconds = timedelta(seconds=5)
    """Seconds that a statement may take before the request is answered 504 (PostgreSQL)."""

    database_bulk_timeout: Seconds = timedelta(seconds=300)
    """Seconds that a statement of an import may take, one of which lasts as long as the upload (PostgreSQL)."""

    database_lock_timeout: Seconds = timedelta(seconds=2)
    """Seconds that a statement waits for a lock before the request is answered 504."""

    database_idle_timeout: Seconds = timedelta(seconds=10)
    """Seconds that an open transaction may do nothing before the server ends it (PostgreSQL)."""

    server_host: str = "127.0.0.1"
    """The address that `serve` binds to. Loopback, unless AUTH_MODE or ALLOW_PUBLIC_BIND says who authenticates."""

    server_port: int = Field(8000, ge=0, le=65535)
    """The port that `serve` binds to; 0 takes a free one."""

    server_workers: int = Field(1, ge=1, le=256)
    """Worker processes that `serve` starts."""

    server_max_connections: int = Field(1000, ge=1, le=100_000)
    """Connections that each worker serves. On one more, the first request is answered 503."""

    server_shutdown_grace: Seconds = timedelta(seconds=20)
    """Seconds that running requests may still take after the service stopped to accept new ones."""

    server_drain_delay: DrainDelay = timedelta(seconds=5)
    """Seconds between SIGTERM, from which on the service says that it is not ready, and its refusal of connections."""

    request_timeout: Seconds = timedelta(seconds=8)
    """Seconds that a request may take, beside the time that its body takes to arrive, before it is answered 504.

    It bounds the waits that no limit of the database ends, as for a server that is frozen. Imports and exports have
    DATABASE_BULK_TIMEOUT.
    """

    server_header_timeout: Seconds = timedelta(seconds=10)
    """Seconds that a client may take for the headers of a request before it is answered 408."""

    server_body_timeout: Seconds = timedelta(seconds=10)
    """Seconds that a request may be waited for its body, beside what it takes at 16 KiB a second, before it is 408."""

    server_write_timeout: Seconds = timedelta(seconds=30)
    """Seconds that a client may leave an answer unread that is too long to be sent at once, before it is hung up on."""

    allowed_hosts: Annotated[HostNames, NoDecode] = frozenset()
    """The names that the Host header of a request may have, without ports. None means any, on loopback its names."""

    public_path: PublicPath = ""
    """The path below which a proxy publishes the service, such as `/shop`; `Location` and `Link` begin with it."""

    require_if_match: bool = False
    """Whether PATCH and DELETE without `If-Match` are refused with 428."""

    cursor_key: CursorKey = None
    """The secret that page cursors are signed with. Unset, `serve` makes one, and a restart invalidates cursors."""

    docs_enabled: bool = True
    """Whether `/docs` and `/openapi.json` are served."""

    log_level: LogLevel = "INFO"
    """The least severe messages that are logged: DEBUG, INFO, WARNING or ERROR."""

    pg_bindir: Directory = None
    """Where the PostgreSQL programs are that the schema tools start throwaway databases with. Unset, they look."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- it passes over what it cannot read
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- there are none
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What `load` was given, then the environment, then `.env`."""
        return init_settings, env_settings, _EnvFileSource(settings_cls)

    @classmethod
    def load(cls, **overrides: object) -> Self:
        """The settings of the environment and `.env`, where `overrides` (by field name) come first.

        Raises:
            SettingsError: a setting has a value it may not have, a line of `.env` cannot be read, or a name is nearly
                that of a setting; the message says which, and shows no value.
        """
        try:
            _refuse_misspelt(read_env_file(ENV_FILE), [name.upper() for name in cls.model_fields])
            settings = cls(**overrides)  # type: ignore[arg-type]
        except ValidationError as error:
            sentences = [_sentence(problem) for problem in error.errors(include_input=False, include_url=False)]
            raise SettingsError("; ".join(sentences) + ".") from None
        except EnvFileError as error:
            raise SettingsError(f"{error}.") from None
        settings._check_other_urls()
        settings.check_access(settings.storage)
        if settings.database_url == cls.model_fields["database_url"].default and settings.storage is Storage.SQLITE:
            # The default must work in a directory that is new.
            _make_directory(settings.database_url)
        return settings

    def _check_other_urls(self) -> None:
        if self.database_read_url is not None and self.storage is not Storage.POSTGRESQL:
            raise SettingsError(
                "DATABASE_READ_URL names a replica of the PostgreSQL server in DATABASE_URL, which names another "
                "storage; unset it, or correct DATABASE_URL."
            )
        if Storage(self.migrated_url.partition("://")[0]) is not self.storage:
            raise SettingsError("MIGRATION_DATABASE_URL must name the same kind of database as DATABASE_URL.")

    @property
    def storage(self) -> Storage:
        """The storage that `database_url` names."""
        return Storage(self.database_url.partition("://")[0])

    @property
    def migrated_url(self) -> str:
        """Where migrations run: the server itself, if `database_url` is that of a pooler before it."""
        return self.migration_database_url or self.database_url

    @property
    def place(self) -> str:
        """Where the data is kept, for the log: without the role, the password and the parameters of the URL."""
        match self.storage:
            case Storage.MEMORY:
                return "memory"
            case Storage.SQLITE:
                return f"SQLite, {self.database_url.partition(':///')[2]}"
            case Storage.POSTGRESQL:
                replica = f"; lists and exports: {_server(self.database_read_url)}" if self.database_read_url else ""
                return f"PostgreSQL, {_server(self.database_url)}{replica}"

    def check_serving(self, *, host: str, workers: int) -> None:
        """Raise `SettingsError` when serving from `host` with `workers` processes would be unsafe or wrong."""
        if not self.auth_mode and not self.allow_public_bind and not is_loopback(host):
            raise SettingsError(
                "AUTH_MODE is disabled, so the API is served on a loopback address only. Set AUTH_MODE, or put a proxy "
                "that authenticates in front of it and set ALLOW_PUBLIC_BIND=true."
            )
        if self.storage is Storage.MEMORY and workers > 1:
            raise SettingsError(
                "memory:// lives inside one process, so it cannot be shared by several workers; "
                "use SERVER_WORKERS=1 or another DATABASE_URL."
            )


def _server(url: str) -> str:
    """The host and the database of a URL, without the role, the password and the parameters."""
    return url.partition("://")[2].partition("?")[0].rpartition("@")[2]


class _EnvFileSource(EnvSettingsSource):
    """Settings from the file `.env` of the working directory."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): variable.value for name, variable in read_env_file(ENV_FILE).items()}


def _refuse_misspelt(in_file: Mapping[str, Variable], known: Sequence[str]) -> None:
    for name, meant in misspelt([*os.environ, *in_file], known):
        where = f"{ENV_FILE}, line {in_file[name].line}: " if name in in_file else ""
        raise SettingsError(f"{where}{name} is no setting; {meant} is. Correct it, or unset it.")


def share_with_workers(settings: ServiceSettings) -> None:
    """Make a cursor key when none is set, and pass on the address, by the environment that workers inherit."""
    os.environ["SERVER_HOST"] = settings.server_host
    if settings.cursor_key is None:
        os.environ["CURSOR_KEY"] = secrets.token_hex()


def _make_directory(sqlite_url: str) -> None:
    directory = Path(sqlite_url.partition(":///")[2]).parent
    try:
        directory.mkdir(exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"The directory {directory} for the embedded database cannot be made: {error.strerror}."
        ) from None


def _sentence(problem: Any) -> str:
    name = "_".join(str(part) for part in problem["loc"]).upper()
    return f"{name} {problem['msg'].removeprefix('Value error, ').removeprefix('Input ')}"


def is_loopback(host: str) -> bool:
    """Whether the name or the address is one of this machine that no other machine reaches."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
