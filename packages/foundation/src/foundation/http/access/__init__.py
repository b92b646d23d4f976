"""Who may come in over HTTP: credentials, scopes, and the routes of API keys."""
