"""Entity tags and `If-Match`: nobody overwrites what they have not seen."""

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx2

from e2e.answers import create, problem
from e2e.processes import PATIENCE, ServerProcess
from http_contract.talking import USERS


def tag_of(http: httpx2.Client, address: str) -> str:
    tag: str = http.get(address).headers["etag"]
    return tag


def test_a_tag_is_strong_and_another_for_each_user_and_each_version(http: httpx2.Client, ada: str) -> None:
    other = f"{USERS}/{create(http, 'b@example.com')['id']}"
    tags = [tag_of(http, ada), tag_of(http, other), http.patch(ada, json={"name": "Ada King"}).headers["etag"]]
    assert len(set(tags)) == 3
    assert all(tag[0] == tag[-1] == '"' for tag in tags)
    # Back to what it was is a version of its own, too: the tag is made of the time, not of the content.
    assert http.patch(ada, json={"name": "Ada Lovelace"}).headers["etag"] not in tags


def test_a_writer_who_saw_the_version_is_let_through(http: httpx2.Client) -> None:
    for form in ("{}", '"other", {}', "*"):
        address = f"{USERS}/{create(http)['id']}"
        patched = http.patch(address, json={"name": "B"}, headers={"If-Match": form.format(tag_of(http, address))})
        assert patched.status_code == 200, form
        deleted = http.delete(address, headers={"If-Match": form.format(patched.headers["etag"])})
        assert deleted.status_code == 204, form


def test_a_writer_who_saw_an_older_version_changes_nothing(http: httpx2.Client, ada: str) -> None:
    older = {"If-Match": tag_of(http, ada)}
    newer = http.patch(ada, json={"name": "Ada King"}).headers["etag"]
    problem(http.patch(ada, json={"name": "B"}, headers=older), 412, "precondition-failed")
    problem(http.delete(ada, headers=older), 412, "precondition-failed")
    assert tag_of(http, ada) == newer


def test_two_writers_with_one_tag_are_one_200_and_one_412(http: httpx2.Client, ada: str) -> None:
    if_match = {"If-Match": tag_of(http, ada)}
    both_are_there = threading.Barrier(2, timeout=PATIENCE)

    def rename(name: str) -> int:
        both_are_there.wait()
        return http.patch(ada, json={"name": name}, headers=if_match).status_code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(rename, ["B", "C"])) == [200, 412]


def test_a_tag_that_is_weak_or_not_of_this_user_matches_nothing(http: httpx2.Client, ada: str) -> None:
    foreign = tag_of(http, f"{USERS}/{create(http, 'b@example.com')['id']}")
    for tag in (f"W/{tag_of(http, ada)}", foreign, '"other"', 'W/"*"', '"ffffffff-ffffffffffffff"', '""'):
        problem(http.patch(ada, json={"name": "B"}, headers={"If-Match": tag}), 412, "precondition-failed")
        problem(http.delete(ada, headers={"If-Match": tag}), 412, "precondition-failed")


def test_a_reader_of_another_version_and_a_writer_of_a_new_one_are_412(http: httpx2.Client, ada: str) -> None:
    tag = tag_of(http, ada)
    assert http.get(ada, headers={"If-Match": tag}).status_code == 200
    problem(http.get(ada, headers={"If-Match": '"other"'}), 412, "precondition-failed")
    for unwanted in ("*", tag, f"W/{tag}"):
        problem(http.patch(ada, json={"name": "B"}, headers={"If-None-Match": unwanted}), 412, "precondition-failed")
        problem(http.delete(ada, headers={"If-None-Match": unwanted}), 412, "precondition-failed")
    assert http.delete(ada, headers={"If-None-Match": '"other"'}).status_code == 204


def test_a_tag_in_a_second_header_line_counts_too(http: httpx2.Client, ada: str) -> None:
    tag = tag_of(http, ada)
    assert http.get(ada, headers=[("If-None-Match", '"other"'), ("If-None-Match", tag)]).status_code == 304
    assert http.delete(ada, headers=[("If-Match", '"other"'), ("If-Match", tag)]).status_code == 204


def test_what_is_no_list_of_tags_is_malformed(http: httpx2.Client, ada: str) -> None:
    for garbage in ("x", '"', '"a" "b"', 'w/"a"', "*, *", '"a', "'a'", ";", '"a"x'):
        problem(http.get(ada, headers={"If-None-Match": garbage}), 400, "malformed-request")
        problem(http.patch(ada, json={"name": "B"}, headers={"If-Match": garbage}), 400, "malformed-request")
        problem(http.delete(ada, headers={"If-Match": garbage}), 400, "malformed-request")
    assert http.get(ada).status_code == 200


def test_a_precondition_on_nobody_is_404(http: httpx2.Client) -> None:
    for if_match in ("*", '"other"'):
        problem(http.delete(f"{USERS}/2147483647", headers={"If-Match": if_match}), 404, "not-found")


def test_a_setting_turns_a_missing_precondition_into_428(strict_server: ServerProcess) -> None:
    with strict_server.client() as http:
        address = f"{USERS}/{create(http)['id']}"
        problem(http.patch(address, json={"name": "B"}), 428, "precondition-required")
        problem(http.delete(address), 428, "precondition-required")
        if_match = {"If-Match": tag_of(http, address)}
        assert http.patch(address, json={"name": "B"}, headers=if_match).status_code == 200
        assert http.delete(address, headers={"If-Match": "*"}).status_code == 204


def test_preconditions_are_about_one_user(http: httpx2.Client) -> None:
    headers = {"If-None-Match": "*", "If-Match": '"none"'}
    user = {"email": "conditions@example.com", "name": "A"}
    assert http.post(USERS, json=user, headers=headers).status_code == 201
    assert http.get(USERS, headers={"If-Match": '"none"'}).status_code == 200
    assert http.get(f"{USERS}/export", headers=headers).status_code == 200
