"""How the outside is reached: storages and the system, each behind a port of the application."""
