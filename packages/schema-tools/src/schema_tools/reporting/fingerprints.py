"""What a finding is known by from one run to the next, wherever its line has moved to."""

import re
from collections import Counter
from hashlib import sha256
from typing import Final

from schema_tools.findings import Finding

# The messages of these have numbers and values of the rows that a rehearsal made.
_ABOUT_ROWS: Final = frozenset({"rows-lost", "values-lost", "values-changed", "counter-set-back"})
_LENGTH: Final = 32


class Fingerprints:
    """The fingerprints of the findings of one run, which are given in their order.

    A fingerprint is made from the rule, the place without its line, and the message. Findings that have all of that in
    common are told apart by their order.
    """

    def __init__(self) -> None:
        self._number: Counter[str] = Counter()

    def next(self, finding: Finding) -> str:
        """The fingerprint of the next finding, in hexadecimal."""
        text = "\0".join((finding.rule, place_without_line(finding.place), _lasting(finding)))
        self._number[text] += 1
        return sha256(f"{text}\0{self._number[text]}".encode()).hexdigest()[:_LENGTH]


def place_without_line(place: str) -> str:
    """The file of a place in a file; any other place as it is."""
    return re.sub(r":\d+$", "", place)


def _lasting(finding: Finding) -> str:
    """The message, without what may be another number or value in the next run."""
    if finding.rule not in _ABOUT_ROWS:
        return finding.message
    return re.sub(r"\b\d+\b", "#", finding.message.partition(" changed: ")[0])
