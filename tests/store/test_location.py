"""The store beside the notebook is found from wherever that runs, before anything is paid for twice."""

from __future__ import annotations

import os
import warnings

import pytest

from gemini_nb import Client
from gemini_nb.errors import GeminiWarning, ReplayMissError
from gemini_nb.store import location
from gemini_nb.store.replay import Replay
from support.clients import client_of
from support.command_line import OK
from support.gateway import Gateway
from support.shells import a_shell

NAME = location.NAME
CELL = "%%gemini_image\na red house"


@pytest.fixture
def gateway():
    with Gateway(OK) as gateway:
        yield gateway


@pytest.fixture
def course(tmp_path):
    """A project with a folder for its notebook; the tests run in the project."""
    folder = tmp_path / "project" / "course"
    folder.mkdir(parents=True)
    os.chdir(folder.parent)
    return folder


def keep(gateway, folder):
    """Have a picture made in a folder, and begin to count anew."""
    with client_of(gateway.url, store=folder / NAME) as client:
        client.generate("a red house")
    assert gateway.posts == 1


TOLD = {
    "VS Code": lambda names, path: names.update(__vsc_ipynb_file__=str(path)),
    "papermill": lambda names, path: names.update(PAPERMILL_INPUT_PATH=os.path.relpath(path)),
    "a Jupyter server": lambda _names, path: os.environ.update(JPY_SESSION_NAME=str(path)),
}


@pytest.mark.parametrize("front_end", TOLD)
def test_the_store_beside_the_notebook_is_used_where_the_front_end_says_where_that_is(
    gateway, course, front_end, monkeypatch
):
    monkeypatch.setenv("JPY_SESSION_NAME", "")
    keep(gateway, course)
    os.chdir(course.parent.parent)  # two above: too far for the search around
    with a_shell(gateway.url) as shell:
        TOLD[front_end](shell.names, course / "lesson.ipynb")
        done = shell.run(CELL)
        shell.run("%%gemini_image\nanother")
        assert f"store {course / NAME} (2 records)" in shell.said("%gemini status")
    assert (gateway.posts, done.result.replayed) == (2, True)
    assert done.said.startswith(f"The store is {course / NAME}, beside the notebook.")


WRONG = [
    "",
    "console-1-7d1b",
    "/nonexistent/lesson.ipynb",
    "course/nothing/lesson.ipynb",
    "untitled:Untitled-1.ipynb",
]


@pytest.mark.parametrize("path", WRONG)
def test_a_path_that_leads_nowhere_leaves_the_current_folder(course, path, monkeypatch):
    if "\0" not in path:
        monkeypatch.setenv("JPY_SESSION_NAME", path)
    assert location.default_folder(names={"__vsc_ipynb_file__": path}) == course.parent / NAME
    assert location.default_folder(names={"__vsc_ipynb_file__": 5}) == course.parent / NAME


def test_nothing_is_said_where_the_store_is_in_the_current_folder(gateway, course, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", str(course / "lesson.ipynb"))
    os.chdir(course)
    with a_shell(gateway.url) as shell:
        assert "store" not in shell.printed(CELL)


def test_a_store_that_was_chosen_is_used_and_not_talked_of(gateway, course, monkeypatch, tmp_path):
    monkeypatch.setenv("JPY_SESSION_NAME", str(course / "lesson.ipynb"))
    monkeypatch.setenv("GEMINI_NB_STORE", str(tmp_path / "chosen"))
    with a_shell(gateway.url) as shell:
        assert "store" not in shell.printed(CELL)
    assert (tmp_path / "chosen" / "records").is_dir()


PLACES = {
    "just below": "course",
    "the parent": "..",
    "four above": "../../../..",
}


@pytest.mark.parametrize("place", PLACES)
def test_a_store_near_by_is_looked_into_before_anything_is_paid_for(gateway, course, place, tmp_path):
    here = tmp_path / "a" / "b" / "project" / "c"
    (here / "course").mkdir(parents=True)
    os.chdir(here)
    near = (here / PLACES[place]).resolve()
    keep(gateway, near)
    with a_shell(gateway.url) as shell:
        done = [shell.run(CELL) for _ in range(2)]
    assert gateway.posts == 1
    assert all(each.result.replayed for each in done)
    assert done[0].result.path.parent == near / NAME / "images"
    said = f"Replayed from the store {near / NAME}, since it is not in {here / NAME}."
    assert [said in each.said for each in done] == [True, False]
    assert not (here / NAME).exists()


def test_a_batch_a_dry_run_and_an_edit_find_it_too(gateway, course):
    keep(gateway, course)
    with client_of(gateway.url, store=True) as client:
        assert client.holds(client.request("a red house"))
        with pytest.warns(GeminiWarning, match="Replayed from"):
            made = client.generate_many(["a red house"], progress=False).generations[0]
        assert made.replayed
        client.chat(source=made).send("at night")
    assert [turn["role"] for turn in gateway.requests[-1].json["contents"]] == ["user", "model", "user"]
    assert (course.parent / NAME).is_dir()


def test_a_conversation_goes_on_from_turns_of_a_store_near_by(gateway, course):
    with client_of(gateway.url, store=course / NAME) as client:
        client.chat().send("a red house")
    with client_of(gateway.url, store=True) as client:
        chat = client.chat()
        with pytest.warns(GeminiWarning, match="Replayed from"):
            chat.send("a red house")
        chat.send("at night")
    assert [turn["role"] for turn in gateway.requests[-1].json["contents"]] == ["user", "model", "user"]
    assert gateway.posts == 2


FAR = {
    "two below": "course/week/one",
    "five above": "../../../../..",
    "beside": "../beside",
}


@pytest.mark.parametrize("place", FAR)
def test_no_store_further_off_is_looked_for(course, place, tmp_path):
    here = tmp_path / "1" / "2" / "3" / "4" / "5"
    for folder in (here, here / FAR[place] / NAME):
        folder.mkdir(parents=True, exist_ok=True)
    os.chdir(here)
    assert location.find_near(here / NAME) == []


def test_only_a_store_of_the_usual_name_has_stores_near_it(gateway, course):
    keep(gateway, course)
    with client_of(gateway.url, store="mine") as client:
        assert not client.generate("a red house").replayed
    assert gateway.posts == 2


def test_a_damaged_store_near_by_answers_nothing(gateway, course):
    keep(gateway, course)
    for picture in (course / NAME / "images").iterdir():
        picture.write_bytes(b"version https://git-lfs.github.com/spec/v1")
    with client_of(gateway.url, store=True) as client:
        assert not client.holds(client.request("a red house"))
        assert not client.generate("a red house").replayed


def test_another_request_is_not_answered_by_it(gateway, course):
    keep(gateway, course)
    with client_of(gateway.url, store=True, replay="only") as client, pytest.raises(ReplayMissError):
        client.generate("a red house", take=1)


def test_refresh_and_off_ask_for_it_again(gateway, course):
    keep(gateway, course)
    for mode in ("refresh", "off"):
        with client_of(gateway.url, store=True, replay=mode) as client:
            assert not client.generate("a red house").replayed


def test_a_warning_that_is_an_error_costs_no_picture(gateway, course):
    keep(gateway, course)
    with warnings.catch_warnings(), Client("offline", store=True) as client:
        warnings.simplefilter("error", GeminiWarning)
        assert client.generate("a red house").replayed


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give folders away")
def test_a_store_that_somebody_else_left_there_is_not_trusted(course, monkeypatch):
    for folder in (course / NAME, course.parent.parent / NAME):
        folder.mkdir()
        os.chown(folder, 4242, -1)
    assert len(location.find_near(course.parent / NAME)) == 2  # root reads everybody's
    monkeypatch.setattr(os, "geteuid", lambda: 4243)
    assert location.find_near(course.parent / NAME) == []


def test_folders_that_cannot_be_looked_at_are_passed_over(tmp_path):
    assert location.find_near(tmp_path / "gone" / NAME) == []
    assert location.find_near(tmp_path / ("x" * 300) / NAME) == []
    assert Replay(tmp_path / ("x" * 300) / NAME).find(Client("offline").request("x")) is None
