"""The commands: `python -m schema_tools`, or part of a project's own command line."""
