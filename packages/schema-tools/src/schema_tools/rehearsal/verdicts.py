"""How a rehearsal words its findings: the rule, what breaks it, and why that matters."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from schema_tools.catalog.objects import Difference

WHY: Final[Mapping[str, str]] = {
    "upgrade-fails": "it cannot be applied; the later ones were tried without it, and the head was not compared with"
    " the mapping",
    "upgrade-fails-over-rows": "it passes on an empty database, and fails on the one that matters",
    "upgrade-not-repeatable": "after a rollback it cannot be applied again",
    "downgrade-fails": "there is no way back when the release has to be taken back",
    "downgrade-fails-over-rows": "there is no way back once rows are written that the older schema does not take",
    "irreversible-without-reason": "an operator who needs the rollback is not told why there is none",
    "no-op-downgrade": "the database says it is at the older revision, and is not",
    "left-behind": "it may make the next upgrade fail, and no revision owns it",
    "not-restored": "the older release relies on it",
    "restored-differently": "the older release runs on a schema that it was never tested with",
    "rows-lost": "they are lost permanently",
    "values-lost": "they are lost permanently",
    "values-changed": "the older release reads other values than it wrote",
    "counter-set-back": "an id is given out a second time, or an insert fails because it is taken",
}

SAY_SO: Final = 'raise NotImplementedError("why it cannot be taken back")'
"""The body of a downgrade that cannot restore what the upgrade removed."""

_MOST_LABELS: Final = 5


class Verdict(NamedTuple):
    """A rule that a revision breaks, how, and the fix where one is known."""

    rule: str
    message: str
    fix: str = ""


def of_downgrade(left: Sequence[Difference]) -> Iterator[Verdict]:
    """What a downgrade that changed something did not restore."""
    for one in left:
        if one.aspect != "existence":
            yield Verdict("restored-differently", f"the downgrade restores it differently: {worded(one)}", one.fix)
        elif one.expected is None:
            yield Verdict("left-behind", f"the {one.object} is left behind by the downgrade", one.fix)
        else:
            yield Verdict("not-restored", f"the {one.object} is not restored by the downgrade", one.fix)


def of_no_op(left: Sequence[Difference]) -> Verdict:
    """A downgrade that changed nothing of what it should restore."""
    labels = list(dict.fromkeys(one.object for one in left))
    more = f" and {len(labels) - _MOST_LABELS} more" if len(labels) > _MOST_LABELS else ""
    objects = ", ".join(labels[:_MOST_LABELS])
    message = f"the downgrade changes nothing, and leaves what the upgrade did: {objects}{more}"
    return Verdict("no-op-downgrade", message, SAY_SO)


def worded(one: Difference) -> str:
    """A difference in one line: what was expected and what was found."""
    if one.aspect == "existence":
        return f"{one.object} is {'there' if one.expected is None else 'missing'}"
    return f"{one.aspect} of {one.object} was {one.expected or 'not set'}, and is {one.found or 'not set'}"
