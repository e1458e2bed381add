"""The magics in a real IPython shell; `tests/test_kernel.py` drives them in a real kernel."""

from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from gateway import Answer, Gateway
from gemini_nb import Generation
from pictures import noise_png
from replies import inline, reply

PNG = noise_png(3000)


@pytest.fixture
def shell():
    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "gemini_nb")
    yield shell
    shell.run_line_magic("unload_ext", "gemini_nb")
    shell.history_manager.end_session()
    shell.history_manager = None
    shell.restore_sys_module_state()


@pytest.fixture
def gateway(shell, monkeypatch):
    with Gateway(Answer(reply(inline(PNG)))) as gateway:
        monkeypatch.setenv("CRAZYROUTER_API_KEY", "a-key-of-tests")
        shell.magics_manager.registry["GeminiMagics"].base_url = gateway.url
        yield gateway


def run(shell, source):
    """Run a cell and return its result; `stdout` and `error` come with it."""
    with capture_output() as captured:
        done = shell.run_cell(source, store_history=True)
    done.stdout, done.stderr = captured.stdout, captured.stderr
    done.error = done.error_in_exec or done.error_before_exec
    return done


def test_a_prompt_in_a_cell_becomes_a_picture(shell, gateway):
    done = run(shell, "%%gemini_image hero -m nano-banana-pro -a 16:9 -z 2K\na red square\n")
    assert isinstance(done.result, Generation)
    assert done.result is shell.user_ns["hero"] is shell.user_ns["_"]
    sent = gateway.requests[0]
    assert sent.path == "/v1beta/models/gemini-3-pro-image-preview:generateContent"
    assert sent.json["contents"][0]["parts"][0]["text"] == "a red square"
    assert sent.json["generationConfig"]["imageConfig"] == {"aspectRatio": "16:9", "imageSize": "2K"}


def test_the_line_form_gives_a_value(shell, gateway):
    done = run(shell, 'pic = %gemini_image -m nano-banana-2 "a red square"\npic.image.data')
    assert done.result == PNG


def test_the_picture_is_drawn_with_its_prompt_as_alt_text(shell, gateway):
    done = run(shell, '%%gemini_image\na "red" <b>square</b> & 🟥')
    bundle = done.result._repr_mimebundle_()
    assert 'alt="a &quot;red&quot; &lt;b&gt;square&lt;/b&gt; &amp; 🟥"' in bundle["text/html"]
    assert set(bundle) == {"text/html", "image/jpeg", "text/plain"}
    assert done.result.image.sha256[:12] in bundle["text/plain"]


def test_a_variable_and_a_file_are_input_images(shell, gateway, tmp_path):
    (tmp_path / "a.png").write_bytes(PNG)
    shell.user_ns["photo"] = PNG
    run(shell, f"%%gemini_image -i photo -i {tmp_path}/a.png\nmix them")
    parts = gateway.requests[0].json["contents"][0]["parts"]
    assert [part.get("inlineData", {}).get("mimeType") for part in parts] == [None, "image/png", "image/png"]


def test_save_writes_the_original_bytes(shell, gateway, tmp_path):
    run(shell, f"%%gemini_image -s {tmp_path}/hero.png\na red square")
    assert (tmp_path / "hero.png").read_bytes() == PNG


def test_quiet_assigns_and_shows_nothing(shell, gateway):
    done = run(shell, "%%gemini_image hero -q\na red square")
    assert done.result is None
    assert shell.user_ns["hero"].image.data == PNG


def test_full_embeds_the_original(shell, gateway):
    from base64 import b64encode

    done = run(shell, "%%gemini_image --full\na red square")
    assert b64encode(PNG).decode() in done.result._repr_mimebundle_()["text/html"]


PROMPTS = {
    "JSON": '{"scene": {"subject": "a cat"}, "n": [1, 2]}',
    "braces": "a {name} and ${HOME} and $5",
    "LaTeX": r"$\frac{1}{2}$ of a pie",
    "ends in a semicolon": "a red square;",
    "question mark": "what is this?",
    "percent": "50% of %magic %%cells",
    "quotes": """it's "quoted" `here`""",
    "lines": "first\n\n  second\n\tthird",
    "backslashes": r"C:\new\table",
    "unicode": "日本語 🍌 \u202e rtl",
}


@pytest.mark.parametrize("kind", PROMPTS)
def test_a_cells_prompt_is_sent_as_it_was_typed(shell, gateway, kind):
    done = run(shell, f"%%gemini_image\n{PROMPTS[kind]}\n")
    assert done.error is None
    assert gateway.requests[0].json["contents"][0]["parts"][0]["text"] == PROMPTS[kind]


def test_a_test_runners_comment_is_no_part_of_the_prompt(shell, gateway):
    run(shell, "%%gemini_image\n# NBVAL_IGNORE_OUTPUT\na red square")
    assert gateway.requests[0].json["contents"][0]["parts"][0]["text"] == "a red square"


BAD = {
    "empty prompt": ("%%gemini_image\n   \n", "The prompt is empty"),
    "empty line": ("%gemini_image", "The prompt is empty"),
    "unknown option": ("%%gemini_image --modle x\na", "did you mean --model"),
    "option without value": ("%%gemini_image -m\na", "expected one argument"),
    "no name": ("%%gemini_image 2nd\na", "not a name to assign to"),
    "keyword": ("%%gemini_image class\na", "not a name to assign to"),
    "two names": ("%%gemini_image a b\na", "unexpected 'b'"),
    "malformed ratio": ("%%gemini_image -a 16x9\na", "no aspect ratio"),
    "malformed size": ("%%gemini_image -z huge\na", "no image size"),
    "unreadable source": ("%%gemini_image -i nowhere.png\na", "no variable and no file"),
    "source that is no picture": ("x = 7\n%gemini_image -i x a", "cannot be an input image"),
    "open quote": ("%gemini_image a cat's hat", "opened and not closed"),
    "width": ("%%gemini_image --width 5\na", "not a width"),
    "key as an option": ("%%gemini_image --api-key=abc\na", "does not belong in a cell"),
    "key as a word": ("%gemini key AIzaSyA1234567890abcdefghijk", "does not belong in a cell"),
    "unknown word": ("%gemini stauts", "Did you mean %gemini status"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_fails_the_cell_before_anything_is_sent(shell, gateway, case):
    source, message = BAD[case]
    done = run(shell, source)
    assert message in str(done.error)
    assert len(str(done.error).splitlines()) <= 3
    assert gateway.posts == 0


def test_an_existing_target_is_refused_before_anything_is_paid_for(shell, gateway, tmp_path):
    (tmp_path / "hero.png").write_text("mine")
    done = run(shell, f"%%gemini_image -s {tmp_path}/hero.png\na red square")
    assert "exists already" in str(done.error)
    assert (tmp_path / "hero.png").read_text() == "mine"
    assert gateway.posts == 0


def test_on_failure_a_name_keeps_its_old_value(shell, monkeypatch):
    shell.user_ns["hero"] = "old"
    with Gateway(Answer({"error": {"message": "no"}}, status=400)) as gateway:
        monkeypatch.setenv("CRAZYROUTER_API_KEY", "a-key-of-tests")
        shell.magics_manager.registry["GeminiMagics"].base_url = gateway.url
        done = run(shell, "%%gemini_image hero\na red square")
    assert done.error is not None
    assert shell.user_ns["hero"] == "old"


def test_an_error_is_one_message_and_no_traceback(shell):
    done = run(shell, "%%gemini_image -a 16x9\na")
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stdout.startswith("ArgumentError: '16x9' is no aspect ratio.")


def test_without_a_key_it_paints_offline_and_says_so_once(shell):
    first, second = (run(shell, "%%gemini_image\na red square") for _ in range(2))
    assert first.result.provider == second.result.provider == "offline"
    assert "CRAZYROUTER_API_KEY" in first.stdout
    assert "CRAZYROUTER_API_KEY" not in second.stdout


def test_a_wrong_key_is_an_error_and_never_a_painting(shell, monkeypatch):
    with Gateway(Answer({"error": {"code": "invalid_api_key", "message": "no"}}, status=401)) as gateway:
        monkeypatch.setenv("CRAZYROUTER_API_KEY", "a-wrong-key")
        shell.magics_manager.registry["GeminiMagics"].base_url = gateway.url
        done = run(shell, "%%gemini_image\na red square")
    assert type(done.error).__name__ == "AuthenticationError"
    assert "CRAZYROUTER_API_KEY" in str(done.error)


def test_an_unknown_model_is_passed_on_and_said_in_a_line(shell, gateway):
    done = run(shell, "%%gemini_image -m gemini-99-image\na red square")
    assert "not in the catalogue" in done.stdout
    assert "Warning" not in done.stderr
    assert gateway.requests[0].path.endswith("gemini-99-image:generateContent")


def test_help_is_shown_and_is_no_error(shell):
    done = run(shell, "%gemini_image --help")
    assert done.error is None
    assert "--aspect-ratio" in done.stdout


@pytest.mark.parametrize("word", ["", "models", "status"])
def test_the_house_answers(shell, word):
    done = run(shell, f"%gemini {word}")
    assert done.error is None
    assert done.stdout


def test_status_says_where_the_key_is_from_and_no_part_of_it(shell, monkeypatch):
    monkeypatch.setenv("GOOGLE_API_KEY", "abcdefgh-ijklmnop")
    said = run(shell, "%gemini status").stdout
    assert "GOOGLE_API_KEY" in said
    assert not any("abcdefgh-ijklmnop"[i : i + 4] in said for i in range(14))


def test_a_default_is_a_trait(shell, gateway):
    run(shell, "%config GeminiMagics.model = 'nano-banana-pro'")
    run(shell, "%%gemini_image\na red square")
    assert "gemini-3-pro-image-preview" in gateway.requests[0].path


def test_unload_leaves_nothing_behind():
    shell = InteractiveShell()
    before = footprint(shell)
    shell.run_line_magic("load_ext", "gemini_nb")
    assert footprint(shell) != before
    shell.run_line_magic("unload_ext", "gemini_nb")
    assert footprint(shell) == before
    shell.history_manager.end_session()


def test_reload_appends_no_second_instance(shell):
    before = footprint(shell)
    shell.run_line_magic("reload_ext", "gemini_nb")
    shell.run_line_magic("reload_ext", "gemini_nb")
    assert footprint(shell) == before


def footprint(shell):
    """Everything of ours that IPython keeps; it loads magics of its own when they are first needed."""
    manager = shell.magics_manager
    tables = (manager.magics["line"], manager.magics["cell"], manager.registry)
    return (
        [name for table in tables for name in sorted(table) if "gemini" in name.lower()],
        [type(one).__name__ for one in shell.configurables if "Gemini" in type(one).__name__],
        len(shell.Completer.custom_matchers),
    )


def test_a_bad_default_does_not_keep_the_extension_from_loading(capsys):
    shell = InteractiveShell()
    shell.config.GeminiMagics.timeout = "long"
    shell.config.GeminiMagics.model = "nano-banana-pro"
    shell.run_line_magic("load_ext", "gemini_nb")
    magics = shell.magics_manager.registry["GeminiMagics"]
    assert (magics.timeout, magics.model) == (240.0, "nano-banana-pro")
    assert "GeminiMagics.timeout" in capsys.readouterr().out
    shell.run_line_magic("unload_ext", "gemini_nb")
    shell.history_manager.end_session()
