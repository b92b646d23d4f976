"""What no file of the repository may name: a place to download packages from, and a path on somebody's machine."""

import re

import pytest

from architecture.sources import ROOT, project_files

FORBIDDEN = {
    "a package index": re.compile(
        r"pypi\.(org|io|python)|python[h]osted|npm[j]s|anaconda\.(org|com)"
        r"|(registry|pypi|devpi|nexus|artifactory)(\.[\w-]+)*\.(com|org|net|io|dev)\b",
        re.IGNORECASE,
    ),
    "a path on a machine": re.compile(r"(?<![\w.~}-])/(work|root|home)(?=[/\s\"'`:,;)]|$)", re.MULTILINE),
}


def findings(text: str) -> list[str]:
    """What the text names that it may not."""
    return [f"{kind}: {match[0]}" for kind, pattern in FORBIDDEN.items() for match in pattern.finditer(text)]


def test_no_file_names_a_package_index_or_a_path_on_a_machine() -> None:
    files = project_files()
    assert {ROOT / "pyproject.toml", ROOT / "src/domain/users/errors.py"} <= set(files)
    texts = {str(file.relative_to(ROOT)): file.read_bytes().decode("utf-8", "replace") for file in files}
    assert {name: found for name, text in texts.items() if (found := findings(text))} == {}


def test_the_lock_files_name_no_address_at_all() -> None:
    locks = list((ROOT / "requirements").glob("*.lock"))
    assert locks
    assert [file.name for file in locks if "://" in file.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize(
    "text",
    ["https://py{}pi.org/simple", "devpi.in{}house.example.com", "files.python{}hosted.org", "https://{}registry.npm{}js.org",
     "cd /wo{}rk/main", "'/ro{}ot'", "/ho{}me/ada/x"],
)  # fmt: skip
def test_such_a_name_would_be_noticed(text: str) -> None:
    assert findings(text.replace("{}", ""))


@pytest.mark.parametrize(
    "text", ["https://example.com/home", "src/work/x", "../home", "/workers", "~/work", "registry.map_imperatively"]
)
def test_another_name_is_let_through(text: str) -> None:
    assert findings(text) == []
