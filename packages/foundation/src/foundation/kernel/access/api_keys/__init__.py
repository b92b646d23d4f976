"""API keys: secrets that the service gives to programs, and what can be done with them."""
