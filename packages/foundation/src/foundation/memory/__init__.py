"""The reference storage: everything in one process, with the rules and the errors of a database."""
