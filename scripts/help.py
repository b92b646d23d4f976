"""List the targets of the Makefile with what they say of themselves: ``python scripts/help.py``."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Print one line for each target that has a text after ``##``."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = re.findall(r"^([a-z][\w-]*):.*?## (.+)$", makefile, flags=re.MULTILINE)
    width = max(len(name) for name, _ in targets)
    print("make <target> [PYTHON=python3.13] [VENV=.venv]\n")
    for name, text in targets:
        print(f"  {name:<{width}}  {text}")


if __name__ == "__main__":
    main()
