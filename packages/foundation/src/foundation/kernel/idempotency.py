"""Use cases that are carried out once per idempotency key, however often they are asked for."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import timedelta
from typing import Any, Final, Generic, NamedTuple, Protocol, Self, TypeVar, cast

from foundation.kernel.clock import Clock
from foundation.kernel.errors import IdempotencyKeyReused
from foundation.kernel.idempotency_keys import IdempotencyKey, RecordedAnswer
from foundation.kernel.retry import retry_on_conflict
from foundation.kernel.unit_of_work import UnitOfWork
from foundation.kernel.unset import UNSET
from foundation.kernel.views import plain, read_views, text_of, write_views

KEPT_FOR: Final = timedelta(hours=24)
_REQUIRED: Final = object()

Value = TypeVar("Value", covariant=True)
ResultT = TypeVar("ResultT")
ViewT = TypeVar("ViewT", bound=NamedTuple)
CommandT = TypeVar("CommandT", bound="KeyedCommand")
CommandT_contra = TypeVar("CommandT_contra", bound="KeyedCommand", contravariant=True)
UnitOfWorkT = TypeVar("UnitOfWorkT", bound=UnitOfWork)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Value]):
    """The result of a use case; `replayed` when it is that of an earlier call with the same idempotency key."""

    value: Value
    replayed: bool = False


class KeyedCommand(Protocol):
    """A command, a dataclass, that may carry an idempotency key."""

    @property
    def key(self) -> IdempotencyKey | None:
        """The key; without one, every call is carried out."""
        ...


class Handler(Protocol[CommandT_contra, Value]):
    """A use case: one asynchronous callable."""

    async def __call__(self, command: CommandT_contra) -> Value:
        """Carry the command out and return its result."""
        ...


class Recording(NamedTuple, Generic[ResultT]):
    """How the result of a use case is written as a text, and read again."""

    write: Callable[[ResultT], str]
    read: Callable[[str], ResultT]


def one_view(view: type[ViewT]) -> Recording[ViewT]:
    """For a use case whose result is one view."""
    return Recording(lambda result: write_views([result]), lambda content: read_views(view, content)[0])


def several_views(view: type[ViewT]) -> Recording[tuple[ViewT, ...]]:
    """For a use case whose result is several views."""
    return Recording(write_views, lambda content: tuple(read_views(view, content)))


class Idempotent(Generic[UnitOfWorkT, CommandT, ResultT]):
    """A use case, carried out once per key and tried again after a conflict between writers.

    `handler` makes the use case for a factory of units of work. When there is a key, that factory yields one that has
    claimed the key, and that commits the recorded result together with the work.
    """

    def __init__(
        self,
        handler: Callable[[Callable[[], UnitOfWorkT]], Handler[CommandT, ResultT]],
        unit_of_work: Callable[[], UnitOfWorkT],
        clock: Clock,
        recording: Recording[ResultT],
    ) -> None:
        self._handler = handler
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._recording = recording
        self._without_key = handler(unit_of_work)

    async def __call__(self, command: CommandT) -> Outcome[ResultT]:
        """Carry the command out, or return what was recorded under its key.

        Raises:
            IdempotencyKeyInUse: a call with the same key is being carried out.
            IdempotencyKeyReused: the key was used for another command.
            Exception: whatever the use case raises; then nothing is recorded.
        """
        key = command.key
        if key is None:
            return Outcome(await retry_on_conflict(lambda: self._without_key(command)))
        return await retry_on_conflict(lambda: self._once(command, key))

    async def _once(self, command: CommandT, key: IdempotencyKey) -> Outcome[ResultT]:
        fingerprint = _fingerprint(command)
        async with self._unit_of_work() as uow:
            now = self._clock.now()
            recorded = await uow.idempotency_keys.claim(key, now)
            if recorded is not None:
                if recorded.fingerprint != fingerprint:
                    raise IdempotencyKeyReused
                return Outcome(self._recording.read(recorded.content), replayed=True)
            joined = cast("UnitOfWorkT", _JoinedUnitOfWork(uow))
            result = await self._handler(lambda: joined)(command)
            answer = RecordedAnswer(
                fingerprint, self._recording.write(result), created_at=now, expires_at=now + KEPT_FOR
            )
            await uow.idempotency_keys.record(key, answer)
            await uow.commit()
            return Outcome(result)


class _JoinedUnitOfWork:
    """A unit of work inside another one, which alone commits."""

    def __init__(self, outer: UnitOfWork) -> None:
        self._outer = outer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._outer, name)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        """The outer one undoes what is not committed."""

    async def commit(self) -> None:
        """The outer one commits."""


def _fingerprint(command: KeyedCommand) -> str:
    """What tells the command from another one: its values, but for the key.

    A field with a default is there by its name, and only if it is given: a field that is added later does not change
    the fingerprints of commands that lack it.
    """
    return hashlib.sha256(json.dumps(_parts(command, leave_out="key")).encode()).hexdigest()


def _parts(value: Any, *, leave_out: str = "") -> list[Any]:
    value = plain(value)
    if isinstance(value, list | tuple | frozenset) and not hasattr(value, "_fields"):
        return [part for member in value for part in _parts(member)]
    defaults = _defaults(value)
    if defaults is None:
        return [value if isinstance(value, str | int | float | None) else text_of(value)]
    required = [part for name in defaults if defaults[name] is _REQUIRED for part in _parts(getattr(value, name))]
    optional = {
        name: getattr(value, name) for name in defaults if defaults[name] is not _REQUIRED and name != leave_out
    }
    given = {name: _parts(member) for name, member in optional.items() if member is not None and member is not UNSET}
    return [*required, given] if given else required


def _defaults(value: Any) -> Mapping[str, Any] | None:
    """The defaults of the fields of a record by their names; None for what is no record."""
    if isinstance(value, tuple):
        defaults: Mapping[str, Any] = value._field_defaults  # type: ignore[attr-defined]  # a named tuple
        return {name: defaults.get(name, _REQUIRED) for name in value._fields}  # type: ignore[attr-defined]
    if not is_dataclass(value):
        return None
    return {field.name: _REQUIRED if field.default is MISSING else field.default for field in fields(value)}
