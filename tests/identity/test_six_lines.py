"""The lines of the README that protect the service, typed with a real provider."""

import re
from pathlib import Path

import httpx2

from identity.real_provider import RealProvider
from newcomer import ROOT, copy_project, newcomer

AUDIENCE = "https://users.example.com"


def lines() -> list[str]:
    [block] = re.findall(r"^```shell\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return str(block).splitlines()


def test_six_lines_of_the_readme_protect_the_service(tmp_path: Path) -> None:
    assert len(lines()) == 6
    copy = copy_project(tmp_path / "project")
    with RealProvider(tmp_path) as provider, newcomer(copy, "") as person:
        theirs = {
            "https://login.example.com": provider.issuer,
            "the-access-token-that-your-provider-issued": provider.access_token(AUDIENCE),
        }
        for line in lines():
            for example, value in theirs.items():
                line = line.replace(example, value)  # noqa: PLW2901 -- what a reader puts in
            person.type(line)
        users = f"http://127.0.0.1:{person.port}/api/v1/users"
        for_another = provider.access_token("https://other.example.com")
        assert httpx2.get(users).status_code == 401
        assert httpx2.get(users, headers={"Authorization": f"Bearer {for_another}"}).status_code == 401
        token = provider.access_token(AUDIENCE, "users:read")
        refused = httpx2.delete(f"{users}/1", headers={"Authorization": f"Bearer {token}"})
        assert (refused.status_code, "users:delete" in refused.text) == (403, True)
