"""`gemini-nb generate`: a picture where it is wanted, pipes, and words that stream before the path."""

from __future__ import annotations

import json
import signal
import subprocess
from hashlib import sha256
from pathlib import Path

from support.clients import PICTURE
from support.command_line import WAIT_SECONDS, command, environment, generate, run_in_bash
from support.faults import FaultServer
from support.gateway import Answer, Gateway
from support.images import png
from support.streams import Steps, picture, stream, words
from support.terminals import on_a_terminal


def test_a_picture_is_saved_and_its_path_is_all_that_stdout_gets(gateway, tmp_path):
    done = generate("-m", "nano-banana-2", "-a", "1:1", "-z", "2K", url=gateway.url)
    assert (done.returncode, done.stdout) == (0, "a.png\n")
    assert (tmp_path / "a.png").read_bytes() == png(6, 6)
    assert "PNG · 6 × 6" in done.stderr
    assert "Asking" not in done.stderr
    assert "\x1b" not in done.stderr
    sent = gateway.requests[0]
    assert sent.path.endswith("gemini-3.1-flash-image-preview:generateContent")
    assert sent.json["generationConfig"]["imageConfig"] == {"aspectRatio": "1:1", "imageSize": "2K"}


def test_json_says_what_came(gateway):
    facts = json.loads(generate("--json", url=gateway.url).stdout)
    assert facts["path"] == "a.png"
    assert facts["sha256"] == sha256(png(6, 6)).hexdigest()
    assert (facts["provider"], facts["replayed"], facts["estimated_cost"]) == ("crazyrouter", False, 0.067)


def test_a_store_is_used_where_one_is_named_and_only_there(gateway, tmp_path):
    generate(output="1.png", url=gateway.url)
    assert not (tmp_path / ".gemini_nb").exists()
    generate("--store", "kept", output="2.png", url=gateway.url)
    again = generate("--json", output="3.png", url=gateway.url, GEMINI_NB_STORE="kept")
    assert gateway.posts == 2
    assert json.loads(again.stdout)["replayed"] is True
    assert json.loads(again.stdout)["estimated_cost"] == 0.0


def test_replay_only_asks_nobody(gateway, tmp_path):
    for done in (
        generate("--store", "kept", "--replay", "only", url=gateway.url),
        generate("--store", "kept", url=gateway.url, GEMINI_NB_REPLAY="only"),
    ):
        assert done.returncode == 1
        assert "nothing to replay" in done.stderr
    assert gateway.posts == 0


def test_an_existing_file_is_refused_before_anything_is_paid_for(gateway, tmp_path):
    (tmp_path / "a.png").write_text("mine")
    assert generate(url=gateway.url).returncode == 1
    assert gateway.posts == 0


def test_a_failure_is_one_message_on_stderr_and_1():
    with Gateway(Answer({"error": {"message": "no such model"}}, status=404)) as gateway:
        done = generate(url=gateway.url)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("gemini-nb: ")
    assert "no such model" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_warning_is_a_line_and_no_file_name(gateway):
    done = generate("-m", "gemini-99-image", url=gateway.url)
    assert "gemini-nb: The model 'gemini-99-image' is not in the catalogue" in done.stderr
    assert ".py:" not in done.stderr


def test_promise_2_a_picture_that_cannot_be_saved_is_kept_where_the_message_says(gateway, tmp_path):
    (tmp_path / "file").write_text("mine")
    done = generate(output="file/a.png", url=gateway.url)
    assert done.returncode == 1
    kept = Path(done.stderr.partition("The picture is kept in ")[2].strip())
    assert kept.read_bytes() == png(6, 6)


def test_a_prompt_is_read_from_stdin_and_the_bytes_are_written_to_stdout(gateway):
    done = run_in_bash("{}", "-", "-o", "-", url=gateway.url, words=" a cat\n")
    assert (done.returncode, done.stdout) == (0, png(6, 6))
    assert gateway.requests[0].json["contents"][0]["parts"][0]["text"] == "a cat"


def test_a_prompt_from_a_stdin_that_is_closed_is_said(gateway):
    done = run_in_bash("{} <&-", "-", "-o", "a.png", url=gateway.url)
    assert (done.returncode, gateway.posts) == (1, 0)
    assert b"but stdin is closed" in done.stderr


def test_a_picture_that_nobody_reads_is_kept(gateway):
    done = run_in_bash("{} | true; exit ${{PIPESTATUS[0]}}", "a", "-o", "-", url=gateway.url)
    assert done.returncode == 1
    kept = Path(done.stderr.decode().partition("The picture is kept in ")[2].strip())
    assert kept.read_bytes() == png(6, 6)


def test_bytes_and_json_are_not_mixed(gateway):
    done = generate("--json", output="-", url=gateway.url)
    assert (done.returncode, done.stdout, gateway.posts) == (1, "", 0)


def test_on_a_terminal_a_line_tells_that_it_waits_and_is_erased(gateway):
    asked = command("generate", "a red square", "-o", "a.png")
    written, code = on_a_terminal(asked, env=environment(gateway.url))
    waiting, erased, rest = written.rpartition("\r\x1b[K")
    assert code == 0
    assert "Asking crazyrouter for gemini-3.1-flash-image-preview · 0 s" in waiting
    assert erased
    assert rest.startswith("PNG · 6 × 6")


def test_a_pictures_bytes_are_not_written_to_a_terminal_nor_paid_for(gateway):
    asked = command("generate", "a", "-o", "-")
    written, code = on_a_terminal(asked, env=environment(gateway.url), stdout="terminal")
    assert (code, gateway.posts) == (1, 0)
    assert "not written to a terminal" in written


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
