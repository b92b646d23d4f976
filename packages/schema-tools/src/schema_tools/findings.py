"""What the checks report: one finding each, the same for every check."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something to mend.

    Attributes:
        rule: The identifier of the rule it breaks, such as `index-not-concurrent`.
        place: Where: `alembic/versions/<file>.py:12` in a revision, the name of an object such as `users.email`
            elsewhere.
        message: What is wrong there, in one sentence.
        why: What it does to whoever uses the database; empty where the message says it all.
        mend: The safe form to paste, as code or SQL; empty where there is none.
    """

    rule: str
    place: str
    message: str
    why: str = ""
    mend: str = ""

    def as_document(self) -> dict[str, str]:
        """The finding as JSON has it."""
        return asdict(self)
