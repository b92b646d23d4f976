"""Entities, value objects and their rules. Imports the standard library and `foundation.kernel` only."""
