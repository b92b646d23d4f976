"""What the schema tools raise when they cannot do what they were asked."""


class SchemaToolsError(Exception):
    """The work could not be done; the message is one sentence for the person who asked, without any secret.

    A command line prints it and leaves with exit status 2.
    """


class PostgresUnavailable(SchemaToolsError):
    """No PostgreSQL server could be had; the message says how to get one."""


class IrreversibleRevision(SchemaToolsError):
    """A revision cannot be taken back: its `downgrade` raises NotImplementedError, with the reason."""


class DataWouldBeLost(SchemaToolsError):
    """A downgrade would lose data, and consent was refused; nothing was changed."""
