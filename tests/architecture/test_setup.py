"""The set-up: the virtual environment, the lock files and the Makefile."""

import ast
import json
import platform
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import environment
import installers
import lock

ROOT = Path(__file__).resolve().parents[2]
MESSAGE = """it's a "test" of $HOME, $$, `id`, $(shell echo make) and \\ all"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what the set-up consists of, in a directory with a space in its name."""
    copy = tmp_path / "a project"
    shutil.copytree(ROOT / "scripts", copy / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "requirements", copy / "requirements")
    for name in ("Makefile", "pyproject.toml", *sorted(map(str, lock.own_packages(ROOT)))):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    return copy


@pytest.fixture
def venv(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What looks like an environment that is current; its `fastapi-service` prints its arguments."""
    binaries = project / ".venv" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "python").symlink_to(Path(sys.executable).resolve())
    # Not sys.executable: a path in a shebang may be neither long nor have spaces.
    script = binaries / "fastapi-service"
    script.write_text('#!/bin/sh\nfor argument; do echo "<$argument>"; done\n', "utf-8")
    script.chmod(0o755)
    (project / ".venv" / "pyvenv.cfg").touch()
    monkeypatch.setattr(environment, "ROOT", project)
    write_stamp(project / ".venv", "dev")
    return project / ".venv"


def write_stamp(venv: Path, level: str) -> None:
    base = environment.interpreter_file(venv)
    stamp = environment.Stamp(level, environment.checksum(level), str(venv), platform.python_version(), base)
    (venv / environment.STAMP).write_text(json.dumps(stamp._asdict()), "utf-8")


def execute(*command: str | Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    variables = {} if path is None else {"PATH": str(path)}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=variables)


def make(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make where the PATH leads to nothing but make and Python."""
    tools = project / "tools"
    tools.mkdir(exist_ok=True)
    found = shutil.which("make")
    assert found, "the set-up needs make"
    for name, target in (("make", found), ("python3", str(Path(sys.executable).resolve()))):
        if not (tools / name).is_symlink():
            (tools / name).symlink_to(target)
    return execute(tools / "make", "-C", project, "--no-print-directory", *arguments, path=tools)


def test_the_lock_files_are_right() -> None:
    assert lock.faults(ROOT) == []


def test_the_order_of_the_dependencies_does_not_matter(project: Path) -> None:
    before = lock.checksum(project)
    settings = project / "pyproject.toml"
    first, second = '    "alembic>=1.20",\n', '    "dependency-injector>=4.49",\n'
    text = settings.read_text("utf-8")
    assert first + second in text
    settings.write_text(text.replace(first + second, second + first), "utf-8")
    assert lock.checksum(project) == before
    settings.write_text(text.replace(first, ""), "utf-8")
    assert lock.checksum(project) != before


def test_a_dependency_of_a_package_belongs_to_the_lock_files(project: Path) -> None:
    before = lock.checksum(project)
    settings = project / "packages" / "foundation" / "pyproject.toml"
    settings.write_text(settings.read_text("utf-8").replace('"orjson>=3.13"', '"orjson>=3.14"'), "utf-8")
    assert lock.checksum(project) != before


@pytest.mark.parametrize(
    ("file", "pattern", "replacement", "fault"),
    [
        ("pyproject.toml", r'"alembic>=', '"alembic>=1.1,>=', "not made from this pyproject.toml"),
        ("pyproject.toml", r'"ruff>=', '"ruff>=0.1,>=', "not made from this pyproject.toml"),
        ("pyproject.toml", r'requires-python = ">=', 'requires-python = ">=3.1,>=', "pyproject.toml"),
        ("requirements/runtime.lock", r"\A", "--index-url https://packages.example/\n", "an address"),
        ("requirements/runtime.lock", r"\A", "--find-links /opt/wheels\n", "an address"),
        ("requirements/dev.lock", r"(?m)^ruff==\S+", "ruff @ file:///opt/ruff.whl", "an address"),
        ("requirements/dev.lock", r"(?m)^ruff==\S+", "ruff", "does not pin ruff"),
        ("requirements/dev.lock", r"(?m)^alembic==\S+", "alembic==0.1", "dev.lock lacks alembic"),
        ("requirements/bootstrap.lock", r"--hash=sha256:\w+", "", "does not pin uv"),
        ("requirements/build.lock", r"(?s).+", "", "pins nothing"),
    ],
)
def test_the_check_of_the_lock_files_finds(
    project: Path, file: str, pattern: str, replacement: str, fault: str
) -> None:
    text = (project / file).read_text("utf-8")
    changed = re.sub(pattern, replacement, text, count=0 if "hash" in pattern else 1)
    assert changed != text
    (project / file).write_text(changed, "utf-8")

    checked = execute(sys.executable, project / "scripts/lock.py", "--check")

    assert checked.returncode == 1
    assert fault in checked.stderr


def test_an_old_python_is_refused_with_one_sentence() -> None:
    script = ROOT / "scripts" / "environment.py"
    ast.parse(script.read_text("utf-8"), feature_version=(3, 6))
    pretend = (
        "import runpy, sys; sys.version_info = (3, 10, 13, 'final', 0);"
        f"runpy.run_path({str(script)!r}, run_name='__main__')"
    )

    refused = execute(sys.executable, "-c", pretend)

    assert refused.returncode == 2
    assert refused.stderr == "Python 3.11 or newer is needed; name one with PYTHON=python3.13\n"


def test_a_current_environment_is_left_alone_in_silence(project: Path, venv: Path) -> None:
    before = sorted(venv.rglob("*"))
    for level in ("dev", "runtime"):
        done = execute(sys.executable, project / "scripts/environment.py", level)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert sorted(venv.rglob("*")) == before


def append(path: Path) -> None:
    path.write_text(path.read_text("utf-8") + "\n", "utf-8")


@pytest.mark.parametrize(
    "change",
    [
        lambda venv: append(venv.parent / "pyproject.toml"),
        lambda venv: append(venv.parent / "requirements" / "dev.lock"),
        lambda venv: append(venv.parent / "requirements" / "bootstrap.lock"),
        lambda venv: (venv / environment.STAMP).write_text('{"level": "dev"'),
        lambda venv: (venv / "bin" / "fastapi-service").unlink(),
        lambda venv: (venv / "bin" / "python").unlink(),
        lambda venv: write_stamp(venv, "runtime"),
    ],
    ids=["pyproject", "lock", "installer", "broken stamp", "no script", "no interpreter", "lower level"],
)
def test_an_environment_is_not_current_after(venv: Path, change: Callable[[Path], object]) -> None:
    assert environment.SetUp(venv, "dev")._is_current()
    change(venv)
    assert not environment.SetUp(venv, "dev")._is_current()


def test_a_copy_of_an_environment_is_made_anew(venv: Path) -> None:
    copy = venv.with_name(".venv-copy")
    shutil.copytree(venv, copy, symlinks=True)
    assert not environment.SetUp(copy, "dev")._is_current()


def test_only_a_python_that_was_asked_for_replaces_the_one_there(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "python_version", lambda: "3.99.0")
    assert environment.SetUp(venv, "dev")._is_current()
    assert not environment.SetUp(venv, "dev", this_python=True)._is_current()


def test_a_directory_that_is_no_environment_is_not_emptied(project: Path) -> None:
    refused = execute(sys.executable, project / "scripts/environment.py", "dev", "--venv", "requirements")
    assert refused.returncode == 2
    assert "name another with VENV=" in refused.stderr
    assert lock.faults(project) == []


def test_installers_keep_the_users_index_and_drop_what_changes_the_outcome(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = {"PIP_INDEX_URL": "https://packages.example/", "UV_CACHE_DIR": "c", "HTTPS_PROXY": "p"}
    dropped = {"PIP_TARGET": "t", "UV_CONSTRAINT": "c", "UV_PYTHON": "3.8", "PYTHONPATH": "p", "VIRTUAL_ENV": "v"}
    for name, value in (kept | dropped).items():
        monkeypatch.setenv(name, value)

    variables = installers.uv_environment(installers.pip_settings(Path(sys.executable)))

    assert kept.items() <= variables.items()
    assert not dropped.keys() & variables.keys()
    assert variables["UV_DEFAULT_INDEX"] == kept["PIP_INDEX_URL"]


def test_of_pips_files_only_what_says_how_packages_are_reached_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "pip.conf"
    config.write_text(
        "[global]\nindex-url = https://a.example/\nuser = true\nquiet = 1\n"
        "[install]\nindex-url = https://b.example/\ntarget = /t\n[list]\nproxy = p\n"
    )
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    settings = installers.pip_settings(Path(sys.executable))
    variables = installers.pip_environment(settings)
    assert settings["PIP_INDEX_URL"] == installers.uv_environment(settings)["UV_DEFAULT_INDEX"] == "https://b.example/"
    assert variables["PIP_INDEX_URL"] == "https://b.example/"
    assert "PIP_PROXY" not in settings
    listed = installers.run([sys.executable, "-I", "-m", "pip", "config", "list"], environment=variables)
    assert ":env:.index-url='https://b.example/'" in listed
    assert "install." not in listed


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[global\nindex-url = https://u:secret@a.example/\n", r"pip\.conf, line 1\.$"),
        (b"index-url = https://u:secret@a.example/\n", r"pip\.conf, line 1\.$"),
        (b"[global]\nquiet = 1\nindex-url secret\n", r"pip\.conf, line 3\.$"),
        (b"[global]\nproxy = a\nproxy = secret\n", r"pip\.conf, line 3\.$"),
        (b"[global]\nproxy = \xff\n", r"pip\.conf\.$"),
        (b"[global]\nrequire-virtualenv = secret\n", "cannot read its settings"),
        (b"[global]\nversion = true\nproxy = secret\n", "has `version`"),
    ],
)
def test_a_file_of_pip_that_cannot_be_read_stops_the_set_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, said: str
) -> None:
    config = tmp_path / "pip.conf"
    config.write_bytes(content)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    with pytest.raises(installers.ToolError, match=said) as refused:
        installers.pip_settings(Path(sys.executable))
    assert "secret" not in str(refused.value)


def test_a_setting_with_a_zero_byte_is_said_in_a_sentence() -> None:
    with pytest.raises(installers.ToolError, match="has a zero byte"):
        installers.run([sys.executable, "-c", ""], environment={"PIP_PROXY": "a\0b"})


def test_help_is_the_default_and_lists_every_target(project: Path) -> None:
    makefile = (project / "Makefile").read_text("utf-8")
    declared = " ".join(re.findall(r"^\.PHONY:(.+)$", makefile, flags=re.MULTILINE)).split()
    listed = make(project)
    assert listed.returncode == 0, listed.stderr
    assert set(re.findall(r"^  (\S+) ", listed.stdout, flags=re.MULTILINE)) == set(declared)
    assert set(re.findall(r"^([a-z][\w-]*):", makefile, flags=re.MULTILINE)) == set(declared)


@pytest.mark.usefixtures("venv")
@pytest.mark.parametrize(
    ("arguments", "received"),
    [
        (["run"], ["serve", "--upgrade-embedded"]),
        (["dev"], ["serve", "--upgrade-embedded", "--reload"]),
        (["db-upgrade"], ["db", "upgrade"]),
        (["db-downgrade"], ["db", "downgrade"]),
        (["db-downgrade", "to=-1"], ["db", "downgrade", "--to=-1"]),
        (["db-downgrade", "yes=1"], ["db", "downgrade", "--yes"]),
        (["db-history"], ["db", "history"]),
        (["db-plan"], ["db", "plan"]),
        (["db-drift"], ["db", "drift"]),
        (["db-audit"], ["db", "audit"]),
        (["db-roles"], ["db", "roles"]),
        (["db-report"], ["db", "report", "--output", "var/schema-report.html"]),
        (["db-report", f"o={MESSAGE}"], ["db", "report", "--output", MESSAGE]),
        (["db-check"], ["db", "check"]),
        (["db-lint"], ["db", "lint"]),
        (["db-verify"], ["db", "verify"]),
        (["db-lock"], ["db", "lock"]),
        (["db-lock", "again=3b1f14954242"], ["db", "lock", "--again=3b1f14954242"]),
        (["db-docs"], ["db", "docs"]),
        (["db-docs-check"], ["db", "docs-check"]),
        (["db-migrate", f"m={MESSAGE}"], ["db", "migrate", "-m", MESSAGE]),
        (["db-migrate", f"m={MESSAGE}", "empty=1"], ["db", "migrate", "-m", MESSAGE, "--empty"]),
    ],
)
def test_targets_need_only_make_and_python_and_pass_arguments_as_typed(
    project: Path, arguments: list[str], received: list[str]
) -> None:
    done = make(project, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"<{argument}>" for argument in received]


def test_a_migration_without_a_message_is_refused_before_anything_is_installed(project: Path) -> None:
    refused = make(project, "db-migrate")
    assert refused.returncode == 2
    assert refused.stderr.startswith("Say what the migration does: make db-migrate m=")
    assert not (project / ".venv").exists()


def test_clean_removes_environments_and_caches_and_keeps_data(project: Path, venv: Path) -> None:
    made = (
        ".cache/mypy/x",
        "src/domain/__pycache__/x.pyc",
        "packages/foundation/src/foundation/__pycache__/x.pyc",
        "packages/foundation/dist/x.whl",
    )
    kept = ("var/data.db", ".env", ".venv-notes/x", "packages/foundation/pyproject.toml", "Makefile")
    for name in (*made, *kept):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).touch()
    assert make(project, "clean").returncode == 0
    assert not venv.exists()
    assert not any((project / name).parent.exists() for name in made)
    assert all((project / name).exists() for name in kept)


def test_what_needs_more_than_python_or_minutes_is_left_out_and_runs_with_the_packages() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "test.py"))
    left_out = set(script["LEFT_OUT"])
    assert all((ROOT / name).is_file() for name in left_out)

    assert {f"--ignore={name}" for name in left_out} <= set(script["command"]([], packages=False))
    named = script["command"]([f"{name}::test_it" for name in left_out], packages=False)
    assert not {f"--ignore={name}" for name in left_out} & set(named)
    assert all((ROOT / name).exists() for name in script["FAULTS"])
    assert {f"--ignore={name}" for name in script["FAULTS"]} <= set(script["command"]([], packages=False))
    assert left_out | {"packages/schema-tools/tests"} <= set(script["command"](["-q"], packages=True))
    assert script["command"](["packages/schema-tools/tests/test_audit.py"], packages=True)[-1].endswith("audit.py")
