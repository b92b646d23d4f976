"""Fetch the poolers that the tests of faults need: ``python scripts/poolers.py``, on Debian, with apt.

They are pgbouncer 1.18, as Debian 12 has it, which keeps no prepared statements, and 1.24, as Debian 13 has it. Both
go into ``.cache/poolers``, each as a program ``pgbouncer-1.18`` or ``pgbouncer-1.24`` beside the directory of its own
libraries and loader, so that one machine runs both. Nothing is installed, and root is not needed. The packages come
from where apt is set up to take Debian's packages from, and its keys check them.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / ".cache" / "poolers"
RELEASES = {"bookworm": "1.18", "trixie": "1.24"}
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
ONLY_DEPENDS = [f"--no-{kind}" for kind in ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")]
# The loader of a release's own libc, and where a release has its programs and libraries.
WRAPPER = """#!/bin/sh
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)/{suite}
libraries=
for one in "$here"/lib/*-linux-gnu "$here"/usr/lib/*-linux-gnu; do
    [ -d "$one" ] && libraries="$libraries${{libraries:+:}}$one"
done
for loader in "$here"/lib*/ld-linux-*.so.* "$here"/usr/lib*/ld-linux-*.so.*; do [ -f "$loader" ] && break; done
exec "$loader" --library-path "$libraries" "$here/usr/sbin/pgbouncer" "$@"
"""


class CannotFetch(Exception):
    """What keeps the poolers from being fetched."""


def debian_address() -> str:
    """Where apt takes Debian's own packages from."""
    found = _output("apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)", "Created-By: Packages")
    for line in found.splitlines():
        label, _, address = line.partition(" ")
        if label == "Debian":
            return address
    raise CannotFetch("apt knows no place with Debian's packages; this runs on Debian, after `apt-get update`")


class Suite:
    """A release of Debian beside the one that is installed: lists and packages of apt's in a directory of its own."""

    def __init__(self, name: str, address: str, directory: Path) -> None:
        self._directory = directory
        for path in ("state/lists/partial", "cache/archives/partial", "sources"):
            (directory / path).mkdir(parents=True)
        (directory / "state/status").touch()
        (directory / "sources/debian.sources").write_text(
            f"Types: deb\nURIs: {address}\nSuites: {name}\nComponents: main\nSigned-By: {KEYRING}\n"
        )
        configuration = directory / "apt.conf"
        configuration.write_text(
            f'Dir::State "{directory}/state";\nDir::State::status "{directory}/state/status";\n'
            f'Dir::Cache "{directory}/cache";\nDir::Etc::SourceList "/dev/null";\n'
            f'Dir::Etc::SourceParts "{directory}/sources";\nAPT::Sandbox::User "";\n'
        )
        self._environment = os.environ | {"APT_CONFIG": str(configuration), "LC_ALL": "C"}

    def fetch(self, place: Path) -> None:
        """Unpack pgbouncer, and each library that it needs, into `place`."""
        self._run("apt-get", "update", "-qq")
        depends = re.search(r"^Depends: (.*)$", self._run("apt-cache", "show", "pgbouncer"), re.MULTILINE)
        libraries = re.findall(r"(?:^|, )(lib[\w.+-]+)", depends[1] if depends else "")
        closure = self._run("apt-cache", "depends", "--recurse", *ONLY_DEPENDS, *libraries)
        # Its scripts need other packages, too; the program loads libraries and nothing else.
        names = {line.strip() for line in closure.splitlines() if line.startswith("lib")}
        self._run("apt-get", "download", "-qq", "pgbouncer", *sorted(names))
        for package in self._directory.glob("*.deb"):
            self._run("dpkg-deb", "--extract", str(package), str(place))

    def _run(self, *command: str) -> str:
        return _output(*command, cwd=self._directory, environment=self._environment)


def _output(*command: str, cwd: Path | None = None, environment: dict[str, str] | None = None) -> str:
    try:
        done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise CannotFetch(f"there is no {command[0]} here: this runs on Debian and what derives from it") from None
    except subprocess.CalledProcessError as error:
        raise CannotFetch(f"{' '.join(command[:2])} failed: {error.stderr.strip() or error.stdout.strip()}") from None
    return done.stdout


def fetch(suite: str, version: str) -> str:
    """Make the program `pgbouncer-<version>`, and return the version that it says it is."""
    program = PLACE / f"pgbouncer-{version}"
    if not program.exists():
        with TemporaryDirectory(prefix="poolers-") as directory:
            shutil.rmtree(PLACE / suite, ignore_errors=True)
            (PLACE / suite).mkdir(parents=True)
            Suite(suite, debian_address(), Path(directory)).fetch(PLACE / suite)
        program.write_text(WRAPPER.format(suite=suite))
        program.chmod(0o755)
    try:
        said = _output(str(program), "--version").partition("\n")[0]
    except CannotFetch:
        program.unlink()
        raise
    if version not in said:
        program.unlink()
        raise CannotFetch(f"{suite} has {said}, and not {version}")
    return said


def main() -> int:
    """Fetch both; the exit status is 1 where that is not possible."""
    try:
        for suite, version in RELEASES.items():
            print(f"{PLACE.relative_to(ROOT) / f'pgbouncer-{version}'}: {fetch(suite, version)}", flush=True)
    except (CannotFetch, OSError) as error:
        print(f"The poolers cannot be fetched: {error}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
