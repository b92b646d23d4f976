"""Migrations tried on databases that are thrown away, with rows in place."""
