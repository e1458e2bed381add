"""`gemini-nb generate --stream`: words as they come, then the path."""

from __future__ import annotations

import json
import signal
import subprocess

from cli.test_main import WAIT_SECONDS, command, environment, generate
from support.clients import PICTURE
from support.faults import FaultServer
from support.gateway import Answer, Gateway
from support.streams import Steps, picture, stream, words


def running(url, *arguments):
    return subprocess.Popen(
        command("generate", "a red square", "-o", "a.png", "--stream", *arguments),
        env=environment(url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def test_words_come_before_the_server_has_sent_the_rest(tmp_path):
    steps = Steps(words("Here "), words("is it."), picture())
    with FaultServer(steps) as server, running(server.url) as child:
        assert child.stdout.read(4) == "Here"
        steps.go()
        assert child.stdout.read(3) == " is"
        steps.go()
        out, _ = child.communicate(timeout=WAIT_SECONDS)
    assert out == " it.\na.png\n"
    assert (tmp_path / "a.png").read_bytes() == PICTURE


def test_words_are_asked_for():
    with Gateway(Answer(stream())) as gateway:
        generate("--stream", url=gateway.url)
    (request,) = gateway.requests
    assert request.json["generationConfig"]["responseModalities"] == ["TEXT", "IMAGE"]


def test_what_would_steer_a_terminal_is_not_printed():
    with Gateway(Answer(stream("\x1b[2J\x07cleared "))) as gateway:
        assert generate("--stream", url=gateway.url).stdout == "�[2J�cleared\na.png\n"


def test_without_words_there_is_the_path_alone():
    with Gateway(Answer(picture())) as gateway:
        assert generate("--stream", url=gateway.url).stdout == "a.png\n"


def test_with_json_the_words_go_to_stderr():
    with Gateway(Answer(stream())) as gateway:
        done = generate("--stream", "--json", url=gateway.url)
    assert json.loads(done.stdout)["path"] == "a.png"
    assert done.stderr.startswith("Here is a red square.\n")


def test_a_reader_that_leaves_costs_no_picture(tmp_path):
    steps = Steps(words("Here "), words("is it."), picture())
    with FaultServer(steps) as server, running(server.url) as child:
        assert child.stdout.read(4) == "Here"
        child.stdout.close()
        steps.go()
        steps.go()
        child.wait(WAIT_SECONDS)
        child.stderr.close()
    assert (tmp_path / "a.png").read_bytes() == PICTURE


def test_an_interrupt_closes_the_stream():
    steps = Steps(words("Here "), lambda visit: visit.pause())
    with FaultServer(steps) as server, running(server.url) as child:
        assert child.stdout.read(4) == "Here"
        steps.go()
        child.send_signal(signal.SIGINT)
        assert server.wait_for_disconnects(1)
        child.communicate(timeout=WAIT_SECONDS)
    assert child.returncode == 130
