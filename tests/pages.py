"""Pages that tell a reader to create and edit files: follows their steps in a copy of the project."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

STEP: Final = re.compile(
    r"^(?:Create `(?P<new>[^`]+)`"
    r"|In `(?P<file>[^`]+)`, (?P<how>above|below|replace) `(?P<anchor>[^`]+)`(?: of `(?P<of>[^`]+)`)?,?"
    r" (?:add|with)"
    r"|At the end of `(?P<whole>[^`]+)`, add):\n\n"
    r"```python\n(?P<code>.*?)^```",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Followed:
    """The files that the steps of a page created and edited, as paths within the project."""

    created: list[str]
    edited: list[str]

    def within(self, directory: str) -> "Followed":
        """Those in this directory."""
        return Followed(
            [name for name in self.created if name.startswith(f"{directory}/")],
            [name for name in self.edited if name.startswith(f"{directory}/")],
        )


def follow(page: str, copy: Path) -> Followed:
    """Do to the files of the copy what the page says.

    Raises:
        AssertionError: a piece of code belongs to no step, or a step cannot be taken as it is written.
    """
    steps = list(STEP.finditer(page))
    assert len(steps) == page.count("```python")
    for step in steps:
        if step["whole"]:
            with (copy / step["whole"]).open("a", encoding="utf-8") as file_to_extend:
                file_to_extend.write(step["code"])
        elif step["new"]:
            file = copy / step["new"]
            assert not file.exists(), f"{step['new']} is there already"
            file.parent.mkdir(exist_ok=True)
            file.write_text(step["code"], encoding="utf-8")
        else:
            _edit(copy / step["file"], step)
    return Followed(
        sorted({step["new"] for step in steps if step["new"]}),
        sorted({name for step in steps if (name := step["file"] or step["whole"])} - {step["new"] for step in steps}),
    )


def _edit(file: Path, step: re.Match[str]) -> None:
    text = file.read_text(encoding="utf-8")
    start = text.index(f"\n{step['of']}\n") if step["of"] else 0
    end = text.index("\n\n\n", start) if step["of"] else len(text)
    part = f"{text[start:end]}\n"
    anchor, code = step["anchor"], step["code"]
    whole = anchor if step["how"] == "replace" else f"\n{anchor}\n"
    assert part.count(whole) == 1, f"{file} has {part.count(whole)} times: {anchor}"
    new = {"above": f"\n{code}{anchor}\n", "below": f"\n{anchor}\n{code}", "replace": code.rstrip("\n")}[step["how"]]
    file.write_text(text[:start] + part.replace(whole, new)[:-1] + text[end:], encoding="utf-8")
