"""The difference between a value that is absent and one that is none."""

from enum import Enum
from typing import Final, Literal, TypeAlias


class _Unset(Enum):
    UNSET = "unset"


UNSET: Final = _Unset.UNSET
"""Stands for a value that is not given, where None is a value that can be."""

Unset: TypeAlias = Literal[_Unset.UNSET]
