"""The words of `%gemini` in a real shell; the key is typed into a real kernel."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from jupyter_client.manager import start_new_kernel

from gemini_nb.errors import BadResponseError
from gemini_nb.notebook import commands
from gemini_nb.request import ImageRequest
from gemini_nb.store.store import Store
from support.gateway import Answer, Gateway
from support.generations import answer
from support.images import encoded, png
from support.key_leaks import KEY, leaks
from support.replies import inline, reply
from support.shells import put_away

pytestmark = pytest.mark.filterwarnings("ignore::gemini_nb.errors.GeminiWarning")

WORDS = tuple(commands.COMMANDS)
KEY_VARIABLES = ("CRAZYROUTER_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY")


@pytest.fixture
def shell():
    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "gemini_nb")
    yield shell
    shell.run_line_magic("unload_ext", "gemini_nb")
    put_away(shell)


@pytest.fixture
def gateway(shell, monkeypatch):
    with Gateway(Answer(reply(inline(encoded("PNG", 300, 200))))) as gateway:
        monkeypatch.setenv("CRAZYROUTER_API_KEY", "a-key-of-tests")
        magics_of(shell).base_url = gateway.url
        yield gateway


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / ".gemini_nb")


def magics_of(shell):
    return shell.magics_manager.registry["GeminiMagics"]


def run(shell, source):
    with capture_output() as captured:
        done = shell.run_cell(source, store_history=True)
    done.stdout = captured.stdout
    done.error = done.error_in_exec or done.error_before_exec
    return done


def said(shell, source):
    done = run(shell, source)
    assert done.error is None
    return done.stdout


def refused(shell, source):
    error = run(shell, source).error
    assert error is not None
    assert len(str(error).splitlines()) <= 3
    return f"{type(error).__name__}: {error}"


def html(table):
    return table._repr_mimebundle_()["text/html"]


# --- what there is


def test_alone_it_lists_every_word_with_a_line_about_it(shell):
    lines = said(shell, "%gemini").splitlines()
    assert [line.split()[1] for line in lines] == list(WORDS)
    assert {"models", "key", "status", "cost", "history", "store", "last", "code", "probe", "doctor"} <= set(
        WORDS
    )
    assert all(line.endswith(".") for line in lines)


@pytest.mark.parametrize("word", WORDS)
def test_help_of_a_word_is_its_line_and_does_nothing(shell, word):
    (line,) = said(shell, f"%gemini {word} --help").splitlines()
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
def test_what_cannot_be_done_is_said_with_what_can(shell, line, message):
    assert message in refused(shell, f"%gemini {line}")


# --- models


def test_models_are_a_table_with_prices_and_where_they_are_from(shell):
    table = run(shell, "%gemini models").result
    text = str(table)
    assert "nano-banana-pro" in text
    assert "512 $0.045, 1K $0.067" in text
    assert "data URI (JPEG), 2026-04-14" in text
    assert "[1] Crazyrouter's retest" in text
    assert "Shapes seen on 2026-04-14" in text
    assert html(table).count("<tr ") == len(table.rows) + 1


# --- status


def test_status_says_why_this_provider_is_asked(shell, monkeypatch):
    assert "offline (automatic: no key is set)" in said(shell, "%gemini status")
    monkeypatch.setenv("GOOGLE_API_KEY", "abcdefgh-ijklmnop")
    assert "google (automatic: its key is set, from GOOGLE_API_KEY)" in said(shell, "%gemini status")
    monkeypatch.setenv("GEMINI_NB_PROVIDER", "crazyrouter")
    assert "crazyrouter (GEMINI_NB_PROVIDER)" in said(shell, "%gemini status")
    magics_of(shell).provider = "google"
    assert "google (GeminiMagics.provider)" in said(shell, "%gemini status")


def test_status_names_the_address_and_where_it_is_set(shell, monkeypatch):
    magics_of(shell).provider = "google"
    assert "https://generativelanguage.googleapis.com (its own)" in said(shell, "%gemini status")
    monkeypatch.setenv("GEMINI_NB_BASE_URL", "http://127.0.0.1:9")
    assert "http://127.0.0.1:9 (GEMINI_NB_BASE_URL)" in said(shell, "%gemini status")


def test_status_names_the_store_and_counts_its_records(shell, store):
    store.keep(answer())
    assert f"store        {store.folder} (1 record)" in said(shell, "%gemini status")
    magics_of(shell).store = "off"
    assert "store        off" in said(shell, "%gemini status")


def test_status_says_that_a_course_is_locked(shell, monkeypatch):
    monkeypatch.setenv("GEMINI_NB_REPLAY", "only")
    assert "replay       locked to what is stored by GEMINI_NB_REPLAY" in said(shell, "%gemini status")


def test_status_says_that_a_trait_passes_the_variable_over(shell, monkeypatch):
    monkeypatch.setenv("GEMINI_NB_REPLAY", "refresh")
    magics_of(shell).replay = "off"
    assert "off (GeminiMagics.replay; GEMINI_NB_REPLAY is set to refresh" in said(shell, "%gemini status")


def test_no_trait_opens_the_lock(shell, monkeypatch):
    monkeypatch.setenv("GEMINI_NB_REPLAY", "only")
    magics_of(shell).replay = "off"
    assert "locked to what is stored by GEMINI_NB_REPLAY" in said(shell, "%gemini status")


@pytest.mark.parametrize("variable", ["GEMINI_NB_REPLAY", "GEMINI_NB_PROVIDER", "GEMINI_NB_BASE_URL"])
def test_status_survives_a_wrong_setting_and_says_what_is_wrong(shell, monkeypatch, variable):
    monkeypatch.setenv("GEMINI_NB_PROVIDER", "google")
    monkeypatch.setenv(variable, "no-such/thing")
    text = said(shell, "%gemini status")
    assert "There is no" in text or "not an http(s) address" in text


@pytest.mark.parametrize("word", ["status", "doctor"])
def test_promise_11_no_part_of_a_key_is_told(shell, monkeypatch, word):
    for variable in (
        *KEY_VARIABLES,
        "GEMINI_NB_PROVIDER",
        "GEMINI_NB_STORE",
        "GEMINI_NB_API_KEY",
        "GEMINI_NB_REPLAY",
    ):
        monkeypatch.setenv(variable, KEY)
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{KEY}@127.0.0.1:9")
    monkeypatch.setenv("GEMINI_NB_BASE_URL", f"https://user:{KEY}@127.0.0.1:9/?key={KEY}")
    text = said(shell, f"%gemini {word}")
    assert "set, from CRAZYROUTER_API_KEY" in text
    assert leaks(text) == []


# --- key


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


def test_a_key_is_read_from_a_file_and_forgotten(shell, tmp_path):
    (tmp_path / ".env").write_text(f"GEMINI_API_KEY={KEY}\n")
    assert "google: set, from .env" in said(shell, "%gemini key .env")
    assert "google: not set" in said(shell, "%gemini key forget")


# --- cost


def test_cost_tells_what_was_asked_replayed_and_painted(shell, gateway):
    for _ in range(2):
        run(shell, "%%gemini_image -q\na red square")
    rows = dict(run(shell, "%gemini cost").result.rows)
    assert rows["asked for"].startswith("1 picture, estimated at $0.067")
    assert rows["replayed"].startswith("1 picture, at no cost")


# --- history


def test_history_is_a_table_of_thumbnails_with_what_made_them(shell, gateway):
    run(shell, '%%gemini_image -q\na "red" <b>square</b> & $x$ 🟥')
    table = run(shell, "%gemini history").result
    page, text = html(table), str(table)
    assert 'alt="a &quot;red&quot; &lt;b&gt;square&lt;/b&gt; &amp; $x$ 🟥"' in page
    assert 'src="data:image/webp;base64,' in page
    assert "<b>" not in page
    assert 'a "red" <b>square</b> & $x$ 🟥' in text
    assert "gemini-3.1-flash-image-preview" in text
    assert "$0.067" in text
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d", text)


def test_history_begins_with_the_newest_and_counts_the_rest(shell, store):
    for number in range(3):
        store.keep(answer(f"square {number}"))
    table = run(shell, "%gemini history 2").result
    newest = [one.prompt for one in store.records()][:2]
    assert [row[1] for row in table.rows] == newest
    assert "The newest 2 of 3" in str(table)


def test_twenty_rows_of_a_photograph_stay_under_100_kilobytes(shell, store):
    from matplotlib.cbook import get_sample_data

    with get_sample_data("grace_hopper.jpg") as file:
        photo = file.read()
    for take in range(20):
        store.keep(answer(ImageRequest("a portrait of a woman in uniform, in colour " * 2, take=take), photo))
    page = html(run(shell, "%gemini history").result)
    assert page.count("<img") == 20
    assert len(page) < 100_000


def test_a_tall_picture_has_a_thumbnail_no_higher_than_wide_ones(shell, store):
    store.keep(answer("a tower", encoded("PNG", 64, 512)))
    page = html(run(shell, "%gemini history").result)
    assert 'width="8" height="64"' in page


def test_a_picture_that_was_altered_leaves_its_place_empty(shell, store):
    store.keep(answer("a red square"))
    next((store.folder / "images").iterdir()).write_bytes(png(7, 7))
    table = run(shell, "%gemini history").result
    assert table.rows[0][:2] == ("", "a red square")


def test_an_empty_store_and_none_are_said(shell):
    assert "holds nothing yet" in said(shell, "%gemini history")
    magics_of(shell).store = "off"
    assert "The store is off." in said(shell, "%gemini history")


# --- store


def test_store_tells_folder_records_and_size(shell, store):
    store.keep(answer())
    text = said(shell, "%gemini store")
    assert str(store.folder) in text
    assert "1 record, 1 picture" in text
    assert re.search(r"\d+ (bytes|kB)", text)


def test_store_verify_names_what_was_altered(shell, store):
    store.keep(answer())
    assert "Every file is what its name says." in said(shell, "%gemini store verify")
    path = next((store.folder / "images").iterdir())
    path.write_bytes(b"other")
    assert f"PROBLEM  images/{path.name}" in said(shell, "%gemini store verify")


def test_store_clear_wants_to_be_told_twice(shell, store):
    store.keep(answer())
    assert "1 record and their pictures" in refused(shell, "%gemini store clear")
    assert list(store.records())
    assert "removed from" in said(shell, "%gemini store clear --yes")
    assert not list(store.records())


# --- last


def test_last_tells_the_last_failure_and_where_its_reply_is(shell, monkeypatch):
    assert "no failure yet" in said(shell, "%gemini last")
    with Gateway(Answer("{")) as gateway:
        monkeypatch.setenv("CRAZYROUTER_API_KEY", "a-key-of-tests")
        magics_of(shell).base_url = gateway.url
        error = run(shell, "%%gemini_image\na red square").error
    assert isinstance(error, BadResponseError)
    text = said(shell, "%gemini last")
    assert text.startswith("BadResponseError: ")
    assert error.hint in text
    assert f"reply        {error.raw_path}" in text


# --- code


def in_a_fresh_namespace(code):
    """The result of running a script as it was printed."""
    names = {}
    exec(compile(code, "code", "exec"), names)
    return names["generation"]


PROMPTS = {
    "plain": "a red square",
    "quotes": """it's "quoted" \\n and \\""",
    "lines": 'first\n\n  second\ttab\u2028third\n"""',
    "braces": "{{'a'}} {name} %d",
    "odd characters": "日本語 🍌 \u202e rtl \x00 \ud800",
}


@pytest.mark.parametrize("kind", PROMPTS)
def test_the_code_of_a_picture_runs_and_is_replayed(shell, gateway, kind):
    magics = magics_of(shell)
    request = ImageRequest(
        PROMPTS[kind], aspect_ratio="3:2", take=2, text=True, config={"seed": 7, "a": {"b": None}}
    )
    made = magics.session.keep(magics.session.client().generate(request))
    again = in_a_fresh_namespace(said(shell, "%gemini code"))
    assert (again.digest, again.replayed) == (made.digest, True)
    assert again.prompt == PROMPTS[kind]
    assert gateway.posts == 1


def test_the_code_of_a_picture_that_is_not_stored_asks_the_same_server(shell, gateway):
    magics_of(shell).store = "off"
    made = run(shell, "%%gemini_image -m nano-banana-pro -z 2K\na red square").result
    again = in_a_fresh_namespace(said(shell, "%gemini code"))
    assert (again.digest, again.replayed) == (made.digest, False)
    assert gateway.requests[0].body == gateway.requests[1].body


def test_the_code_takes_an_input_picture_from_the_store(shell, gateway):
    hero = run(shell, "%%gemini_image hero\na red square").result
    del shell.user_ns["hero"]
    magics = magics_of(shell)
    made = magics.session.keep(magics.session.client().generate("bluer", images=[hero]))
    code = said(shell, "%gemini code")
    assert f".gemini_nb/images/{hero.image.sha256}.png" in code
    again = in_a_fresh_namespace(code)
    assert (again.digest, again.replayed) == (made.digest, True)


def test_the_code_names_the_variable_that_holds_an_input_picture(shell, gateway):
    shell.user_ns["photo"] = png(9, 9)
    run(shell, "%%gemini_image -i photo\nbluer")
    assert "images=[photo]" in said(shell, "%gemini code")


@pytest.mark.parametrize("magic", ["%%gemini_image", "%%gemini_image -n 2", "%%gemini_edit"])
def test_the_code_names_the_file_that_was_given(shell, gateway, tmp_path, magic):
    (tmp_path / "photo.png").write_bytes(png(9, 9))
    run(shell, f"{magic} -i photo.png\nbluer")
    code = said(shell, "%gemini code")
    assert 'images=["photo.png"]' in code
    assert in_a_fresh_namespace(code).replayed


def test_a_file_that_has_changed_since_is_not_taken_for_the_input_picture(shell, gateway, tmp_path):
    (tmp_path / "photo.png").write_bytes(png(9, 9))
    run(shell, "%%gemini_image -i photo.png\nbluer")
    magics_of(shell).last_sources = ("photo.png",)
    (tmp_path / "photo.png").write_bytes(png(8, 8))
    assert "photo.png" not in said(shell, "%gemini code")


def test_the_code_without_its_input_picture_fails_before_it_pays(shell, gateway, tmp_path):
    (tmp_path / "photo.png").write_bytes(png(9, 9))
    run(shell, "%%gemini_image -i photo.png\nbluer")
    (tmp_path / "photo.png").unlink()
    code = said(shell, "%gemini code")
    assert "# Set picture_1 first, to the input picture: image/png" in code
    with pytest.raises(NameError, match="picture_1"):
        in_a_fresh_namespace(code)
    assert gateway.posts == 1


def test_the_code_of_an_edit_repeats_its_turns_from_the_store(shell, gateway):
    magics = magics_of(shell)
    chat = magics.session.client().chat("nano-banana-2")
    chat.send("a cat", aspect_ratio="16:9")
    chat.send("at night", images=[png(9, 9)])
    made = magics.session.keep(chat.send("with a moon", image_size="2K"))
    assert made.request.history
    shell.user_ns["moon"] = png(9, 9)
    code = said(shell, "%gemini code")
    assert "not in the store" not in code
    again = in_a_fresh_namespace("moon = b''\n" + code.replace("[moon]", f"[{png(9, 9)!r}]"))
    assert (again.digest, again.replayed) == (made.digest, True)
    assert gateway.posts == 3


def test_the_code_of_an_edit_says_which_turns_are_paid_for_again(shell, gateway):
    magics = magics_of(shell)
    magics.store = "off"
    chat = magics.session.client().chat("nano-banana-2")
    chat.send("a cat")
    magics.session.keep(chat.send("at night"))
    assert said(shell, "%gemini code").count("# This turn is not in the store") == 1


# --- probe


def test_a_probe_says_its_cost_and_sends_nothing_until_told(shell, gateway):
    assert "$0.548" in said(shell, "%gemini probe")
    assert gateway.posts == 0
    done = run(shell, "%gemini probe --yes nano-banana-2 nano-banana-pro")
    assert "2 pictures" in done.stdout
    assert [row[:3] for row in done.result.rows] == [
        ("gemini-3.1-flash-image-preview", "200", "inlineData"),
        ("gemini-3-pro-image-preview", "200", "inlineData"),
    ]
    assert gateway.posts == 2


def test_a_probe_asks_although_the_picture_is_stored(shell, gateway, store):
    run(shell, "%gemini_image -q 'a red square on white'")
    run(shell, "%gemini probe --yes nano-banana-2")
    assert gateway.posts == 2
    assert len(list(store.records())) == 1


def test_an_offline_probe_runs_at_once(shell):
    done = run(shell, "%gemini probe nano-banana")
    assert "at no cost" in done.stdout
    assert "data URI (PNG)" in str(done.result)


def test_a_locked_course_is_not_probed(shell, gateway, monkeypatch):
    monkeypatch.setenv("GEMINI_NB_REPLAY", "only")
    assert "ReplayMissError" in refused(shell, "%gemini probe --yes")
    assert gateway.posts == 0


# --- doctor


def test_doctor_names_versions_front_end_and_store(shell):
    text = said(shell, "%gemini doctor")
    for name in ("gemini_nb", "Python", "IPython", "ipykernel", "ipywidgets", "httpx", "Pillow"):
        assert re.search(rf"{name} \d+\.\d+", text)
    assert "front end    a terminal" in text
    assert "made with the first picture" in text
    assert "nothing to reach" in text


def test_doctor_connects_to_the_provider_and_sends_nothing(shell, gateway):
    assert f"reachable    yes: 127.0.0.1 accepts connections on port {gateway.port}" in said(
        shell, "%gemini doctor"
    )
    assert (gateway.posts, gateway.gets) == (0, 0)


def test_doctor_says_that_a_server_is_not_there(shell, gateway):
    with Gateway() as gone:
        magics_of(shell).base_url = gone.url
    assert "reachable    NO: 127.0.0.1" in said(shell, "%gemini doctor")


def test_doctor_says_that_a_server_does_not_speak_tls(shell, gateway):
    magics_of(shell).base_url = gateway.url.replace("http:", "https:")
    assert "reachable    NO: 127.0.0.1" in said(shell, "%gemini doctor")


def test_doctor_does_not_go_around_a_proxy_and_names_its_variable_only(shell, monkeypatch):
    monkeypatch.setenv("CRAZYROUTER_API_KEY", "a-key-of-tests")
    monkeypatch.setenv("https_proxy", "http://proxy.invalid:3128")
    text = said(shell, "%gemini doctor")
    assert "not tried: a proxy is set" in text
    assert "https_proxy" in text
    assert "proxy.invalid" not in text


def test_doctor_tells_our_variables_and_keeps_what_it_does_not_know(shell, monkeypatch):
    monkeypatch.setenv("GEMINI_NB_REPLAY", "refresh")
    monkeypatch.setenv("GEMINI_NB_TOKEN", "something")
    text = said(shell, "%gemini doctor")
    assert "GEMINI_NB_REPLAY=refresh" in text
    assert "GEMINI_NB_TOKEN (set)" in text
    assert "something" not in text


def test_doctor_says_that_the_store_cannot_be_written(shell, tmp_path):
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "file").chmod(0o755)
    magics_of(shell).store = str(tmp_path / "file" / "store")
    assert "writable     NO" in said(shell, "%gemini doctor")


# --- the house as a whole


def test_loading_the_extension_loads_none_of_it():
    code = (
        "import sys; from IPython.core.interactiveshell import InteractiveShell; import gemini_nb\n"
        "gemini_nb.load_ipython_extension(InteractiveShell.instance())\n"
        "print([name for name in sys.modules if name.endswith(('.house', '.doctor', '.table', '.probe'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
