"""What the checks report: one finding each, the same for every check."""

from dataclasses import asdict, dataclass
from enum import StrEnum


class Group(StrEnum):
    """What a rule is about: what can fail, block or be lost, or what is a matter of taste."""

    SAFETY = "safety"
    OPINION = "opinion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A problem, with its fix where one is known.

    Attributes:
        rule: The identifier of the rule it breaks, such as `index-not-concurrent`.
        place: Where: `alembic/versions/<file>.py:12` in a revision, the name of an object such as `books.title`
            elsewhere.
        message: What is wrong there, in one sentence.
        why: The consequence; empty where the message is enough.
        fix: The safe form to paste, as code or SQL; empty where there is none.
        group: Whether the rule is about safety or an opinion, which a project may not share.
    """

    rule: str
    place: str
    message: str
    why: str = ""
    fix: str = ""
    group: Group = Group.SAFETY

    def as_document(self) -> dict[str, str]:
        """The finding as JSON has it."""
        return asdict(self)
