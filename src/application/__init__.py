"""Use cases and the ports they need. Imports `domain` and `foundation.kernel` only."""
