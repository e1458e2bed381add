"""A key beside a wrong argument, or in place of one, is in no message and in no frame of ours."""

from __future__ import annotations

import io
import os
import traceback
import warnings
from contextlib import redirect_stderr, redirect_stdout
from urllib.parse import quote

import pytest
from IPython.core.interactiveshell import InteractiveShell

import gemini_nb
from gemini_nb import AsyncClient, Client, GeminiError
from gemini_nb.cli.main import main
from gemini_nb.errors import ArgumentError, LinkFailedError, LinkRefusedError
from gemini_nb.providers.secret import clear_locals
from support.gateway import Answer, Gateway
from support.images import png
from support.key_leaks import KEY, leaks
from support.replies import reply
from support.shells import a_shell, put_away

LIKE = "AIzaSyExample0123456789abcdefGHIJKLMNOPQ"
LIKE_TOO = "sk-proj-0123456789abcdefghijklmnop_QRSTUVWXYZ"

KEYS = [LIKE, LIKE_TOO, "my-gateway-4711-key"]


class Hostile:
    """A value that fails in whatever is done with it, with words of its own."""

    def __fspath__(self):
        raise KeyError("of the caller's own")

    def __str__(self):
        raise RuntimeError("of the caller's own")

    __repr__ = __str__


# Beside `api_key=KEY`: each is wrong, and was or may be raw.
WRONG = {
    "store of nobody": {"store": "~nosuchuser/pictures"},
    "store a number": {"store": 5},
    "store with NUL": {"store": "a\0b"},
    "store of bytes": {"store": b"pictures"},
    "base URL of bytes": {"base_url": b"https://gateway.example"},
    "base URL a number": {"base_url": 7},
    "base URL without host": {"base_url": "https://"},
    "base URL with a port too high": {"base_url": "https://gateway.example:99999"},
    "base URL with a lone surrogate": {"base_url": "https://gateway.example/\ud800"},
    "base URL with the key": {"base_url": f"https://gateway.example/?key={KEY}"},
    "replay unknown": {"store": "x", "replay": "bogus"},
    "replay a list": {"replay": ["auto"]},
    "provider unknown": {"provider": "nobody"},
    "provider a number": {"provider": 3},
    "timeout 0": {"timeout": 0},
    "timeout of text": {"timeout": "10"},
    "timeout not a number": {"timeout": float("nan")},
    "limit of text": {"requests_per_minute": "5"},
    "limit 0": {"requests_per_minute": 0},
}


def frames_of(error):
    """Each frame of ours in an error and in those behind it, with its variables."""
    while error is not None:
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if frame.f_globals.get("__name__", "").startswith("gemini_nb"):
                yield frame.f_code.co_qualname, dict(frame.f_locals)
        error = error.__cause__ or error.__context__


def shows(error):
    """All that pytest, rich and `%xmode Verbose` could show of an error beyond the caller's own frame."""
    return f"{error!r} {error} {list(frames_of(error))}"


@pytest.mark.parametrize("make", [Client, AsyncClient])
@pytest.mark.parametrize("settings", WRONG.values(), ids=WRONG)
def test_promise_9_a_key_beside_a_wrong_argument_is_in_no_frame(make, settings):
    with pytest.raises(ArgumentError) as caught:
        make(api_key=KEY, **settings)
    assert leaks(shows(caught.value)) == []
    assert all(
        not variables.get("options") and not variables.get("args") for _, variables in frames_of(caught.value)
    )


MISTAKEN = ["provider", "base_url", "replay", "timeout", "requests_per_minute"]


@pytest.mark.parametrize("key", [LIKE, LIKE_TOO], ids=["AIza", "sk-"])
@pytest.mark.parametrize("name", MISTAKEN)
def test_promise_9_a_key_in_place_of_another_argument_is_not_repeated(name, key):
    with pytest.raises(ArgumentError) as caught:
        Client(**{"api_key": "another-key-4711", name: key})
    assert key[:12] not in shows(caught.value)


def test_promise_9_a_key_that_is_none_is_in_no_frame():
    for key in (f'"{LIKE}"', f"{LIKE}\nGEMINI", f"\u2018{LIKE}\u2019", LIKE.encode(), [LIKE]):
        with pytest.raises(ArgumentError) as caught:
            Client(api_key=key)
        assert LIKE[:12] not in shows(caught.value)


def test_promise_9_a_raw_error_of_a_callers_own_class_shows_no_key():
    with pytest.raises(KeyError) as caught:
        Client(api_key=KEY, store=Hostile())
    assert leaks(shows(caught.value)) == []


def test_what_the_caller_was_handling_keeps_its_variables():
    def fails(mine):
        raise LookupError(mine)

    try:
        fails("a value to look at")
    except LookupError as mine:
        with pytest.raises(ArgumentError):
            Client(api_key=KEY, store=5)
        frames = [frame for frame, _ in traceback.walk_tb(mine.__traceback__)]
    assert frames[-1].f_locals["mine"] == "a value to look at"


def test_the_signature_of_a_client_is_what_editors_show():
    import inspect

    assert "api_key" in inspect.signature(Client).parameters
    assert clear_locals(len)([1, 2]) == 2


@pytest.fixture
def verbose(monkeypatch):
    monkeypatch.setenv("MY_KEY", KEY)
    shell = InteractiveShell()
    out = io.StringIO()

    def run(source):
        with redirect_stdout(out), redirect_stderr(out):
            shell.run_cell(source)
        return out.getvalue()

    run("%xmode Verbose\nimport os\nfrom gemini_nb import Client")
    yield run
    put_away(shell)


@pytest.mark.parametrize("settings", [s for s in WRONG.values() if KEY not in str(s)], ids=repr)
def test_promise_9_verbose_tracebacks_show_no_key(verbose, settings):
    said = verbose(
        f"Client(api_key=os.environ['MY_KEY'], **{settings!r})" if "nan" not in str(settings) else "1/0"
    )
    assert "Error" in said
    assert leaks(said) == []


LINES = {
    "an open quote": "%%gemini_image -m 'nano {}\na",
    "an open quote at its end": '%gemini_image "a cat" -m {} it\'s',
    "an option of one letter": "%%gemini_image -k{}\na",
    "an option of one letter, known": "%%gemini_image -m{}\na",
    "an option that is not known": "%%gemini_image --key={}\na",
    "another": "%%gemini_image --token={}\na",
    "with a blank": "%%gemini_image --api-key {}\na",
    "as a setting": "%%gemini_image api_key={}\na",
    "with the name of the variable": '%gemini_image GEMINI_API_KEY={} "a"',
    "as a name": "%%gemini_image {}\na",
    "as a choice": "%%gemini_image --replay {}\na",
    "as a number": "%%gemini_image -n {}\na",
    "as a file": "%%gemini_image -s {}/a.png\na",
    "as a source": "%%gemini_edit -i {}\na",
    "as a command": "%gemini {}",
    "as an argument of one": "%gemini history {}",
    "as an argument of another": "%gemini store {}",
    "as a model to probe": "%gemini probe {}",
    "quoted": "%gemini key '{}'",
}


@pytest.mark.parametrize("key", KEYS, ids=["AIza", "sk-", "that is set"])
@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_promise_11_no_error_of_a_magic_repeats_a_key(line, key):
    with Gateway(Answer(reply())) as gateway, a_shell(gateway.url) as shell:
        os.environ["CRAZYROUTER_API_KEY"] = "my-gateway-4711-key"  # the shell's own is put back
        done = shell.run(line.format(key))
        assert isinstance(done.error, GeminiError)
        assert not gateway.requests
    assert key[:12] not in f"{done.error!r} {done.error} {done.stdout} {done.stderr}"


TRAITS = (
    "model store base_url provider replay aspect_ratio image_size max_images timeout preview_width max_cost"
)
SETTINGS = ["model", *TRAITS.split(), "api_key"]


@pytest.mark.parametrize("key", KEYS, ids=["AIza", "sk-", "that is set"])
@pytest.mark.parametrize("name", SETTINGS)
def test_promise_11_no_default_takes_a_key_or_repeats_it(name, key):
    with a_shell("http://127.0.0.1:9") as shell:
        os.environ["CRAZYROUTER_API_KEY"] = "my-gateway-4711-key"  # the shell's own is put back
        done = shell.run(f"%config GeminiMagics.{name} = {key!r}")
        said = done.stdout + done.stderr + str(done.error) + shell.printed("%config GeminiMagics")
    assert key[:12] not in said
    assert f"GeminiMagics.{name}: " in done.stdout


COMMANDS = {
    "an option that is not known": ["generate", "a", "-o", "a.png", "--key={}"],
    "another": ["generate", "a", "-o", "a.png", "--token={}"],
    "with a blank": ["generate", "a", "-o", "a.png", "--api-key", "{}"],
    "an option of one letter": ["generate", "a", "-o", "a.png", "-k{}"],
    "as a setting": ["generate", "a", "-o", "a.png", "api_key={}"],
    "as a provider": ["generate", "a", "-o", "a.png", "-p", "{}"],
    "as a choice": ["generate", "a", "-o", "a.png", "--replay", "{}"],
    "as a number": ["serve", "--port", "{}"],
    "as a fault": ["serve", "--fault", "{}"],
    "as a folder": ["store", "list", "--folder", "{}"],
    "as a command": ["{}"],
    "as an action": ["store", "{}"],
    "as a format": ["probe", "--format", "{}"],
    "as a base URL": ["probe", "-p", "google", "--base-url", "https://gateway.example/?key={}"],
}


@pytest.mark.parametrize("key", KEYS, ids=["AIza", "sk-", "that is set"])
@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_promise_11_the_command_line_repeats_no_key(monkeypatch, capsys, words, key):
    monkeypatch.setenv("CRAZYROUTER_API_KEY", "my-gateway-4711-key")
    try:
        code = main([word.format(key) for word in words])
    except SystemExit as left:
        code = left.code
    said = capsys.readouterr()
    assert code in (1, 2)
    assert key[:12] not in said.out + said.err
    assert "gemini-nb" in said.err


# What the server of a link says: its answer for /a.png, and where that redirects.
WORDS = {
    "a type": {"files": (png(), f"image/png; x={KEY}")},
    "a type that is quoted": {"files": (b"no picture", f"text/{quote(KEY, safe='')}")},
    "a redirect to a path": {"to": f"/{KEY}/b.png"},
    "a redirect, quoted": {"to": f"/{quote(KEY, safe='')}/b.png"},
    "a redirect to another host": {"to": f"https://192.0.2.1/{KEY}/b.png"},
    "a redirect to a port": {"to": f"https://pictures.example:9/{KEY.encode().hex()}/b.png"},
    "a redirect to a user": {"to": f"https://{quote(KEY, safe='')}@pictures.example/b.png"},
    "a long redirect": {"to": f"https://pictures.example:9/{'x' * 160}/{KEY}/b.png"},
    "a status": {"files": Answer(KEY, 403, {"Content-Type": f"text/{KEY}"})},
    "an encoding": {"files": Answer(b"?" * 99, headers={"Content-Encoding": f"{KEY[:19]}"})},
}


@pytest.mark.parametrize("also", [False, True], ids=["alone", "beside a picture"])
@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_promise_9_what_the_server_of_a_link_says_is_masked(tmp_path, words, also):
    with Gateway(lambda _: Answer(reply(links))) as gateway:
        links = f"![x]({gateway.url}/a.png)" + also * f" ![y]({gateway.url}/c.png)"
        gateway.files["/c.png"] = (png(), "image/png")
        if "to" in words:
            gateway.redirects["/a.png"] = words["to"]
            gateway.files[words["to"]] = Answer("", 403)  # one that is not there is asked for again
        else:
            gateway.files["/a.png"] = words["files"]
        with Client(
            "google", api_key=KEY, base_url=gateway.url, store=tmp_path / "store", timeout=20
        ) as client:
            try:
                outcome = client.generate("a red square")
                said = f"{outcome!r} {outcome.image.declared_mime_type} {outcome.caption} {vars(outcome)}"
            except (LinkFailedError, LinkRefusedError, gemini_nb.ImageRefusedError) as error:
                said = shows(error) + f"{vars(error)}"
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert leaks(said) == []
    assert leaks(kept) == []


def test_promise_9_an_input_picture_s_link_repeats_no_key():
    with Gateway() as gateway, Client("google", api_key=KEY, base_url=gateway.url) as client:
        gateway.redirects["/a.png"] = f"https://192.0.2.1/{KEY.encode().hex()}/b.png"
        with pytest.raises(ArgumentError, match="could not be fetched") as caught:
            client.read_images(f"{gateway.url}/a.png")
    assert leaks(shows(caught.value)) == []


def test_a_warning_of_the_magics_repeats_no_key():
    with a_shell("http://127.0.0.1:9") as shell:
        shell.names.update(warnings=warnings, LIKE=LIKE)
        done = shell.run(f"%gemini_image --dry-run -m my-{LIKE[4:]}-model 'a'")
    assert LIKE[:12] not in done.stdout


UNKNOWN = "a-key-of-nobody-0815"  # neither set nor like one: what is not known is not repeated either


@pytest.mark.parametrize("line", ["--token={}", "-k{}", "--api-key {}", "-m 'nano {}"])
def test_promise_11_what_follows_an_unknown_option_is_not_repeated(capsys, line):
    with a_shell("http://127.0.0.1:9") as shell:
        assert UNKNOWN not in shell.refused(f"%%gemini_image {line.format(UNKNOWN)}\na")
    if "'" not in line:
        with pytest.raises(SystemExit):
            main(["generate", "a", "-o", "a.png", *line.format(UNKNOWN).split()])
        assert UNKNOWN not in capsys.readouterr().err
