"""The commands, for any project: `python -m schema_tools`, or a project's own command line."""
