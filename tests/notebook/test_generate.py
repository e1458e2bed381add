"""`%%gemini_image` and `%gemini_image` in a real shell: one picture, grids of them, and words that stream."""

from __future__ import annotations

import pytest

from gemini_nb import Generation
from gemini_nb.batch.result import Batch
from support.gateway import Answer, Gateway
from support.html_tags import Tags
from support.images import noise_png
from support.replies import inline, reply
from support.shells import a_shell, prompt_of

PNG = noise_png(3000)


def test_a_prompt_in_a_cell_becomes_a_picture(shell, gateway):
    done = shell.run("%%gemini_image hero -m nano-banana-pro -a 16:9 -z 2K\na red square\n")
    assert isinstance(done.result, Generation)
    assert done.result is shell.names["hero"] is shell.names["_"]
    sent = gateway.requests[0]
    assert sent.path == "/v1beta/models/gemini-3-pro-image-preview:generateContent"
    assert sent.json["contents"][0]["parts"][0]["text"] == "a red square"
    assert sent.json["generationConfig"]["imageConfig"] == {"aspectRatio": "16:9", "imageSize": "2K"}


def test_the_line_form_gives_a_value(shell, gateway):
    done = shell.run('pic = %gemini_image -m nano-banana-2 "a red square"\npic.image.data')
    assert done.result == PNG


def test_the_picture_is_drawn_with_its_prompt_as_alt_text(shell, gateway):
    done = shell.run('%%gemini_image\na "red" <b>square</b> & 🟥')
    bundle = done.result._repr_mimebundle_()
    assert 'alt="a &quot;red&quot; &lt;b&gt;square&lt;/b&gt; &amp; 🟥"' in bundle["text/html"]
    assert set(bundle) == {"text/html", "image/jpeg", "text/plain"}
    assert done.result.image.sha256[:12] in bundle["text/plain"]


def test_quiet_assigns_and_shows_nothing(shell, gateway):
    done = shell.run("%%gemini_image hero -q\na red square")
    assert done.result is None
    assert shell.names["hero"].image.data == PNG


def test_full_embeds_the_original(shell, gateway):
    from base64 import b64encode

    done = shell.run("%%gemini_image --full\na red square")
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
    done = shell.run(f"%%gemini_image\n{PROMPTS[kind]}\n")
    assert done.error is None
    assert gateway.requests[0].json["contents"][0]["parts"][0]["text"] == PROMPTS[kind]


def test_a_test_runners_comment_is_no_part_of_the_prompt(shell, gateway):
    shell.run("%%gemini_image\n# NBVAL_IGNORE_OUTPUT\na red square")
    assert gateway.requests[0].json["contents"][0]["parts"][0]["text"] == "a red square"


def test_on_failure_a_name_keeps_its_old_value():
    with Gateway(Answer({"error": {"message": "no"}}, status=400)) as gateway, a_shell(gateway.url) as shell:
        shell.names["hero"] = "old"
        assert shell.run("%%gemini_image hero\na red square").error is not None
        assert shell.names["hero"] == "old"


def test_two_takes_of_two_models_are_a_grid_and_a_batch(shell, gateway, tmp_path):
    done = shell.run("%%gemini_image four -m nano-banana-2 -m nano-banana-pro -n 2\na cat")
    assert isinstance(done.result, Batch)
    assert done.result is shell.names["four"]
    assert gateway.posts == 4
    assert done.result._repr_mimebundle_()["text/html"].count("<img") == 4
    frame = done.result.to_frame()
    assert list(frame["take"]) == [0, 1, 0, 1]
    assert list(frame["path"]) == [str(made.path.relative_to(tmp_path)) for made in done.result.generations]
    assert all(made.path.read_bytes() == PNG for made in done.result.generations)


def test_a_grid_knows_how_long_it_took_and_what_it_cost(shell, gateway):
    batch = shell.run("%%gemini_image -n 2 -m nano-banana-2\na cat").result
    assert batch.seconds > 0
    assert batch.heading.startswith("2 pictures: 2 made · $0.134 by estimate")


def test_rows_of_a_frame_become_pictures(shell, gateway):
    shell.run("import pandas; cities = pandas.DataFrame({'city': ['Łódź', 'Oslo'], 'n': [1, 2]})")
    done = shell.run("%%gemini_image --each cities --vary when\n{{city}} {{n}} {{when}}")
    assert "no variable" in str(done.error)
    shell.names["when"] = ["by day", "at night"]
    done = shell.run("%%gemini_image --each cities --vary when\n{{city}} {{n}} {{when}}")
    assert {prompt_of(request) for request in gateway.requests} == {
        "Łódź 1 by day", "Łódź 1 at night", "Oslo 2 by day", "Oslo 2 at night",
    }  # fmt: skip
    assert list(done.result.to_frame(with_source=True)["city"]) == ["Łódź", "Łódź", "Oslo", "Oslo"]


def test_equal_requests_are_asked_once_and_shown_in_each_place(shell, gateway):
    shell.names["x"] = ["cat", "cat", "dog"]
    made = shell.run("%%gemini_image --vary x\na {{x}}").result
    assert gateway.posts == 2
    assert len(made.generations) == 3


def failing(request):
    return Answer(status=400) if "bad" in prompt_of(request) else Answer(reply(inline(PNG)))


@pytest.mark.parametrize(
    ("values", "option", "fails"),
    [
        (["good", "bad"], "", False),
        (["good", "bad"], "--strict", True),
        (["bad", "bad 2"], "", True),
        (["good"], "--strict", False),
    ],
)
def test_a_grid_fails_if_all_failed_or_if_strict_any_and_is_assigned_all_the_same(values, option, fails):
    with Gateway(failing) as gateway, a_shell(gateway.url) as shell:
        shell.names["x"] = values
        done = shell.run(f"%%gemini_image grid --vary x {option}\n{{{{x}}}}")
    assert (done.error is not None) == fails
    assert len(shell.names["grid"].generations) == values.count("good")
    if fails:
        bad = len(values) - values.count("good")
        assert f"{bad} of {len(values)} pictures failed" in str(done.error)
        assert (bad > 1) == ("The first: " in str(done.error))
        assert "pictures failed" not in str(shell.names["grid"].errors[0])
        assert f"{bad} failed" in done.stdout  # the grid is shown, though the cell fails


def test_a_grid_above_max_images_is_refused_unless_max_cost_covers_it(shell, gateway):
    shell.run("%config GeminiMagics.max_images = 2")
    assert "max_images is 2" in str(shell.run("%%gemini_image -n 3\na cat").error)
    assert "the limit is $0.100" in str(shell.run("%%gemini_image -n 3 --max-cost 0.1\na cat").error)
    assert gateway.posts == 0
    assert shell.run("%%gemini_image -n 3 --max-cost 0.3\na cat").error is None
    assert gateway.posts == 3
    assert shell.run("%%gemini_image -n 3 --max-cost 0\na cat").error is None  # all are stored


def test_a_dry_run_sends_nothing_and_needs_no_key(keyless):
    for store in ("", "off"):
        keyless.magics.store, keyless.magics.provider = store, "crazyrouter"
        done = keyless.run("%%gemini_image hero -n 2 --dry-run\na cat")
        assert done.error is None
        assert done.result is None
        assert "2 pictures would be requested from crazyrouter" in done.stdout
        assert "$0.134" in done.stdout
    assert "hero" not in keyless.names


def test_a_stream_ends_in_the_ordinary_result(streaming):
    shell, gateway = streaming
    streamed = shell.run("%%gemini_image hero --stream\na red square").result
    whole = shell.run("%%gemini_image --text\na red square").result
    assert gateway.posts == 1
    assert (streamed.digest, streamed.text, streamed.image) == (whole.digest, whole.text, whole.image)
    assert streamed is shell.names["hero"]
    assert gateway.requests[0].query["alt"] == "sse"


def test_the_words_of_a_stream_are_shown_once(streaming):
    shell, _ = streaming
    done = shell.run("%%gemini_image --stream\na red square")
    assert (done.stdout.count("Here is a red square."), done.shown) == (1, [])
    assert done.result._repr_mimebundle_()["text/html"].count("Here is a red square.") == 1


def test_a_line_magic_streams(streaming):
    shell, _ = streaming
    assert shell.run('%gemini_image --stream "a red square"').result.text == "Here is a red square."


@pytest.mark.parametrize("options", ["-n 2", "-m nano-banana-2 -m nano-banana-pro"])
def test_a_stream_is_of_one_picture(streaming, options):
    shell, gateway = streaming
    done = shell.run(f"%%gemini_image --stream {options}\na red square")
    assert "one picture" in str(done.error)
    assert gateway.posts == 0


@pytest.mark.parametrize("store", ["pictures", ".pictures"])
def test_the_original_in_a_visible_store_is_linked_before_and_after_a_replay(
    shell, store, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    shell.run(f"%config GeminiMagics.store = {store!r}")
    for cell in ["%%gemini_image\na cat"] * 2 + ["%%gemini_image -n 2\na cat"]:
        page = shell.run(cell).result._repr_mimebundle_()["text/html"]
        links = [link["href"] for link in Tags(page).all("a")]
        linked = [tmp_path / link for link in links if not link.startswith("data:")]
        assert all(file.read_bytes() == PNG for file in linked)
        assert len(linked) == (page.count("<img") if store == "pictures" else 0)
