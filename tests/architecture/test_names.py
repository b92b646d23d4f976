"""What things are called, and what they must not be called."""

import ast
import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from architecture.sources import ROOT, SRC, parsed, python_files

PACKAGES = {"domain", "application", "adapters", "entrypoints"}

# A name that says nothing about what is in it; I and Base as prefixes, where another word follows.
EMPTY_CLASS_NAME = re.compile(r".*(Service|Manager|Helper|Util|Utils|Impl)|(I|Base|Abstract)[A-Z]\w+")
EMPTY_MODULE_NAME = re.compile(r"utils?|common|helpers?|misc|base")


def classes(tree: ast.Module) -> list[str]:
    return [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]


def files_of(*directories: str) -> list[Path]:
    return [file for name in directories for file in python_files(ROOT / name)]


def test_every_class_has_a_name_that_says_something() -> None:
    named = {name for file in files_of("src", "packages", "scripts", "alembic") for name in classes(parsed(file))}
    assert "User" in named
    assert {name for name in named if EMPTY_CLASS_NAME.fullmatch(name)} == set()


@pytest.mark.parametrize("name", ["UserService", "IUserRepository", "BaseUser", "EmailHelper", "UserRepositoryImpl"])
def test_an_empty_class_name_would_be_noticed(name: str) -> None:
    assert EMPTY_CLASS_NAME.fullmatch(name)


@pytest.mark.parametrize("name", ["User", "InMemoryStore", "Identity", "ServerProcess", "Baseline", "IO"])
def test_a_name_that_only_looks_empty_is_let_through(name: str) -> None:
    assert not EMPTY_CLASS_NAME.fullmatch(name)


def test_every_module_has_a_name_that_says_something() -> None:
    files = files_of("src", "packages", "scripts", "alembic", "tests")
    named = {part for file in files for part in file.relative_to(ROOT).with_suffix("").parts}
    assert "domain" in named
    assert {name for name in named if EMPTY_MODULE_NAME.fullmatch(name)} == set()


def test_the_packages_of_the_wheel_are_those_of_src() -> None:
    assert {path.name for path in SRC.iterdir() if (path / "__init__.py").is_file()} == PACKAGES
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = settings["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert set(wheel["packages"]) == {f"src/{package}" for package in PACKAGES}
    assert set(settings["tool"]["importlinter"]["root_packages"]) == PACKAGES | {"foundation", "schema_tools"}


def test_no_other_distribution_provides_our_packages() -> None:
    providers = packages_distributions()
    assert "pytest" in providers
    for package in PACKAGES:
        assert set(providers.get(package, ())) <= {"fastapi-service"}


def test_the_migrations_do_not_shadow_alembic() -> None:
    assert (ROOT / "alembic" / "env.py").is_file()
    assert not list((ROOT / "alembic").rglob("__init__.py"))
