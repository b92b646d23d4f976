"""A checkout of git, made by a test."""

import os
import subprocess
from pathlib import Path

# Nothing of the developer's own configuration counts.
ENVIRONMENT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
IDENTITY = ("-c", "user.name=Tester", "-c", "user.email=tester@example.com", "-c", "init.defaultBranch=main")


def git(directory: Path, *arguments: str) -> str:
    """Run a command of git, and give what it writes."""
    done = subprocess.run(
        ["git", *IDENTITY, *arguments],
        cwd=directory,
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **ENVIRONMENT},
    )
    return done.stdout


def commit_all(directory: Path, message: str = "a change") -> None:
    """Commit whatever is there; the first time, in a new repository."""
    if not (directory / ".git").exists():
        git(directory, "init", "--quiet")
    git(directory, "add", "--all")
    git(directory, "commit", "--quiet", "--message", message)
