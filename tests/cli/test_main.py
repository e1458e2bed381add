"""The command line as a program: what it prints where, and its exit codes."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from threading import Event

import pytest

from gemini_nb.cli.help import PAGES
from gemini_nb.cli.main import _parser, main
from gemini_nb.store.store import Store
from support.gateway import Answer, Gateway
from support.generations import answer
from support.images import png
from support.replies import inline, reply
from support.terminals import on_a_terminal

WAIT_SECONDS = 60
OK = Answer(reply(inline(png(6, 6))))


def command(*arguments):
    return [sys.executable, "-m", "gemini_nb", *map(str, arguments)]


def ran(*arguments, url=None, **variables):
    """The finished program: its exit code, stdout and stderr."""
    return subprocess.run(
        command(*arguments),
        env=environment(url, **variables),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=WAIT_SECONDS,
        check=False,
    )


def environment(url=None, **variables):
    served = {"GEMINI_NB_BASE_URL": url, "CRAZYROUTER_API_KEY": "a-key-of-tests"} if url else {}
    return {**os.environ, "PYTHONUTF8": "1", **served, **variables}


def generate(*arguments, output="a.png", **settings):
    return ran("generate", "a red square", "-o", output, *arguments, **settings)


@pytest.fixture
def gateway():
    with Gateway(OK) as gateway:
        yield gateway


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "kept")
    store.keep(answer("a « red » square\nin 日本"))
    return store


# --- generate


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


def test_a_second_picture_of_the_same_words_gets_another_name_in_a_folder(gateway, tmp_path):
    for _ in range(2):
        assert generate(output=tmp_path, url=gateway.url).returncode == 0
    assert sorted(path.name for path in tmp_path.glob("*.png")) == ["a-red-square-2.png", "a-red-square.png"]


def test_promise_2_a_picture_that_cannot_be_saved_is_kept_where_the_message_says(gateway, tmp_path):
    (tmp_path / "file").write_text("mine")
    done = generate(output="file/a.png", url=gateway.url)
    assert done.returncode == 1
    kept = Path(done.stderr.partition("It is kept in ")[2].strip())
    assert kept.read_bytes() == png(6, 6)


def test_a_key_that_is_missing_is_said_in_the_words_of_the_command_line():
    done = generate()
    assert done.returncode == 1
    assert "No API key is set for crazyrouter." in done.stderr
    assert "--provider offline" in done.stderr
    assert "provider=" not in done.stderr


# --- generate in a pipe


def piped(redirections, *arguments, url, words="a red square"):
    """The finished shell: the program between other streams than a terminal's."""
    line = " ".join(map(shlex.quote, command("generate", *arguments)))
    return subprocess.run(
        ["bash", "-c", redirections.format(line)],
        env=environment(url),
        input=words.encode(),
        capture_output=True,
        timeout=WAIT_SECONDS,
        check=False,
    )


def test_a_prompt_is_read_from_stdin_and_the_bytes_are_written_to_stdout(gateway):
    done = piped("{}", "-", "-o", "-", url=gateway.url, words=" a cat\n")
    assert (done.returncode, done.stdout) == (0, png(6, 6))
    assert gateway.requests[0].json["contents"][0]["parts"][0]["text"] == "a cat"


CLOSED = {"stdout": "{} >&-", "stderr": "{} 2>&-", "all of them": "{} <&- >&- 2>&-"}


@pytest.mark.parametrize("streams", CLOSED)
def test_a_stream_that_is_closed_is_no_failure(gateway, tmp_path, streams):
    done = piped(CLOSED[streams], "a", "-o", "a.png", url=gateway.url)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    assert (tmp_path / "a.png").read_bytes() == png(6, 6)


def test_a_prompt_from_a_stdin_that_is_closed_is_said(gateway):
    done = piped("{} <&-", "-", "-o", "a.png", url=gateway.url)
    assert (done.returncode, gateway.posts) == (1, 0)
    assert b"stdin, which is closed" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_stdout_that_is_full_is_said_and_1(gateway, tmp_path):
    done = piped("{} >/dev/full", "a", "-o", "a.png", url=gateway.url)
    assert done.returncode == 1
    assert b"the answer could not be written" in done.stderr
    assert b"Traceback" not in done.stderr
    assert (tmp_path / "a.png").exists()


COUNTED = """
import os, sys
from gemini_nb.cli.main import main
before = len(os.listdir("/dev/fd"))
main(sys.argv[1:])
print(len(os.listdir("/dev/fd")) - before, file=sys.stderr)
"""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_stdout_that_is_full_leaves_no_descriptor_open(tmp_path):
    command = [sys.executable, "-c", COUNTED, "store", "list", "--json", "--folder", str(tmp_path)]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, env=environment(), stdout=full, stderr=subprocess.PIPE, check=True)
    assert done.stderr.splitlines()[-1] == b"0"
    assert b"the answer could not be written" in done.stderr


def test_a_picture_that_nobody_reads_is_kept(gateway):
    done = piped("{} | true; exit ${{PIPESTATUS[0]}}", "a", "-o", "-", url=gateway.url)
    assert done.returncode == 1
    assert Path(done.stderr.decode().partition("It is kept in ")[2].strip()).read_bytes() == png(6, 6)


def test_bytes_and_json_are_not_mixed(gateway):
    done = generate("--json", output="-", url=gateway.url)
    assert (done.returncode, done.stdout, gateway.posts) == (1, "", 0)


# --- usage


USAGE = {
    "no command": [],
    "unknown command": ["paint"],
    "no output": ["generate", "a"],
    "store without an action": ["store"],
    "unknown format": ["probe", "--format", "xml"],
    "abbreviated option": ["--vers"],
    "abbreviated option of a command": ["generate", "a", "--out", "a.png"],
    "abbreviated option of an action": ["store", "clear", "--ye"],
    "no number for a port": ["serve", "--port", "x"],
}


@pytest.mark.parametrize("case", USAGE)
def test_wrong_usage_is_2(case):
    with pytest.raises(SystemExit) as left:
        main(USAGE[case])
    assert left.value.code == 2


@pytest.mark.parametrize(
    "words", [[], ["generate"], ["probe"], ["serve"], ["store"], ["store", "clear"], ["demo"]], ids=" ".join
)
def test_every_command_has_help(words, capsys):
    with pytest.raises(SystemExit) as left:
        main([*words, "--help"])
    assert left.value.code == 0
    assert f"usage: {' '.join(['gemini-nb', *words])}" in capsys.readouterr().out


@pytest.mark.parametrize("name", PAGES)
def test_the_help_tells_the_exit_codes(name):
    assert re.findall(r"^  (\d+) ", PAGES[name], re.MULTILINE) == ["0", "1", "2", "130"]


@pytest.mark.parametrize("name", PAGES)
def test_the_help_fits_a_terminal(name):
    wide = [line for line in PAGES[name].splitlines() if len(line) > 82]
    assert [line for line in wide if "gemini-nb " not in line] == []


EXAMPLE = re.compile(r"^  (.*gemini-nb .*)", re.MULTILINE)
EXAMPLES = [line for page in PAGES.values() for line in EXAMPLE.findall(page)]
SERVING = [line for line in EXAMPLES if "serve" in line and "--list-faults" not in line]
DEMOS = [line for line in EXAMPLES if line.startswith("gemini-nb demo")]  # run by test_readme


@pytest.mark.parametrize("line", SERVING + DEMOS)
def test_an_example_that_goes_on_or_takes_long_is_understood(line):
    assert _parser().parse_args(shlex.split(line)[1:]).command


def test_the_other_examples_run_one_after_the_other(tmp_path):
    for folder in (".gemini_nb", "course/.gemini_nb"):
        Store(tmp_path / folder).keep(answer("a red square"))
    lines = [line for line in EXAMPLES if line not in SERVING + DEMOS]
    program = shlex.join([sys.executable, "-m", "gemini_nb"])
    script = "\n".join([f'gemini-nb() {{ {program} "$@"; }}', *lines])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=3 * WAIT_SECONDS,
        check=False,
    )
    assert (len(lines), done.returncode) == (11, 0), done.stderr
    assert (tmp_path / "circles.jpg").read_bytes().startswith(b"\xff\xd8")


def test_an_interrupt_is_130_and_closes_the_connection():
    with Gateway(Answer(reply(inline(png())), hold=Event())) as gateway:
        child = subprocess.Popen(
            command("generate", "x", "-o", "a.png"),
            env=environment(gateway.url),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert gateway.wait_for_posts(1)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=WAIT_SECONDS)
        assert gateway.wait_for_disconnects(1)
    assert child.returncode == 130
    assert out == ""
    assert err.startswith("gemini-nb: interrupted.")
    assert "Traceback" not in err


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
    assert "not for a terminal" in written


# --- probe


def test_a_probe_says_its_cost_and_sends_nothing_until_told(gateway):
    before = ran("probe", url=gateway.url)
    assert (before.returncode, before.stdout, gateway.posts) == (0, "", 0)
    assert "$0.548" in before.stderr
    assert "Add --yes to send it." in before.stderr
    after = ran("probe", "--yes", "-m", "nano-banana-2", "--format", "json", url=gateway.url)
    assert [row["status"] for row in json.loads(after.stdout)] == [200]
    assert gateway.posts == 1


def test_an_offline_probe_costs_nothing_and_runs_at_once():
    done = ran("probe", "--provider", "offline", "-m", "nano-banana", "--format", "markdown")
    assert "| gemini-2.5-flash-image | 200 | data URI (PNG) |" in done.stdout
    assert "at no cost" in done.stderr


def test_a_locked_course_is_not_probed(gateway):
    done = ran("probe", "--yes", url=gateway.url, GEMINI_NB_REPLAY="only")
    assert (done.returncode, gateway.posts) == (1, 0)
    assert "locks" in done.stderr


def test_an_interrupted_probe_prints_what_was_found_until_then():
    held = Answer(reply(inline(png())), hold=Event())
    with Gateway(OK, held) as gateway:
        child = subprocess.Popen(
            command("probe", "--yes", "--format", "json"),
            env=environment(gateway.url),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert gateway.wait_for_posts(2)
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=WAIT_SECONDS)
    assert child.returncode == 130
    assert [row["model"] for row in json.loads(out)] == ["gemini-3.1-flash-image-preview"]


# --- store


def test_a_store_is_listed_as_a_table_and_as_json(store):
    table = ran("store", "list", "--folder", store.folder)
    assert "a « red » square in 日本" in table.stdout
    assert "1 record, 1 picture" in table.stderr
    rows = json.loads(ran("store", "list", "--json", GEMINI_NB_STORE=str(store.folder)).stdout)
    assert [row["prompt"] for row in rows] == ["a « red » square\nin 日本"]


def test_a_reader_that_has_seen_enough_is_no_failure_with_frames(store):
    for take in range(300):
        store.keep(answer(f"{take} red squares"))
    child = subprocess.Popen(
        command("store", "list", "--json", "--folder", store.folder),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    child.stdout.readline()
    child.stdout.close()
    assert "Traceback" not in child.stderr.read()
    child.stderr.close()
    child.wait(WAIT_SECONDS)


def test_a_damaged_store_is_told_by_verify_and_its_exit_code(store):
    assert ran("store", "verify", "--folder", store.folder).returncode == 0
    next((store.folder / "images").iterdir()).write_bytes(b"other")
    done = ran("store", "verify", "--folder", store.folder)
    assert done.returncode == 1
    assert "PROBLEM" in done.stdout
    assert "2 problems found" in done.stderr
    report = json.loads(ran("store", "verify", "--json", "--folder", store.folder).stdout)
    assert (report["ok"], len(report["problems"])) == (False, 2)


def test_a_store_is_cleared_only_when_told_so(store):
    refused = ran("store", "clear", "--folder", store.folder)
    assert refused.returncode == 1
    assert "Add --yes" in refused.stderr
    assert list(store.records())
    assert "removed" in ran("store", "clear", "--yes", "--folder", store.folder).stdout
    assert not store.folder.exists()


def test_no_store_is_an_error_and_makes_none(tmp_path):
    done = ran("store", "clear", "--yes", "--folder", tmp_path / "nowhere")
    assert done.returncode == 1
    assert "There is no store" in done.stderr
    assert not (tmp_path / "nowhere").exists()


# --- serve


def test_the_server_answers_a_client_until_it_is_stopped(tmp_path):
    child = subprocess.Popen(
        command("serve", "--port", "0"),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        url = child.stdout.readline().split()[3]
        done = ran("generate", "a red square", "-o", "a.jpg", "--base-url", url, CRAZYROUTER_API_KEY="any")
        assert done.returncode == 0
    finally:
        child.send_signal(signal.SIGINT)
        _, log = child.communicate(timeout=WAIT_SECONDS)
    assert child.returncode == 0
    assert "POST" in log
    assert "any" not in log


def test_a_port_that_is_taken_is_said(gateway):
    done = ran("serve", "--port", gateway.port)
    assert done.returncode == 1
    assert f"Cannot listen on 127.0.0.1, port {gateway.port}" in done.stderr


def test_a_host_that_others_reach_must_be_allowed():
    done = ran("serve", "--port", "0", "--host", "0.0.0.0")
    assert done.returncode == 1
    assert "accepts any key" in done.stderr


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--fault", "nope"), "There is no fault 'nope'"),
        (("--delay", "-1"), "--delay is a number of seconds"),
        (("--delay", "nan"), "--delay is a number of seconds"),
        (("--port", "-1"), "--port is a number from 0 to 65535"),
        (("--port", "65536"), "--port is a number from 0 to 65535"),
        (("--host", ".", "--allow-remote"), "--host is an address or a name"),
        (("--host", "ä" * 70, "--allow-remote"), "--host is an address or a name"),
    ],
)
def test_a_wrong_fault_delay_port_or_host_is_said_before_anything_is_served(option, message):
    done = ran("serve", *option)
    assert done.returncode == 1
    assert message in done.stderr


def test_the_faults_are_listed():
    from gemini_nb.offline.faults import FAULTS

    lines = ran("serve", "--list-faults").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(FAULTS)


# --- demo


def test_a_demo_does_not_write_among_other_files(tmp_path):
    (tmp_path / "shown").mkdir()
    (tmp_path / "shown" / "hero.jpg").write_text("mine")
    done = ran("demo", "-o", "shown")
    assert (done.returncode, [path.name for path in Path("shown").iterdir()]) == (1, ["hero.jpg"])
    assert "it holds other files" in done.stderr


def test_a_demo_says_what_it_needs():
    code = (
        "import sys; sys.modules['nbclient'] = None; from gemini_nb.cli import main; sys.exit(main(['demo']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install 'gemini-nb[demo]'" in done.stderr
