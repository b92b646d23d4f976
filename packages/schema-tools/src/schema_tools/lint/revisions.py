"""Judging the migration revisions: each statement of each `upgrade()`, in the order of the history."""

import ast
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from schema_tools.errors import SchemaToolsError
from schema_tools.failures import explained
from schema_tools.findings import Finding
from schema_tools.lint.actions import AskDatabase, CreateTable, Fail
from schema_tools.lint.capture import Compilation, compile_revision
from schema_tools.lint.model import Schema
from schema_tools.lint.reading import read
from schema_tools.lint.rendering import execute, outside_transaction
from schema_tools.lint.rule import REVISION_RULES, At, Hit, RevisionRule, Step, Waived
from schema_tools.lint.rules import NO_TIMEOUTS, has_meaning, waiver_findings
from schema_tools.lint.waivers import Source, Waiver, waiver_comment
from schema_tools.project import SchemaProject
from schema_tools.rehearsal.steps import Revisions

# What a statement may mention and still be understood outside of its revision.
_COMMON_NAMES: Final = frozenset({"op", "sa", "postgresql"})
_TIMEOUTS: Final = ("lock_timeout", "statement_timeout")


def judge_revisions(project: SchemaProject, revisions: Collection[str] | None = None) -> list[Finding]:
    """See `lint.lint_revisions`. The whole history is read, since each revision builds on the ones before.

    What has no meaning in the databases that the revisions are for is no finding.

    Raises:
        SchemaToolsError: A revision is unknown, or a file cannot be loaded; the message names file and line.
    """
    files = Revisions(project)
    history = files.in_order()
    with explained(None):
        known = files.script.get_revisions(tuple(revisions or ()))
    asked = None if revisions is None else {found.revision for found in known}
    schema = Schema()
    databases = tuple(project.databases)
    found = _judged_environment(files) if asked is None and has_meaning(NO_TIMEOUTS.name, databases) else []
    for script in history:
        file = Path(script.path)
        try:
            source = Source(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise SchemaToolsError(f"{file.name} cannot be read: {error}") from error
        compilation = compile_revision(script, files.script, files.config, project.metadata)
        judged = JudgedRevision(
            script.revision, files.place(file), source, compilation=compilation, schema=schema, databases=databases
        )
        findings = judged.findings()
        found += findings if asked is None or script.revision in asked else []
    return found


def _judged_environment(revisions: Revisions) -> list[Finding]:
    """The finding in `env.py`, if there is one; a file that cannot be read or parsed has none."""
    env_py = Path(revisions.script.env_py_location)
    try:
        source = env_py.read_text(encoding="utf-8")
        tree = ast.parse(source)
    except (OSError, SyntaxError, UnicodeDecodeError):
        return []  # Running a migration reports it.
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    if "schema_tools.environment" in imported or all(timeout in source for timeout in _TIMEOUTS):
        return []
    fix = (
        "from alembic import context\nfrom schema_tools.environment import run\n\n"
        'run(target_metadata, lambda: context.config.get_main_option("sqlalchemy.url") or "")'
    )
    message = "migrations that the alembic command runs wait for locks without a limit"
    return [NO_TIMEOUTS.finding(revisions.place(env_py), message, fix)]


@dataclass
class JudgedRevision:
    """One revision, what it emits, and the schema that it finds and changes.

    Attributes:
        place: Its file, as findings show it.
        schema: The schema before it; afterwards, the schema that it makes.
        databases: The kinds of databases that it is for.
    """

    name: str
    place: str
    source: Source
    compilation: Compilation
    schema: Schema
    databases: Sequence[str] = ("postgresql",)
    _used: set[Waiver] = field(default_factory=set)
    _exempt: set[int] = field(default_factory=set)

    def findings(self) -> list[Finding]:
        """Every finding, in the order of lines."""
        steps = list(self._steps())
        found = [
            (step.lines[:1], finding) for step in steps for finding in self._reported(step, self._judged(step, steps))
        ]
        complete = self.compilation.complete
        for waiver in self.source.waivers:
            place = f"{self.place}:{waiver.line}"
            used = waiver in self._used or not complete or not has_meaning(waiver.rule, self.databases)
            about = waiver_findings(place, waiver.rule, waiver.reason, used=used)
            found += [((waiver.line,), finding) for finding in about]
        unique = {finding: lines for lines, finding in reversed(found)}
        return sorted(unique, key=lambda finding: (unique[finding], finding.rule, finding.message))

    def _steps(self) -> Iterator[Step]:
        number = 0
        for captured in self.compilation.emitted:
            for step in read(captured.sql):
                yield replace(step, lines=captured.lines, transaction=captured.transaction, number=number)
                number += 1
        lines = self.compilation.needs_database
        if lines is not None:
            asking = AskDatabase(code=self.source.statement(lines[0]) if lines else "")
            yield Step(sql="", actions=(asking,), lines=lines, transaction=-1, number=number)
        if self.compilation.failure:
            failing = Fail(error=self.compilation.failure)
            yield Step(sql="", actions=(failing,), lines=self.compilation.failed_at, transaction=-1, number=number)

    def _judged(self, step: Step, steps: Sequence[Step]) -> list[tuple[RevisionRule, Hit]]:
        hits = []
        for action in step.actions:
            at = At(step=step, steps=steps, schema=self.schema, revision=self.name, exempt=self._exempt)
            exempt = at.is_on_new_tables(action) or isinstance(action, CreateTable)
            self._exempt |= {id(action)} if exempt else set()
            for rule in REVISION_RULES:
                if not has_meaning(rule.name, self.databases):
                    continue
                if isinstance(action, rule.on) and (rule.new_tables or not exempt):
                    hits += [(rule, hit) for hit in rule.check(action, at)]
            self.schema.apply(action, self.name)
        return hits

    def _reported(self, step: Step, hits: list[tuple[RevisionRule, Hit]]) -> Iterator[Finding]:
        waivers = {waiver.rule: waiver for waiver in self.source.at(step.lines)}
        waivable = {rule.name: hit.fix.reason for rule, hit in hits if isinstance(hit.fix, Waived)}
        for rule, hit in hits:
            if rule.name in waivers:
                self._used.add(waivers[rule.name])
                continue
            fix = hit.fix
            if isinstance(fix, Waived):
                reasons = {name: reason for name, reason in waivable.items() if not (fix.sql and name == rule.name)}
                fix = self._waived(step, reasons, fix.sql)
            elif "postgresql" not in self.databases:
                fix = ""  # It is in words of PostgreSQL.
            place = f"{self.place}:{step.lines[0] if step.lines else 1}"
            yield rule.finding(place, hit.message, fix)

    def _waived(self, step: Step, reasons: dict[str, str], sql: str) -> str:
        """The statement with a waiver for each of the rules that it breaks with good reason."""
        comments = [waiver_comment(name, reason) for name, reason in reasons.items()]
        code = "\n".join([*comments, execute(sql) if sql else self._code(step)])
        return outside_transaction(code) if step.transaction is None else code

    def _code(self, step: Step) -> str:
        """The code of a statement: as its author wrote it, where it can be read on its own."""
        if isinstance(step.actions[0], AskDatabase):
            return step.actions[0].code
        code = self.source.statement(step.lines[0]) if step.lines else ""
        return code if code.startswith("op.") and _stands_alone(code) else execute(step.sql)


def _stands_alone(code: str) -> bool:
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return False
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} <= _COMMON_NAMES
