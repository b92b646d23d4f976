"""Waivers: `# lint: allow RULE because REASON`, above the statement that it is for or at its end."""

import ast
import io
import re
import textwrap
import tokenize
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

_COMMENT: Final = re.compile(r"#\s*lint:\s*allow\s+(?P<rule>[\w-]+)(?:\s+because\s+(?P<reason>\S.*?))?\s*$")
_ANY_COMMENT: Final = re.compile(r"#\s*lint:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A comment that allows a rule to be broken.

    Attributes:
        rule: The rule; empty where the comment cannot be understood.
        reason: Why; empty where it does not say.
    """

    line: int
    rule: str
    reason: str


class Source:
    """The text of a revision: its statements, and the waivers at them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.waivers = list(_waivers(text))
        self._own_lines = {number for number, line in enumerate(text.splitlines(), 1) if line.strip().startswith("#")}
        self._spans = sorted(_spans(text), key=lambda span: (span.last - span.first, span.end - span.first))

    def at(self, lines: Iterable[int]) -> list[Waiver]:
        """The waivers at the statements that `lines` are part of."""
        covered = {line for number in lines for line in self._covered(number)}
        return [waiver for waiver in self.waivers if waiver.line in covered]

    def statement(self, line: int) -> str:
        """The text of the smallest statement that the line is part of, without its indentation."""
        span = self._span(line)
        return textwrap.dedent("\n".join(self.text.splitlines()[span.first - 1 : span.end]))

    def _span(self, line: int) -> "_Span":
        return next((span for span in self._spans if span.first <= line <= span.last), _Span(line, line, line))

    def _covered(self, line: int) -> range:
        """The lines of the statement, and of the comments right above it."""
        span = self._span(line)
        first = span.first
        while first - 1 in self._own_lines:
            first -= 1
        return range(first, span.last + 1)


class _Span(NamedTuple):
    """The lines of a statement: of one that holds others, `last` is the one before the first of them."""

    first: int
    last: int
    end: int


def waiver_comment(rule: str, reason: str) -> str:
    """The comment that allows `rule`."""
    return f"# lint: allow {rule} because {reason}"


def _waivers(text: str) -> Iterable[Waiver]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and _ANY_COMMENT.match(token.string):
            found = _COMMENT.match(token.string)
            rule, reason = (found["rule"], found["reason"] or "") if found else ("", "")
            yield Waiver(line=token.start[0], rule=rule, reason=reason)


def _spans(text: str) -> Iterable[_Span]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            end = node.end_lineno or node.lineno
            yield _Span(node.lineno, max(node.lineno, body[0].lineno - 1) if body else end, end)
