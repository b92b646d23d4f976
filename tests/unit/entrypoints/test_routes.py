"""The routes of the service as a whole."""

from fastapi.routing import iter_route_contexts

from entrypoints.http.app import create_app
from entrypoints.settings import load_settings
from foundation.http.routing.direct_routes import DirectRoutes


def test_every_route_of_the_service_is_served_directly() -> None:
    app = create_app(load_settings(database_url="memory://"))
    direct = DirectRoutes(app, routes=app.routes)
    routes = [route for routes in direct._routes_of_method.values() for route in routes]
    assert len(routes) == sum(len(route.methods or ()) for route in iter_route_contexts(app.routes))
    assert [route.path.pattern for route in routes if route.steps is None] == []
