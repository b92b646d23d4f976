"""`versions.lock` notices every change of the history, blames what was changed, and says what to do."""

import subprocess
from pathlib import Path

import pytest
from sqlalchemy import MetaData, make_url

from schema_tools.errors import SchemaToolsError
from schema_tools.findings import Finding
from schema_tools.migrations import runner
from schema_tools.migrations.lock_file import check_lock, write_lock
from schema_tools.postgres.databases import RunningPostgres
from schema_tools.project import SchemaProject
from scratch_project import ScratchProject


@pytest.fixture
def scratch(tmp_path: Path) -> ScratchProject:
    """Four revisions, a to d, that are recorded."""
    scratch = ScratchProject.made(tmp_path / "project", RunningPostgres(make_url("postgresql://"), (0, 0)))
    for name in "abcd":
        scratch.revision(name, "pass")
    return scratch


@pytest.fixture
def project(scratch: ScratchProject) -> SchemaProject:
    return scratch.project(MetaData())


def file(scratch: ScratchProject, name: str) -> Path:
    return scratch.directory / "alembic" / "versions" / f"{name}.py"


def lock(scratch: ScratchProject) -> Path:
    return scratch.directory / "alembic" / "versions.lock"


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def follow(scratch: ScratchProject, name: str, parent: str) -> None:
    """Let the revision `name` follow another than it does."""
    lines = file(scratch, name).read_text().splitlines(keepends=True)
    changed = [f"down_revision = {parent!r}\n" if one.startswith("down_revision") else one for one in lines]
    file(scratch, name).write_text("".join(changed))


def new_file(scratch: ScratchProject, name: str, parent: str) -> None:
    """Write a revision that is not recorded."""
    text = file(scratch, "a").read_text().replace("revision = 'a'", f"revision = {name!r}")
    file(scratch, name).write_text(text.replace("down_revision = None", f"down_revision = {parent!r}"))


def the_finding(project: SchemaProject) -> Finding:
    (finding,) = check_lock(project)
    return finding


def test_the_lock_has_a_line_for_each_revision_and_is_found_right(
    scratch: ScratchProject, project: SchemaProject
) -> None:
    header, *lines = lock(scratch).read_text().splitlines()

    assert header.startswith("# ")
    assert "never edit" in header
    assert [line.split()[:2] for line in lines] == [["a", "-"], ["b", "a"], ["c", "b"], ["d", "c"]]
    assert len({line.split()[2] for line in lines}) == 4
    assert check_lock(project) == []


def test_a_checkout_with_other_line_ends_is_the_same(scratch: ScratchProject, project: SchemaProject) -> None:
    for path in (*(file(scratch, name) for name in "abcd"), lock(scratch)):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))

    assert check_lock(project) == []


def test_an_edited_revision_is_blamed_and_none_of_the_later(scratch: ScratchProject, project: SchemaProject) -> None:
    file(scratch, "b").write_text(file(scratch, "b").read_text() + "# harmless\n")

    finding = the_finding(project)

    assert (finding.rule, finding.place) == ("revision-edited", "alembic/versions/b.py")
    assert finding.message == "revision b was edited after versions.lock recorded it"
    assert "restore the file as git has it, and write a new revision" in finding.fix


def test_each_of_two_edited_revisions_is_blamed(scratch: ScratchProject, project: SchemaProject) -> None:
    for name in "bd":
        file(scratch, name).write_text(file(scratch, name).read_text() + "# harmless\n")

    assert [one.place for one in check_lock(project)] == ["alembic/versions/b.py", "alembic/versions/d.py"]


@pytest.mark.parametrize("relinked", [False, True])
def test_a_deleted_revision_is_blamed_even_if_its_child_was_relinked(
    scratch: ScratchProject, project: SchemaProject, *, relinked: bool
) -> None:
    file(scratch, "b").unlink()
    if relinked:
        follow(scratch, "c", "a")

    finding = the_finding(project)

    assert (finding.rule, finding.place) == ("revision-deleted", "alembic/versions.lock")
    assert finding.message == "revision b was deleted: versions.lock has it, and there is no file of it"
    assert "restore its file" in finding.fix


def test_revisions_that_changed_places_are_blamed_once(scratch: ScratchProject, project: SchemaProject) -> None:
    follow(scratch, "b", "c")
    follow(scratch, "c", "a")
    follow(scratch, "d", "b")

    finding = the_finding(project)

    assert (finding.rule, finding.place) == ("revision-reordered", "alembic/versions/b.py")
    assert finding.message == "revision b was moved: it followed a and now follows c"


def test_lines_that_changed_places_are_blamed(scratch: ScratchProject, project: SchemaProject) -> None:
    header, a, b, c, d = lock(scratch).read_text().splitlines(keepends=True)
    lock(scratch).write_text(f"{header}{a}{c}{b}{d}")

    finding = the_finding(project)

    assert (finding.rule, finding.place) == ("lock-reordered", "alembic/versions.lock:3")
    assert finding.message == "the line of revision c stands before that of b, which it follows"
    assert finding.fix == "take versions.lock back as git has it"


def test_a_line_that_was_taken_out_is_missed(scratch: ScratchProject, project: SchemaProject) -> None:
    header, a, _b, c, d = lock(scratch).read_text().splitlines(keepends=True)
    lock(scratch).write_text(f"{header}{a}{c}{d}")

    assert {one.rule for one in check_lock(project)} >= {"lock-reordered"}
    with pytest.raises(SchemaToolsError):
        write_lock(project)


def test_an_inserted_revision_is_blamed_and_not_the_one_it_was_put_before(
    scratch: ScratchProject, project: SchemaProject
) -> None:
    new_file(scratch, "x", "b")
    follow(scratch, "c", "x")

    finding = the_finding(project)

    assert (finding.rule, finding.place) == ("revision-inserted", "alembic/versions/x.py")
    assert finding.message == "revision x was inserted before c, which versions.lock had already"
    assert "let x follow the last revision" in finding.fix


def test_a_new_revision_is_recorded_on_demand(scratch: ScratchProject, project: SchemaProject) -> None:
    before = lock(scratch).read_text()
    new_file(scratch, "e", "d")

    finding = the_finding(project)
    assert (finding.rule, finding.place) == ("revision-not-locked", "alembic/versions/e.py")
    assert finding.fix == "record it with the command `lock`"

    assert write_lock(project) == ["e"]
    assert lock(scratch).read_text().startswith(before)
    assert check_lock(project) == []
    assert write_lock(project) == []


def test_a_revision_after_nothing_is_named(scratch: ScratchProject, project: SchemaProject) -> None:
    new_file(scratch, "e", "nowhere")

    assert the_finding(project).message == "revision e follows nowhere, which is not among the migrations"
    with pytest.raises(SchemaToolsError, match="follows nowhere"):
        write_lock(project)


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        ("", 1, "does not begin with the comment"),
        ("a - {}\n", 1, "does not begin with the comment"),
        ("# Lock.\na -\n", 2, "a line is a revision, its parents and a checksum"),
        ("# Lock.\n<<<<<<< HEAD\n", 2, "a merge left a conflict in it"),
        ("# Lock.\na - {0}\na - {0}\n", 3, "revision a is in it twice"),
    ],
)
def test_a_malformed_lock_is_said_to_be_so(
    scratch: ScratchProject, project: SchemaProject, content: str, line: int, what: str
) -> None:
    lock(scratch).write_text(content.format("0" * 64))

    finding = the_finding(project)

    assert (finding.rule, finding.place) == ("lock-malformed", f"alembic/versions.lock:{line}")
    assert what in finding.message
    with pytest.raises(SchemaToolsError, match="cannot be read"):
        write_lock(project, "a")


def test_a_missing_lock_is_made_by_the_command_that_is_named(scratch: ScratchProject, project: SchemaProject) -> None:
    before = lock(scratch).read_bytes()
    lock(scratch).unlink()

    finding = the_finding(project)
    assert finding.rule == "lock-missing"
    assert "`lock`" in finding.fix

    assert write_lock(project) == list("abcd")
    assert lock(scratch).read_bytes() == before


def test_a_project_without_revisions_has_nothing_to_lock(tmp_path: Path) -> None:
    empty = ScratchProject.made(tmp_path / "empty", RunningPostgres(make_url("postgresql://"), (0, 0)))

    assert check_lock(empty.project(MetaData())) == []


def test_what_the_lock_knows_differently_is_recorded_only_by_name(
    scratch: ScratchProject, project: SchemaProject
) -> None:
    before = lock(scratch).read_text().splitlines()
    file(scratch, "c").write_text(file(scratch, "c").read_text() + "# fixed\n")

    for again in ([], ["d"]):
        with pytest.raises(SchemaToolsError, match=r"revision c was edited .* `lock --again c`"):
            write_lock(project, again)
    with pytest.raises(SchemaToolsError, match="revision nowhere is neither among the migrations nor in"):
        write_lock(project, ["c", "nowhere"])
    assert lock(scratch).read_text().splitlines() == before

    assert write_lock(project, ["c"]) == ["c", "d"]
    assert check_lock(project) == []
    after = lock(scratch).read_text().splitlines()
    assert after[:3] == before[:3]
    assert after[3:] != before[3:]


def test_a_deleted_revision_that_nobody_had_is_forgotten_by_name(
    scratch: ScratchProject, project: SchemaProject
) -> None:
    file(scratch, "d").unlink()

    assert write_lock(project, ["d"]) == []
    assert check_lock(project) == []


def test_a_revision_that_was_inserted_on_purpose_is_recorded_by_name(
    scratch: ScratchProject, project: SchemaProject
) -> None:
    new_file(scratch, "x", "b")
    follow(scratch, "c", "x")

    assert write_lock(project, ["x"]) == ["x", "c", "d"]
    assert check_lock(project) == []


def test_nothing_is_run_when_the_history_changed(
    scratch: ScratchProject, project: SchemaProject, tmp_path: Path
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/service.db"
    file(scratch, "b").write_text(file(scratch, "b").read_text() + "# harmless\n")

    for step in (runner.upgrade, runner.downgrade):
        with pytest.raises(SchemaToolsError, match=r"^nothing was run: alembic/versions/b\.py: revision b was edited"):
            step(project, url)
    assert not (tmp_path / "service.db").exists()

    assert len(runner.upgrade(project, url, locked=False)) == 4


def test_two_files_of_one_revision_and_a_circle_are_refused(scratch: ScratchProject, project: SchemaProject) -> None:
    (file(scratch, "a").parent / "z.py").write_bytes(file(scratch, "a").read_bytes())
    with pytest.raises(SchemaToolsError, match=r"^a\.py and z\.py are both revision a$"):
        check_lock(project)

    (file(scratch, "a").parent / "z.py").unlink()
    follow(scratch, "a", "d")
    with pytest.raises(SchemaToolsError, match="follow each other in a circle"):
        check_lock(project)


def git(directory: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = ["git", "-c", "user.name=Somebody", "-c", "user.email=user@example.com", "-c", "init.defaultBranch=main"]
    return subprocess.run([*command, *arguments], cwd=directory, capture_output=True, text=True, check=False)


def test_two_branches_that_both_add_a_revision_conflict_in_git_and_are_told_how_to_go_on(
    scratch: ScratchProject, project: SchemaProject
) -> None:
    git(scratch.directory, "init", "-q")
    git(scratch.directory, "add", ".")
    assert git(scratch.directory, "commit", "-qm", "four revisions").returncode == 0
    for branch, name in (("main", "ours"), ("other", "theirs")):
        git(scratch.directory, "checkout", "-q", *(["-b", branch, "HEAD~1"] if branch == "other" else [branch]))
        scratch.revision(name, "pass")
        git(scratch.directory, "add", ".")
        assert git(scratch.directory, "commit", "-qm", name).returncode == 0

    merge = git(scratch.directory, "merge", "main")

    assert merge.returncode == 1
    assert "CONFLICT (content): Merge conflict in alembic/versions.lock" in merge.stdout
    assert git(scratch.directory, "diff", "--name-only", "--diff-filter=U").stdout == "alembic/versions.lock\n"
    conflict = the_finding(project)
    assert (conflict.rule, conflict.place) == ("lock-malformed", "alembic/versions.lock:6")
    assert "keep the lines of both sides" in conflict.fix

    both = [line for line in lock(scratch).read_text().splitlines(keepends=True) if line[:7] not in MARKERS]
    lock(scratch).write_text("".join(both))
    two = the_finding(project)
    assert two.rule == "several-heads"
    assert two.message == "the history has 2 ends, ours and theirs, so that none is the newest revision"
    assert "make ours the down_revision of theirs, then `lock --again theirs`" in two.fix

    follow(scratch, "theirs", "ours")
    assert write_lock(project, ["theirs"]) == ["theirs"]
    assert check_lock(project) == []


MARKERS = {"<<<<<<<", "=======", ">>>>>>>"}
