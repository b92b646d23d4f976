"""Judging the migration revisions: each statement of each `upgrade()`, in the order of the history."""

import ast
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from alembic.script import Script

from schema_tools.errors import SchemaToolsError
from schema_tools.failures import explained
from schema_tools.findings import Finding
from schema_tools.lint.actions import AskDatabase, CreateTable
from schema_tools.lint.capture import Compilation, compile_revision
from schema_tools.lint.environments import environment_findings
from schema_tools.lint.model import Schema
from schema_tools.lint.reading import read
from schema_tools.lint.rule import Hit, RevisionRule, Waived
from schema_tools.lint.rules import ALL_RULES
from schema_tools.lint.rules.waivers import UNKNOWN_RULE, UNUSED_WAIVER, WITHOUT_REASON
from schema_tools.lint.safe_forms import execute, outside_transaction
from schema_tools.lint.step import At, Step
from schema_tools.lint.waivers import Source, Waiver, waiver_comment
from schema_tools.migrations.runner import alembic_config, script_directory, versions_directory
from schema_tools.project import SchemaProject

_RULES: Final = [rule for rule in ALL_RULES if isinstance(rule, RevisionRule)]
_NAMES: Final = frozenset(rule.name for rule in ALL_RULES)
# What a statement may mention and still be understood outside of its revision.
_COMMON_NAMES: Final = frozenset({"op", "sa", "postgresql"})


def judge_revisions(project: SchemaProject, revisions: Collection[str] | None = None) -> list[Finding]:
    """The findings in the revisions; those of the history are all read, since each builds on the ones before.

    Args:
        project: The mapping and the migrations.
        revisions: Which ones to judge, by identifier or its beginning; all of them, and `env.py`, when None.

    Raises:
        SchemaToolsError: A revision is unknown, or its code fails; the message names file and line.
    """
    directory = script_directory(project)
    with explained(None, versions_directory(directory)):
        history = list(reversed(list(directory.walk_revisions())))
        asked = None if revisions is None else {found.revision for found in directory.get_revisions(tuple(revisions))}
    config = alembic_config(project)
    schema = Schema()
    found = environment_findings(directory.env_py_location, project.alembic_ini) if asked is None else []
    for script in history:
        compilation = compile_revision(script, directory, config, project.metadata)
        place = _shown(Path(script.path), project.alembic_ini)
        judged = JudgedRevision(
            name=script.revision, place=place, source=_source(script), compilation=compilation, schema=schema
        )
        findings = judged.findings()
        found += findings if asked is None or script.revision in asked else []
    return found


@dataclass
class JudgedRevision:
    """One revision, what it emits, and the schema that it finds and changes.

    Attributes:
        place: Its file, as findings show it.
        schema: The schema before it; afterwards, the schema that it makes.
    """

    name: str
    place: str
    source: Source
    compilation: Compilation
    schema: Schema
    _used: set[Waiver] = field(default_factory=set)
    _exempt: set[int] = field(default_factory=set)

    def findings(self) -> list[Finding]:
        """Every finding, in the order of lines."""
        steps = list(_steps(self.compilation, self.source))
        found = []
        for step in steps:
            hits = self._judged(step, steps)
            found += [(step.lines[:1], finding) for finding in self._reported(step, hits)]
        found += [((waiver.line,), finding) for waiver, finding in self._about_waivers()]
        unique = {finding: lines for lines, finding in reversed(found)}
        return sorted(unique, key=lambda finding: (unique[finding], finding.rule, finding.message))

    def _judged(self, step: Step, steps: Sequence[Step]) -> list[tuple[RevisionRule, Hit]]:
        hits = []
        for action in step.actions:
            at = At(step=step, steps=steps, schema=self.schema, revision=self.name, exempt=self._exempt)
            exempt = at.is_on_new_tables(action) or isinstance(action, CreateTable)
            self._exempt |= {id(action)} if exempt else set()
            for rule in _RULES:
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
            place = self._at(step.lines[0] if step.lines else 1)
            yield Finding(rule=rule.name, place=place, message=hit.message, why=rule.explanation, fix=fix)

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

    def _about_waivers(self) -> Iterator[tuple[Waiver, Finding]]:
        complete = self.compilation.needs_database is None
        for waiver in self.source.waivers:
            place = self._at(waiver.line)
            if waiver.rule not in _NAMES:
                yield waiver, UNKNOWN_RULE.finding(place, waiver.rule)
            elif waiver not in self._used and complete:
                yield waiver, UNUSED_WAIVER.finding(place, waiver.rule)
            elif not waiver.reason:
                yield waiver, WITHOUT_REASON.finding(place, waiver.rule)

    def _at(self, line: int) -> str:
        return f"{self.place}:{line}"


def _steps(compilation: Compilation, source: Source) -> Iterator[Step]:
    number = 0
    for captured in compilation.emitted:
        for statement in read(captured.sql):
            yield Step(
                sql=statement.sql,
                actions=statement.actions,
                literals=statement.literals,
                lines=captured.lines,
                transaction=captured.transaction,
                number=number,
            )
            number += 1
    if compilation.needs_database is not None:
        lines = compilation.needs_database
        code = source.statement(lines[0]) if lines else ""
        yield Step(
            sql="", actions=(AskDatabase(code=code),), literals=frozenset(), lines=lines, transaction=-1, number=number
        )


def _stands_alone(code: str) -> bool:
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return False
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} <= _COMMON_NAMES


def _source(script: Script) -> Source:
    try:
        return Source(Path(script.path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SchemaToolsError(f"{Path(script.path).name} cannot be read: {error}") from error


def _shown(file: Path, alembic_ini: Path) -> str:
    """The file as seen from the directory of Alembic's configuration, which is the project's."""
    file, root = file.resolve(), alembic_ini.resolve().parent
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else file.as_posix()
