"""Runs Spectral, a linter of OpenAPI documents."""

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from node_packages import installed, run_node

_HERE: Final = Path(__file__).parent
_SEVERITIES: Final = ("error", "warning", "information", "hint")


def lint(document: Mapping[str, Any]) -> list[str]:
    """What Spectral finds in the document, as sentences with the severity and the place."""
    installation = installed(_HERE, "spectral")
    # Below the installation, where the ruleset finds what it extends.
    with tempfile.TemporaryDirectory(dir=installation) as name:
        directory = Path(name)
        shutil.copy(_HERE / ".spectral.yaml", directory)
        (directory / "openapi.json").write_text(json.dumps(document), encoding="utf-8")
        spectral = installation / "node_modules" / "@stoplight" / "spectral-cli" / "dist" / "index.js"
        done = run_node(spectral, "lint", "openapi.json", "--format=json", "--quiet", cwd=directory)
    assert done.returncode in {0, 1}, done.stderr
    return [
        f"{_SEVERITIES[one['severity']]} {one['code']}: {one['message']} ({'/'.join(map(str, one['path']))})"
        for one in json.loads(done.stdout)
    ]
