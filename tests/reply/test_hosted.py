"""Hosted pictures of a reply, from its links to the pictures or the error."""

from __future__ import annotations

import gzip
import threading

import pytest

from gemini_nb.errors import ArgumentError, LinkFailedError
from support.clients import PICTURE, client_of, error_from
from support.gateway import NOT_FOUND, Answer, Gateway
from support.images import png
from support.replies import reply

PAUSES = "gemini_nb.http.link_fetch.PAUSES_SECONDS"
PATHS = [f"/{number}.png" for number in range(10)]
FOUND = Answer(PICTURE, headers={"Content-Type": "image/png"})


def linking(*targets: str) -> Gateway:
    """Return a gateway whose reply links to these of its files."""
    gateway = Gateway(lambda _: Answer(reply(" ".join(f"![x]({gateway.url}{target})" for target in targets))))
    return gateway


def test_ten_links_of_a_reply_are_fetched_at_once_and_keep_their_order():
    all_are_asked_for = threading.Barrier(len(PATHS))

    def picture(request):
        all_are_asked_for.wait(60)
        return Answer(png(width=int(request.path[1:-4]) + 1))

    with linking(*PATHS) as gateway, client_of(gateway.url) as client:
        gateway.files = dict.fromkeys(PATHS, picture)
        made = client.generate("ten squares")
    assert [image.width for image in made.images] == list(range(1, 11))


def test_the_pictures_that_come_are_the_result_and_the_others_are_notes(monkeypatch):
    monkeypatch.setattr(PAUSES, ())
    with linking(*PATHS[:3]) as gateway, client_of(gateway.url) as client:
        gateway.files = {PATHS[0]: FOUND, PATHS[2]: (b"<html>", "text/html")}
        made = client.generate("three squares")
    assert [image.data for image in made.images] == [PICTURE]
    assert "answered 404" in made.notes[0]
    assert len(made.notes) == 2


def test_promise_2_a_hosted_picture_that_is_not_there_yet_is_asked_for_again(monkeypatch):
    monkeypatch.setattr(PAUSES, (0.01, 0.01, 0.01))
    answers = iter([NOT_FOUND, Answer(status=425), Answer(status=502), FOUND])
    with linking("/a.png") as gateway, client_of(gateway.url) as client:
        gateway.files["/a.png"] = lambda _: next(answers)
        assert client.generate("a red square").image.data == PICTURE
        assert (gateway.posts, gateway.gets) == (1, 4)


def test_promise_2_a_picture_that_never_comes_leaves_its_link_in_the_error(monkeypatch):
    monkeypatch.setattr(PAUSES, (0.01,))
    with linking("/a.png") as gateway:
        error = error_from(gateway.url)
        assert (gateway.posts, gateway.gets) == (1, 2)
        assert (type(error), error.url) == (LinkFailedError, f"{gateway.url}/a.png")
    assert b"/a.png" in error.raw_path.read_bytes()


def test_an_input_picture_that_is_not_there_is_asked_for_once():
    with linking() as gateway, client_of(gateway.url) as client:
        with pytest.raises(ArgumentError, match="answered 404"):
            client.generate("more of it", images=[f"{gateway.url}/a.png"])
        assert (gateway.posts, gateway.gets) == (0, 1)


def test_promise_2_a_hosted_picture_is_unpacked():
    with linking("/a.png") as gateway, client_of(gateway.url) as client:
        gateway.files["/a.png"] = Answer(gzip.compress(PICTURE), headers={"Content-Encoding": "gzip"})
        assert client.generate("a red square").image.data == PICTURE


@pytest.mark.parametrize("coding", ["br", "zstd"])
def test_promise_2_a_hosted_picture_that_cannot_be_unpacked_is_kept_as_it_came(coding):
    with linking("/a.png") as gateway:
        gateway.files["/a.png"] = Answer(b"\x1b packed" * 9, headers={"Content-Encoding": coding})
        error = error_from(gateway.url)
    assert type(error) is LinkFailedError
    assert error.raw_path.read_bytes() == b"\x1b packed" * 9
    assert error.received == b""
    assert f"compressed with {coding}" in str(error)
    assert len(str(error).splitlines()) == 3


MEANT = {
    "/my cat.png": "/my%20cat.png",
    "/my\\_cat.png": "/my_cat.png",
    "/cat \\(1\\).png": "/cat%20(1).png",
}


@pytest.mark.parametrize("written", MEANT)
def test_promise_2_a_link_leads_to_the_address_that_was_meant(written):
    with linking(written) as gateway, client_of(gateway.url) as client:
        gateway.files[MEANT[written]] = FOUND
        assert client.generate("a red square").image.data == PICTURE
