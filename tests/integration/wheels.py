"""Wheels of this repository, and environments with nothing but what they are given: made without a network."""

import re
import subprocess
import sys
import venv
from collections.abc import Iterable
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

from e2e.processes import environment

ROOT = Path(__file__).parents[2]
DIRECTORIES = (ROOT, *sorted(path.parent for path in ROOT.glob("packages/*/pyproject.toml")))
"""Where the distributions of this repository are made: the service first."""


def built(directory: Path, into: Path) -> Path:
    """The wheel of the distribution in `directory`, built with the locked build tools."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(into)]
    done = subprocess.run(command, cwd=directory, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = (into / line for line in done.stdout.split() + done.stderr.split() if line.endswith(".whl"))
    return wheel


def locked(name: str) -> list[Distribution]:
    """What a lock file names and this environment has: some of it is for other systems."""
    text = (ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8")
    return list(_installed(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE)))


def required(wheel: Path, *extras: str) -> list[Distribution]:
    """What the distribution of a wheel requires, and what that requires, as this environment has it."""
    found: dict[str, Distribution] = {}
    name = re.sub(r"[-_.]+", "-", wheel.name.partition("-")[0])
    left = _requirements(distribution(name), extras)
    while left:
        one = left.pop()
        if one.name not in found:
            found[one.name] = distribution(one.name)
            left += _requirements(found[one.name], one.extras)
    return list(found.values())


def _requirements(of: Distribution, extras: Iterable[str]) -> list[Requirement]:
    asked = [Requirement(text) for text in of.requires or ()]
    return [
        one
        for one in asked
        if one.marker is None or any(one.marker.evaluate({"extra": name}) for name in (*extras, ""))
    ]


def _installed(names: Iterable[str]) -> Iterable[Distribution]:
    for name in names:
        try:
            yield distribution(name)
        except PackageNotFoundError:
            continue


def made(directory: Path, wheels: Iterable[Path], others: Iterable[Distribution]) -> Path:
    """An environment with the wheels, installed, and with links to the other distributions; gives its programs."""
    venv.create(directory, symlinks=True)
    (site,) = directory.glob("lib/python*/site-packages")
    for one in others:
        _link(one, site)
    install: list[str | Path] = [Path(sys.executable).with_name("uv"), "pip", "install", "--no-config", "--no-cache"]
    install += ["--offline", "--no-deps", "--compile-bytecode", "--python", directory / "bin" / "python", *wheels]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return directory / "bin"


def _link(one: Distribution, site: Path) -> None:
    """Link what the distribution has at the top; so its compiled modules are used, too."""
    for name in {file.parts[0] for file in one.files or ()} - {"..", "__pycache__"}:
        if not (site / name).exists():
            (site / name).symlink_to(str(one.locate_file(name)))
