"""The commands of `%gemini` in a real shell; the key is typed into a real kernel."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys

import pytest
from jupyter_client.manager import start_new_kernel

from gemini_nb.errors import BadResponseError
from gemini_nb.notebook import commands
from gemini_nb.request import ImageRequest
from gemini_nb.store.store import Store
from support.gateway import Answer, Gateway
from support.generations import answer
from support.images import encoded, png
from support.key_leaks import KEY, leaks

pytestmark = pytest.mark.filterwarnings("ignore::gemini_nb.errors.GeminiWarning")


WORDS = tuple(commands.COMMANDS)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / ".gemini_nb")


def html(table):
    return table._repr_mimebundle_()["text/html"]


def test_alone_it_lists_every_word_with_a_line_about_it(keyless):
    lines = keyless.printed("%gemini").splitlines()
    assert [line.split()[1] for line in lines] == list(WORDS)
    assert {"models", "key", "status", "cost", "history", "store", "last", "code", "probe", "doctor"} <= set(
        WORDS
    )
    assert all(line.endswith(".") for line in lines)


@pytest.mark.parametrize("word", WORDS)
def test_help_of_a_word_is_its_line_and_does_nothing(keyless, word):
    (line,) = keyless.printed(f"%gemini {word} --help").splitlines()
    assert line.startswith(f"%gemini {word}")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("stauts", "Did you mean %gemini status?"),
        ("xyz", "There are: models, key"),
        ("status now", "does not take 'now'"),
        ("history many", "'many' is not a count"),
        ("history 0", "'0' is not a count"),
        ("store burn", "no %gemini store burn"),
        ("store verify --yes", "no %gemini store verify --yes"),
        ("code", "There is no picture yet"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_can(keyless, line, message):
    assert message in keyless.refused(f"%gemini {line}")


def test_models_are_a_table_with_prices_and_where_they_are_from(keyless):
    table = keyless.run("%gemini models").result
    text = str(table)
    assert "nano-banana-pro" in text
    assert "512 $0.045, 1K $0.067" in text
    assert "data URI (JPEG), 2026-04-14" in text
    assert "[1] Crazyrouter's retest" in text
    assert "Shapes seen on 2026-04-14" in text
    assert html(table).count("<tr ") == len(table.rows) + 1


def typed(tmp_path, monkeypatch, *sources, stdin=True):
    """What a real kernel says to these cells while the key is typed wherever it asks."""
    monkeypatch.setenv("GEMINI_NB_PROVIDER", "google")
    heard = []
    manager, kernel = start_new_kernel(cwd=str(tmp_path))
    try:
        for source in ("%load_ext gemini_nb", *sources):
            kernel.execute_interactive(
                source,
                allow_stdin=stdin,
                stdin_hook=lambda _: kernel.input(KEY),
                output_hook=lambda message: heard.append(str(message["content"])),
                timeout=60,
            )
    finally:
        kernel.stop_channels()
        manager.shutdown_kernel()
    return "".join(heard)


KERNEL = pytest.mark.filterwarnings("ignore:Kernel is running over TCP:RuntimeWarning")


@KERNEL
def test_a_key_that_is_typed_is_used_and_is_in_no_output_and_no_history(tmp_path, monkeypatch):
    heard = typed(
        tmp_path,
        monkeypatch,
        "%gemini key",
        "%gemini doctor",
        "%history",
        "_i, _ih, _oh, list(get_ipython().user_ns)",
        "%gemini key forget",
        "get_ipython().history_manager.writeout_cache()",
    )
    assert "google: set, from entered in this session" in heard
    assert "google: not set" in heard
    assert leaks(heard) == []
    with sqlite3.connect(tmp_path / "ipython/profile_default/history.sqlite") as history:
        rows = history.execute("select source_raw from history").fetchall()
    history.close()
    assert any("%gemini key" in source for (source,) in rows)
    assert [path for path in tmp_path.rglob("*") if path.is_file() and leaks(path.read_bytes())] == []


@KERNEL
def test_a_notebook_that_runs_unattended_is_told_how_to_set_a_key(tmp_path, monkeypatch):
    heard = typed(tmp_path, monkeypatch, "%gemini key", stdin=False)
    assert "ArgumentError" in heard
    assert "Set GEMINI_API_KEY before it is started" in heard


def test_a_key_is_read_from_a_file_and_forgotten(keyless, tmp_path):
    (tmp_path / ".env").write_text(f"GEMINI_API_KEY={KEY}\n")
    assert "google: set, from .env" in keyless.printed("%gemini key .env")
    assert "google: not set" in keyless.printed("%gemini key forget")


def test_cost_tells_what_was_asked_replayed_and_painted(shell, gateway):
    for _ in range(2):
        shell.run("%%gemini_image -q\na red square")
    rows = dict(shell.run("%gemini cost").result.rows)
    assert rows["asked for"].startswith("1 picture, estimated at $0.067")
    assert rows["replayed"].startswith("1 picture, at no cost")


def test_history_is_a_table_of_thumbnails_with_what_made_them(shell, gateway):
    shell.run('%%gemini_image -q\na "red" <b>square</b> & $x$ 🟥')
    table = shell.run("%gemini history").result
    page, text = html(table), str(table)
    assert 'alt="a &quot;red&quot; &lt;b&gt;square&lt;/b&gt; &amp; $x$ 🟥"' in page
    assert 'src="data:image/webp;base64,' in page
    assert "<b>" not in page
    assert 'a "red" <b>square</b> & $x$ 🟥' in text
    assert "gemini-3.1-flash-image-preview" in text
    assert "$0.067" in text
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d", text)


def test_history_begins_with_the_newest_and_counts_the_rest(keyless, store):
    for number in range(3):
        store.keep(answer(f"square {number}"))
    table = keyless.run("%gemini history 2").result
    newest = [one.prompt for one in store.records()][:2]
    assert [row[1] for row in table.rows] == newest
    assert "The newest 2 of 3" in str(table)


def test_twenty_rows_of_a_photograph_stay_under_100_kilobytes(keyless, store):
    from matplotlib.cbook import get_sample_data

    with get_sample_data("grace_hopper.jpg") as file:
        photo = file.read()
    for take in range(20):
        store.keep(answer(ImageRequest("a portrait of a woman in uniform, in colour " * 2, take=take), photo))
    page = html(keyless.run("%gemini history").result)
    assert page.count("<img") == 20
    assert len(page) < 100_000


def test_a_tall_picture_has_a_thumbnail_no_higher_than_wide_ones(keyless, store):
    store.keep(answer("a tower", encoded("PNG", 64, 512)))
    page = html(keyless.run("%gemini history").result)
    assert 'width="8" height="64"' in page


def test_a_picture_that_was_altered_leaves_its_place_empty(keyless, store):
    store.keep(answer("a red square"))
    next((store.folder / "images").iterdir()).write_bytes(png(7, 7))
    table = keyless.run("%gemini history").result
    assert table.rows[0][:2] == ("", "a red square")


def test_an_empty_store_and_none_are_said(keyless):
    assert "holds nothing yet" in keyless.printed("%gemini history")
    keyless.magics.store = "off"
    assert "The store is off." in keyless.printed("%gemini history")


def test_store_tells_folder_records_and_size(keyless, store):
    store.keep(answer())
    text = keyless.printed("%gemini store")
    assert str(store.folder) in text
    assert "1 record, 1 picture" in text
    assert re.search(r"\d+ (bytes|kB)", text)


def test_store_verify_names_what_was_altered(keyless, store):
    store.keep(answer())
    assert "Every file is what its name says." in keyless.printed("%gemini store verify")
    path = next((store.folder / "images").iterdir())
    path.write_bytes(b"other")
    assert f"PROBLEM  images/{path.name}" in keyless.printed("%gemini store verify")


def test_store_clear_wants_to_be_told_twice(keyless, store):
    store.keep(answer())
    assert "1 record and their pictures" in keyless.refused("%gemini store clear")
    assert list(store.records())
    assert "removed from" in keyless.printed("%gemini store clear --yes")
    assert not list(store.records())


def test_last_tells_the_last_failure_and_where_its_reply_is(keyless, monkeypatch):
    assert "no failure yet" in keyless.printed("%gemini last")
    with Gateway(Answer("{")) as gateway:
        monkeypatch.setenv("CRAZYROUTER_API_KEY", "a-key-of-tests")
        keyless.magics.base_url = gateway.url
        error = keyless.run("%%gemini_image\na red square").error
    assert isinstance(error, BadResponseError)
    text = keyless.printed("%gemini last")
    assert text.startswith("BadResponseError: ")
    assert error.hint in text
    assert f"reply        {error.raw_path}" in text


def test_a_probe_says_its_cost_and_sends_nothing_until_told(shell, gateway):
    assert "$0.548" in shell.printed("%gemini probe")
    assert gateway.posts == 0
    done = shell.run("%gemini probe --yes nano-banana-2 nano-banana-pro")
    assert "2 pictures" in done.stdout
    assert [row[:3] for row in done.result.rows] == [
        ("gemini-3.1-flash-image-preview", "200", "inlineData"),
        ("gemini-3-pro-image-preview", "200", "inlineData"),
    ]
    assert gateway.posts == 2


def test_a_probe_asks_although_the_picture_is_stored(shell, gateway, store):
    shell.run("%gemini_image -q 'a red square on white'")
    shell.run("%gemini probe --yes nano-banana-2")
    assert gateway.posts == 2
    assert len(list(store.records())) == 1


def test_an_offline_probe_runs_at_once(keyless):
    done = keyless.run("%gemini probe nano-banana")
    assert "at no cost" in done.stdout
    assert "data URI (PNG)" in str(done.result)


def test_a_locked_course_is_not_probed(shell, gateway, monkeypatch):
    monkeypatch.setenv("GEMINI_NB_REPLAY", "only")
    assert "ReplayMissError" in shell.refused("%gemini probe --yes")
    assert gateway.posts == 0


def test_loading_the_extension_loads_none_of_it():
    code = (
        "import sys; from IPython.core.interactiveshell import InteractiveShell; import gemini_nb\n"
        "gemini_nb.load_ipython_extension(InteractiveShell.instance())\n"
        "print([name for name in sys.modules if name.endswith(('.commands', '.doctor', '.table', '.probe'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
