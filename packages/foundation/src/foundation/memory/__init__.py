"""The reference storage, for any entity: everything in one process, with the rules and the errors of a database."""
