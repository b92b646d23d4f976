"""The entities on the in-memory storage: see `foundation.memory`."""
