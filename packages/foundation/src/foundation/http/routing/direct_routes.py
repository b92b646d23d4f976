"""Serves plain routes without resolving their dependencies again for every request.

FastAPI looks through nested routers, and walks and inspects the tree of dependencies, whenever a request comes. Neither
changes while the service runs, so both are done once here, for the routes that ask for nothing more than a request,
path parameters and asynchronous dependencies; which are all that the hot path has. FastAPI serves the others, and every
request that no direct route is for: unknown addresses, methods that are not allowed, OPTIONS.

The gain, as CPU time of one GET of one resource with its whole answer: 0.41 times what it was (docs/performance.md).
"""

import inspect
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from re import Pattern
from typing import Any, Final, TypeAlias

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from pydantic import WithJsonSchema
from starlette.convertors import Convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

_Call: TypeAlias = Callable[..., Awaitable[Any]]

_REQUEST: Final = 0  # the place of the request among the values
# What of a `Dependant` may be there: what it is, and what a direct route gives it.
_PLAIN: Final = frozenset(
    {"name", "call", "path", "scope", "use_cache", "dependencies", "path_params", "request_param_name"}
)


class DirectRoutes:
    """The innermost middleware. Pure ASGI. `routes` are those of the application, in their order.

    Dependencies that are `unneeded` are not called; they must give nothing to any other call.

    A request goes where FastAPI would send it: to the first route that its path and method match. What is raised meets
    the exception handlers of the application, as it would further inside. No route is direct while there are
    dependency overrides, or while FastAPI's telemetry watches the request; and not below a mount.
    """

    def __init__(
        self, app: ASGIApp, *, routes: Sequence[BaseRoute], unneeded: Collection[Callable[..., Any]] = ()
    ) -> None:
        self._app = app
        self._routes_of_method: dict[str, list[_Route]] = {}
        for context in iter_route_contexts(routes):
            if not isinstance(context.original_route, Route) or not context.methods:
                break  # whatever it is, it may want what comes after it
            route = _Route.of(context, unneeded)
            for method in context.methods:
                self._routes_of_method.setdefault(method, []).append(route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or pass it on."""
        steps = self._steps(scope)
        if steps is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive, send)
        try:
            response = await _carry_out(steps, request)
        except Exception as error:
            handler = _handler(scope["app"].exception_handlers, error)
            if handler is None:
                raise
            response = await handler(request, error)
        await response(scope, receive, send)

    def _steps(self, scope: Scope) -> "_Steps | None":
        if scope["type"] != "http" or scope["app"].dependency_overrides or "fastapi.telemetry" in scope:
            return None
        if scope.get("root_path"):
            return None
        path = scope["path"]
        for route in self._routes_of_method.get(scope["method"], ()):
            if match := route.path.match(path):
                if route.steps is not None:
                    scope["path_params"] = match.groupdict()
                    scope["endpoint"] = route.endpoint
                    scope["route"] = route.original
                return route.steps
        return None


@dataclass(frozen=True, slots=True)
class _Step:
    """A call of a dependency, or at last of the endpoint. `arguments` are the places of its values, by position."""

    call: _Call
    arguments: tuple[int, ...]


_Steps: TypeAlias = tuple[_Step, ...]


async def _carry_out(steps: _Steps, request: Request) -> Response:
    """The result of the last step. The values are the request, the path parameters, and the results so far."""
    values: list[Any] = [request, *request.scope["path_params"].values()]
    for step in steps:
        values.append(await step.call(*[values[place] for place in step.arguments]))
    response: Response = values[-1]
    return response


@dataclass(frozen=True, slots=True)
class _Route:
    """What a request is matched with. Without `steps` it is FastAPI's to serve."""

    path: Pattern[str]
    endpoint: Callable[..., Any] | None
    original: BaseRoute
    steps: _Steps | None

    @classmethod
    def of(cls, context: RouteContext, unneeded: Collection[Callable[..., Any]]) -> "_Route":
        try:
            steps = _Planning(context, unneeded).steps()
        except _NotPlain:
            steps = None
        return cls(context.path_regex, context.endpoint, context.original_route, steps)


class _NotPlain(Exception):
    """The route needs more than can be planned."""


class _Planning:
    """Lays out the calls for one route, in FastAPI's order: dependencies first, and equal ones once."""

    def __init__(self, context: RouteContext, unneeded: Collection[Callable[..., Any]]) -> None:
        self._context = context
        self._unneeded = unneeded
        self._texts = [name for name, convertor in context.param_convertors.items() if _gives_text(convertor)]
        self._parameters = list(context.path_regex.groupindex)
        self._steps: list[_Step] = []
        self._places: dict[object, int] = {}

    def steps(self) -> _Steps:
        """The steps. Raises `_NotPlain`."""
        context = self._context
        if not isinstance(context.original_route, APIRoute):
            raise _NotPlain
        returned = inspect.signature(context.original_route.endpoint).return_annotation
        if not (isinstance(returned, type) and issubclass(returned, Response)):
            raise _NotPlain
        if context.body_field is not None or context.max_body_size is not None:
            raise _NotPlain
        self._plan(context.dependant)
        return tuple(self._steps)

    def _plan(self, dependant: Dependant) -> int:
        """The place of the result of the dependency, after all that comes before it."""
        _check_plain(dependant)
        needed = [one for one in dependant.dependencies if one.call not in self._unneeded]
        arguments = [(one.name, self._plan(one)) for one in needed]
        key = (dependant.call, dependant.scope)
        if dependant.use_cache and key in self._places:
            return self._places[key]
        arguments += [(field.name, self._place_of_parameter(field)) for field in dependant.path_params]
        arguments.append((dependant.request_param_name, _REQUEST))
        call: Any = dependant.call  # checked to be plain
        self._steps.append(_step(call, {name: place for name, place in arguments if name is not None}))
        place = len(self._parameters) + len(self._steps)
        self._places.setdefault(key, place)
        return place

    def _place_of_parameter(self, field: Any) -> int:
        """The place of a path parameter, which must be a text that nothing is asked of but to be one."""
        info = field.field_info
        plain = info.annotation is str and all(isinstance(each, WithJsonSchema) for each in info.metadata)
        if not plain or field.alias not in self._texts:
            raise _NotPlain
        return 1 + self._parameters.index(field.alias)


def _step(call: _Call, places: Mapping[str, int]) -> _Step:
    """A call with the values at these places, by the names of its parameters. They are given by position, if it can be.

    By name takes twice as long.
    """
    parameters = inspect.signature(call).parameters
    names = tuple(name for name in parameters if name in places)
    positional = all(each.kind is each.POSITIONAL_OR_KEYWORD for each in parameters.values())

    def by_name(*values: Any) -> Awaitable[Any]:
        return call(**dict(zip(names, values, strict=True)))

    in_order = positional and names == tuple(parameters)
    return _Step(call if in_order else by_name, tuple(places[name] for name in names))


def _check_plain(dependant: Dependant) -> None:
    """Raise `_NotPlain` for what is not a coroutine function, or asks for anything that `_PLAIN` lacks."""
    wanted = {field.name for field in fields(dependant) if getattr(dependant, field.name)}
    if not wanted <= _PLAIN or not inspect.iscoroutinefunction(dependant.call):
        raise _NotPlain


def _gives_text(convertor: Convertor[Any]) -> bool:
    return inspect.signature(convertor.convert).return_annotation in {str, "str"}


def _handler(handlers: Mapping[Any, Callable[..., Any]], error: Exception) -> Callable[..., Any] | None:
    """As Starlette finds it: by the status of an `HTTPException`, or else by the nearest class."""
    return next((handlers[key] for key in _keys(error) if key in handlers), None)


def _keys(error: Exception) -> Iterator[object]:
    if isinstance(error, HTTPException):
        yield error.status_code
    yield from (kind for kind in type(error).__mro__ if kind is not Exception)
