"""Waivers: `# lint: allow RULE because REASON`, above the statement that it is for or at its end."""

import ast
import io
import re
import textwrap
import tokenize
from collections.abc import Iterable
from typing import Final, NamedTuple

from schema_tools.lint.rule import RevisionRule, Rule, TableRule

# What is no waiver after the colon is found, too, and has no rule.
_COMMENT: Final = re.compile(r"#\s*lint:(?:\s*allow\s+(?P<rule>[\w-]+)(?:\s+because\s+(?P<reason>\S.*?))?\s*$)?")


class Waiver(NamedTuple):
    """A comment that allows a rule to be broken; it is not understood without a rule, nor complete without a reason."""

    line: int
    rule: str = ""
    reason: str = ""


class Source:
    """The text of a revision: its statements, and the waivers at them."""

    def __init__(self, text: str) -> None:
        self.text = text
        comments = [one for one in tokenize.generate_tokens(io.StringIO(text).readline) if one.type == tokenize.COMMENT]
        found = [(one.start[0], _COMMENT.match(one.string)) for one in comments]
        self.waivers = [Waiver(line, one["rule"] or "", one["reason"] or "") for line, one in found if one]
        self._own_lines = {comment.start[0] for comment in comments if comment.line.strip().startswith("#")}
        self._spans = sorted(_spans(text), key=lambda span: (span.last - span.first, span.end - span.first))

    def at(self, lines: Iterable[int]) -> list[Waiver]:
        """The waivers at the statements that `lines` are part of, and in the comments right above them."""
        covered: set[int] = set()
        for span in map(self._span, lines):
            covered |= set(range(span.first, span.last + 1))
            above = span.first - 1
            while above in self._own_lines:
                covered.add(above)
                above -= 1
        return [waiver for waiver in self.waivers if waiver.line in covered]

    def statement(self, line: int) -> str:
        """The text of the smallest statement that the line is part of, without its indentation."""
        span = self._span(line)
        return textwrap.dedent("\n".join(self.text.splitlines()[span.first - 1 : span.end]))

    def _span(self, line: int) -> "_Span":
        return next((span for span in self._spans if span.first <= line <= span.last), _Span(line, line, line))


class _Span(NamedTuple):
    """The lines of a statement: of one that holds others, `last` is the one before the first of them."""

    first: int
    last: int
    end: int


def waiver_comment(rule: str, reason: str) -> str:
    """The comment that allows `rule`."""
    return f"# lint: allow {rule} because {reason}"


def waived_by(rule: Rule) -> str:
    """How the rule is waived, in a sentence."""
    if isinstance(rule, RevisionRule):
        return f"Waived by `# lint: allow {rule.name} because` and the reason."
    if isinstance(rule, TableRule):
        return f'Waived by `info={{"lint": {{"{rule.name}": "the reason"}}}}`.'
    return "Cannot be waived."


def _spans(text: str) -> Iterable[_Span]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            end = node.end_lineno or node.lineno
            yield _Span(node.lineno, max(node.lineno, body[0].lineno - 1) if body else end, end)
