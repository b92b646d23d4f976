"""Puts the service together: which adapter stands behind which port."""

from dependency_injector import containers, providers

from adapters import load_adapters
from application.unit_of_work import SCOPES
from application.users import UserUseCases
from application.users.policies import OwnUsersOnly
from entrypoints.migration_files import known_revisions
from entrypoints.settings import AccessPolicy, Settings
from foundation.access import Access
from foundation.http.edge.concurrency_limit import ConcurrencyLimit
from foundation.kernel.access.api_keys.use_cases import ApiKeyUseCases
from foundation.kernel.access.policy import ScopesOnly
from foundation.kernel.access.revocations.use_cases import RevocationUseCases
from foundation.kernel.access.row_access import RowAccess
from foundation.kernel.audit_trail import AUDIT_TRAIL
from foundation.kernel.clock import SystemClock
from foundation.kernel.forget_audit_entries import ForgetAuditEntriesHandler
from foundation.kernel.forget_expired_keys import ForgetExpiredKeysHandler
from foundation.kernel.storage import Storage
from foundation.setting_values import Pooler
from foundation.setting_values import Storage as StorageKind


def _open_storage(settings: Settings) -> Storage:
    # Imported where they are used: SQLAlchemy is a third of what a start has to load, and memory needs none of it.
    if settings.storage is StorageKind.MEMORY:
        from foundation.memory.storage import InMemoryStorage

        return InMemoryStorage(load_adapters("memory"), audited=settings.audited)
    from adapters.sqlalchemy.tables import metadata
    from foundation.sqlalchemy.database import open_database
    from foundation.sqlalchemy.limits import Limits, Replica
    from foundation.sqlalchemy.postgresql.pooler import ServerAccess

    limits = Limits(
        pool_size=settings.database_pool_size,
        pool_queue=settings.database_pool_queue,
        pool_timeout=settings.database_pool_timeout,
        use_timeout=settings.request_timeout,
        statement_timeout=settings.database_statement_timeout,
        lock_timeout=settings.database_lock_timeout,
        idle_timeout=settings.database_idle_timeout,
        bulk_timeout=settings.database_bulk_timeout,
    )
    access = ServerAccess(
        pooler=settings.database_pooler is Pooler.TRANSACTION, prepared=settings.database_prepared_statements
    )
    replica = (
        Replica(settings.database_read_url, settings.database_read_max_lag) if settings.database_read_url else None
    )
    adapters = load_adapters("sqlalchemy")
    return open_database(
        settings.database_url,
        limits,
        metadata,
        adapters,
        access=access,
        replica=replica,
        audited=settings.audited,
    )


def _user_access(settings: Settings) -> RowAccess:
    return RowAccess(OwnUsersOnly() if settings.access_policy is AccessPolicy.OWN_USERS else ScopesOnly())


def _import_limit(settings: Settings) -> ConcurrencyLimit:
    # An import holds its connection for as long as its lines arrive, so imports may not hold all of them.
    return ConcurrencyLimit(max(1, settings.database_pool_size // 4))


class Container(containers.DeclarativeContainer):
    """The service, assembled. Nothing is opened before it is asked for.

    No provider is asynchronous: that would turn everything depending on it into a future. `unit_of_work.provider` is a
    factory of units of work.
    """

    settings = providers.Dependency(instance_of=Settings)

    clock = providers.Singleton(SystemClock)
    storage = providers.Singleton(_open_storage, settings)

    unit_of_work = storage.provided.unit_of_work.call()
    readiness = storage.provided.readiness.call(known_revisions)

    import_limit = providers.Singleton(_import_limit, settings)

    user_access = providers.Singleton(_user_access, settings)
    users = providers.Singleton(
        UserUseCases, unit_of_work.provider, storage.provided.queries.call("users"), user_access, clock
    )
    api_keys = providers.Singleton(
        ApiKeyUseCases, unit_of_work.provider, storage.provided.queries.call("api_keys"), clock, SCOPES
    )
    revocations = providers.Singleton(
        RevocationUseCases, unit_of_work.provider, storage.provided.queries.call("revocations"), clock
    )
    access = providers.Singleton(Access, settings, storage, api_keys, revocations)
    audit_trail = storage.provided.queries.call(AUDIT_TRAIL)
    forget_audit_entries = providers.Singleton(
        ForgetAuditEntriesHandler, unit_of_work.provider, clock, settings.provided.audit_trail_retention
    )
    forget_expired_keys = providers.Singleton(ForgetExpiredKeysHandler, unit_of_work.provider, clock)


async def close(container: Container) -> None:
    """Close the connections."""
    await container.access().close()
    await container.storage().dispose()
