"""What the command line of a service says of an error that no command expects."""

import json
import sys
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from foundation.cli.program import Program
from foundation.kernel.access.principal import Principal, PrincipalKind, current_principal
from foundation.setting_values import Storage


async def nothing(_container: object) -> None:
    """Nothing is to be done."""


def failing_program() -> tuple[Program[Any, Any], typer.Typer]:
    program = Program(
        name="shelves",
        load_settings=lambda **_: json.loads("a secret value"),
        open_container=lambda settings: settings,
        close_container=nothing,
    )
    commands = typer.Typer(pretty_exceptions_enable=False)
    commands.command()(lambda: program.run(nothing))
    return program, commands


def test_a_defect_is_one_sentence_without_any_value(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    program, commands = failing_program()
    monkeypatch.setattr(sys, "argv", ["shelves"])

    with pytest.raises(SystemExit) as left:
        program.start(commands)

    said = capsys.readouterr().err
    assert (left.value.code, said.count("\n")) == (2, 1)
    assert said.startswith(f"shelves: a defect: JSONDecodeError at {__file__}:")
    assert "secret" not in said


def test_a_developer_sees_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    program, commands = failing_program()
    monkeypatch.setattr(sys, "argv", ["shelves"])
    monkeypatch.setattr(sys, "flags", SimpleNamespace(dev_mode=True))

    with pytest.raises(json.JSONDecodeError):
        program.start(commands)


@pytest.mark.parametrize("tenant", [None, "acme"])
def test_a_command_works_for_the_operator_in_the_tenant_of_the_settings(tenant: str | None) -> None:
    async def principal(_container: object) -> Principal:
        return current_principal()

    program: Program[Any, Any] = Program(
        name="shelves",
        load_settings=lambda: SimpleNamespace(storage=Storage.SQLITE, tenant=tenant),
        open_container=lambda settings: settings,
        close_container=nothing,
    )
    assert program.run(principal) == Principal(PrincipalKind.OPERATOR, tenant=tenant)
