"""Pin every dependency by version and hash: ``python scripts/lock.py [--upgrade | --check]``.

pyproject.toml and those of the packages in packages/ say what is wanted, the files in requirements/ say what is
installed, and a checksum in each of them ties the two together. No file holds an address: where packages come from is
not for it to say. The packages of this repository are in no lock file: they are installed from their directories.
"""

import argparse
import hashlib
import json
import re
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from installers import Command, ToolError, pip_settings, run, say, uv_environment

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = re.compile(
    r"https?:|file:|git\+|://|^\s*(-i|-f|--index|--index-url|--extra-index-url|--find-links)\b", re.MULTILINE
)


class Lock(NamedTuple):
    """A lock file: its purpose, what of pyproject.toml is in it, and the lock whose versions it keeps to."""

    name: str
    purpose: str
    sources: tuple[str, ...]
    constraint: str = ""


# In this order, because one may be held to the versions of another.
LOCKS = (
    Lock("runtime.lock", "What the service needs to run", ("pyproject.toml",)),
    Lock(
        "dev.lock",
        "All of runtime.lock and build.lock, and the tools of development",
        ("pyproject.toml", "--group", "dev"),
        "runtime.lock",
    ),
    Lock("build.lock", "What builds and installs the package itself", ("--group", "build"), "dev.lock"),
    Lock("bootstrap.lock", "What installs the others", ("--group", "bootstrap")),
    Lock("clients.lock", "What generates a client in Python, apart from the rest", ("--group", "clients")),
    *(
        Lock(f"{group}.lock", f"What the schema tools are tried with: {group.replace('-', ' ')}", ("--group", group))
        for group in ("sqlalchemy-oldest", "sqlalchemy-between", "sqlalchemy-too-old")
    ),
)


class Requirement(NamedTuple):
    """One pinned requirement and how many hashes it has."""

    name: str
    version: str
    hashes: int


def own_packages(root: Path) -> dict[Path, Mapping[str, Any]]:
    """Return what the pyproject.toml of each package in packages/ says, by its path from ``root``."""
    found = sorted((root / "packages").glob("*/pyproject.toml"))
    return {path.relative_to(root): tomllib.loads(path.read_text("utf-8")) for path in found}


def checksum(root: Path) -> str:
    """Return the checksum over the parts of every pyproject.toml that the lock files follow from.

    The order in which requirements are listed does not matter.
    """

    def canonical(requirements: list[Any]) -> list[str]:
        return sorted(json.dumps(requirement, sort_keys=True) for requirement in requirements)

    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    inputs: dict[str, Any] = {
        "requires-python": project["project"]["requires-python"],
        "dependencies": canonical(project["project"].get("dependencies", [])),
        "groups": {name: canonical(group) for name, group in project.get("dependency-groups", {}).items()},
        "build": canonical(project["build-system"]["requires"]),
    }
    for path, package in own_packages(root).items():
        inputs[path.as_posix()] = [
            canonical(package["project"].get("dependencies", [])),
            {name: canonical(extra) for name, extra in package["project"].get("optional-dependencies", {}).items()},
        ]
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def requirements(text: str) -> list[Requirement]:
    """Return the requirements pinned in a lock file; one without an exact version has an empty one."""
    pin = re.compile(r"([a-z0-9][\w.-]*)(?:\[.*?\])?(?:==([^\s;*]+))?", re.IGNORECASE)
    lines = text.replace("\\\n", " ").splitlines()
    return [
        Requirement(found[1].lower(), found[2] or "", line.count("--hash=sha256:"))
        for line in lines
        if (found := pin.match(line))
    ]


def faults(root: Path) -> list[str]:
    """Return what is wrong with the lock files of the project at ``root``, as sentences."""
    expected = checksum(root)
    found: list[str] = []
    pins: dict[str, set[tuple[str, str]]] = {}
    for lock in LOCKS:
        path = root / "requirements" / lock.name
        text = path.read_text("utf-8") if path.exists() else ""
        pinned = requirements(text)
        pins[lock.name] = {(pin.name, pin.version) for pin in pinned}
        if not pinned:
            found.append(f"{lock.name} pins nothing.")
        if f"# inputs-sha256: {expected}\n" not in text:
            found.append(f"{lock.name} was not made from this pyproject.toml.")
        if address := ADDRESS.search(text):
            found.append(f"{lock.name} holds an address: {text[address.start() :].split()[0]}")
        loose = [pin.name for pin in pinned if not (pin.version and pin.hashes)]
        found += [f"{lock.name} does not pin {name} by version and hash." for name in loose]
    for part in ("runtime.lock", "build.lock"):
        lacking = sorted(pins[part] - pins["dev.lock"])
        found += [f"dev.lock lacks {name} {version}, which is in {part}." for name, version in lacking]
    return found


def write(root: Path, *, upgrade: bool) -> None:
    """Write the lock files of the project at ``root``, all of them or none.

    Args:
        root: The directory of pyproject.toml.
        upgrade: Take the newest versions allowed, instead of keeping those pinned where they are allowed.

    Raises:
        ToolError: uv found no versions that go together, or wrote what :func:`faults` objects to.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    environment = uv_environment(pip_settings(Path(sys.executable)))
    oldest = re.findall(r"\d+\.\d+", project["project"]["requires-python"])[0]
    options = ["--python-version", oldest, *(["--upgrade"] if upgrade else [])]
    with tempfile.TemporaryDirectory() as directory:
        # What uv writes names its inputs as they are named to it, so it works in a copy, on relative paths.
        draft = Path(directory)
        shutil.copy(root / "pyproject.toml", draft)
        own = own_packages(root)
        for path in own:
            (draft / path).parent.mkdir(parents=True)
            shutil.copy(root / path, draft / path)
        options += [part for package in own.values() for part in ("--no-emit-package", package["project"]["name"])]
        shutil.copytree(root / "requirements", draft / "requirements")
        for lock in LOCKS:
            run([*compiler(draft), *options, *arguments(lock)], environment=environment)
            path = draft / "requirements" / lock.name
            head = f"# {lock.purpose}. Written by `make lock`: change pyproject.toml, not this.\n"
            head += f"# inputs-sha256: {checksum(root)}\n\n"
            path.write_text(head + path.read_text("utf-8"), "utf-8")
        if found := faults(draft):
            raise ToolError("\n".join(found))
        for lock in LOCKS:
            shutil.copyfile(draft / "requirements" / lock.name, root / "requirements" / lock.name)


def compiler(directory: Path) -> Command:
    """Return the command that resolves requirements for every platform, at work in ``directory``."""
    python = Path(sys.executable)
    uv: Command = [python.with_name("uv"), "--directory", directory, "pip", "compile", "--python", python]
    return [*uv, "--universal", "--generate-hashes", "--no-header", "--no-emit-index-url", "--quiet"]


def arguments(lock: Lock) -> list[str]:
    """Return the arguments that say what goes into a lock file and where it is written."""
    constraint = ["--constraint", f"requirements/{lock.constraint}"] if lock.constraint else []
    return [*lock.sources, *constraint, "--output-file", f"requirements/{lock.name}"]


def main() -> int:
    """Write or check the lock files, and return the exit status: 1 for a fault, 2 if writing failed."""
    parser = argparse.ArgumentParser(description="Pin every dependency by version and hash.")
    task = parser.add_mutually_exclusive_group()
    task.add_argument("--check", action="store_true", help="only look for faults; needs no network")
    task.add_argument("--upgrade", action="store_true", help="take the newest versions allowed")
    asked = parser.parse_args()
    if asked.check:
        found = faults(ROOT)
        say("\n".join([*found, "`make lock` rewrites them."]) if found else "The lock files are right.")
        return 1 if found else 0
    try:
        write(ROOT, upgrade=asked.upgrade)
    except ToolError as failed:
        say(f"{failed}\nThe lock files are left as they were.")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
