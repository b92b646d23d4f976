"""SQLite's catalog: its pragmas, and what only the text of its statements says."""
