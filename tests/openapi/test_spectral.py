"""Spectral reads the document, with the rules of OpenAPI and those of OWASP."""

import copy
import re
from pathlib import Path
from typing import Any

from openapi.spectral import lint

HERE = Path(__file__).parent


def test_spectral_finds_nothing(document: dict[str, Any]) -> None:
    # Planted beside each other, so that one run of several seconds shows both that it is clean and that it looks.
    planted = copy.deepcopy(document)
    planted["paths"]["/planted"] = {"get": {"responses": {"200": {"description": "A defect."}}}}
    found = lint(planted)
    assert any("paths//planted/get" in finding for finding in found)
    assert [finding for finding in found if "planted" not in finding] == []


def test_the_lock_of_spectral_names_no_registry() -> None:
    lock = (HERE / "package-lock.json").read_text("utf-8")
    assert '"integrity"' in lock
    assert '"resolved"' not in lock
    # Pages of people who ask for support.
    pages = {"feross.org", "github.com", "opencollective.com", "www.patreon.com"}
    assert set(re.findall(r"https?://([\w.-]+)", lock)) <= pages
