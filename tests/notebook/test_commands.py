"""The commands of `%gemini` in a real shell."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from gemini_nb.errors import BadResponseError
from gemini_nb.notebook import commands
from gemini_nb.request import ImageRequest
from gemini_nb.store.store import Store
from support.gateway import Answer, Gateway
from support.generations import answer
from support.google_today import NEW, google
from support.images import encoded, png
from support.replies import inline, reply

pytestmark = pytest.mark.filterwarnings("ignore::gemini_nb.errors.GeminiWarning")


WORDS = tuple(commands.COMMANDS)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / ".gemini_nb")


def html(table):
    return table._repr_mimebundle_()["text/html"]


def test_alone_it_lists_every_word_with_a_line_about_it(keyless):
    page = keyless.printed("%gemini")
    lines = re.split(r"\n(?=%)", page.strip())
    assert [line.split()[1] for line in lines] == list(WORDS)
    assert max(map(len, page.splitlines())) <= 80
    assert {"models", "key", "status", "cost", "history", "store", "last", "code", "probe", "doctor"} <= set(
        WORDS
    )
    assert all(line.endswith(".") for line in lines)


@pytest.mark.parametrize("word", WORDS)
def test_help_of_a_word_is_its_line_and_does_nothing(keyless, word):
    page = keyless.printed(f"%gemini {word} --help").strip()
    assert page.startswith(f"%gemini {word}")
    assert page.endswith(".")
    assert page.count("%gemini") == 1


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


def test_models_say_where_they_are_shut_down(keyless):
    text = str(keyless.run("%gemini models").result)
    assert "shut down 2026-10-29" in text
    assert "gemini-3.1-flash-image was shut down at google on 2026-10-29" in text
    assert "nano-banana is gemini-2.5-flash-image at Crazyrouter, gemini-nano-banana-2.1 at Google." in text


def test_models_live_asks_the_provider_for_free(keyless, monkeypatch):
    monkeypatch.setenv("GEMINI_API_KEY", "a-key-of-tests")
    keyless.magics.provider = "google"
    with google() as gateway:
        keyless.magics.base_url = gateway.url
        text = str(keyless.run("%gemini models --live").result)
        assert (gateway.posts, gateway.gets) == (0, 2)
        assert "3 of 8 known models offered by google" in keyless.printed("%gemini doctor")
        assert f"new, image models by their names: {NEW}" in keyless.printed("%gemini doctor")
    assert f"{NEW} " in text
    assert "a-key" not in text
    assert "does not take" in keyless.refused("%gemini models --dead")


def test_doctor_says_why_the_list_is_not_asked_for(keyless, monkeypatch):
    keyless.magics.provider = "google"
    assert "catalogue    not asked: No API key" in keyless.printed("%gemini doctor")
    monkeypatch.setenv("GEMINI_NB_REPLAY", "only")
    assert "catalogue    not asked: Replay is locked" in keyless.printed("%gemini doctor")


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
    assert "holds nothing yet" in keyless.said("%gemini history")
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
    assert "Every file is intact." in keyless.printed("%gemini store verify")
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
    assert str(error).replace("\n", " ") in keyless.said("%gemini last")
    assert f"reply        {error.raw_path}" in text


def test_last_tells_what_failed_among_several_pictures(keyless, monkeypatch):
    monkeypatch.setenv("CRAZYROUTER_API_KEY", "a-key-of-tests")
    with Gateway(Answer(reply(inline(png()))), Answer("{"), Answer("{")) as gateway:
        keyless.magics.base_url = gateway.url
        batch = keyless.run("%%gemini_image -n 3 --concurrency 1\na red square").result
    text = keyless.said("%gemini last")
    assert text.startswith("BadResponseError: 2 of 3 pictures failed. The first: ")
    assert str(batch.errors[0].raw_path) in text


def test_a_missing_key_is_told_in_the_words_of_a_notebook(keyless):
    keyless.magics.provider = "google"
    for source in ("%gemini_image a cat", "%gemini_image -n 2 a cat", "%gemini models --live"):
        message = keyless.refused(source)
        assert "No API key is set for google" in message
        assert "Set CRAZYROUTER_API_KEY (for google GEMINI_API_KEY), or type %gemini key" in message
        assert '%config GeminiMagics.provider = "offline"' in message
        assert "api_key" not in message
    assert "and this picture is not stored" in keyless.refused("%gemini_image a cat")


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
