"""The magics in a real IPython shell; `tests/notebook/test_kernel.py` drives them in a real kernel."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from gemini_nb import Generation
from gemini_nb.batch.result import Batch
from gemini_nb.providers.provider import PROVIDERS
from support.gateway import Answer, Gateway
from support.images import noise_png
from support.replies import inline, reply
from support.shells import a_shell, prompt_of

PNG = noise_png(3000)


@pytest.fixture
def gateway():
    with Gateway(Answer(reply(inline(PNG)))) as gateway:
        yield gateway


@pytest.fixture
def shell(gateway):
    with a_shell(gateway.url) as shell:
        yield shell


@pytest.fixture
def keyless():
    with a_shell() as shell:
        yield shell


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


def test_a_variable_and_a_file_are_input_images(shell, gateway, tmp_path):
    (tmp_path / "a.png").write_bytes(PNG)
    shell.names["photo"] = PNG
    shell.run(f"%%gemini_image -i photo -i {tmp_path}/a.png\nmix them")
    parts = gateway.requests[0].json["contents"][0]["parts"]
    assert [part.get("inlineData", {}).get("mimeType") for part in parts] == [None, "image/png", "image/png"]


def test_save_writes_the_original_bytes(shell, gateway, tmp_path):
    shell.run(f"%%gemini_image -s {tmp_path}/hero.png\na red square")
    assert (tmp_path / "hero.png").read_bytes() == PNG


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
    done = shell.run(source)
    assert message in str(done.error)
    assert len(str(done.error).splitlines()) <= 3
    assert gateway.posts == 0


def test_an_existing_target_is_refused_before_anything_is_paid_for(shell, gateway, tmp_path):
    (tmp_path / "hero.png").write_text("mine")
    done = shell.run(f"%%gemini_image -s {tmp_path}/hero.png\na red square")
    assert "exists already" in str(done.error)
    assert (tmp_path / "hero.png").read_text() == "mine"
    assert gateway.posts == 0


def test_on_failure_a_name_keeps_its_old_value():
    with Gateway(Answer({"error": {"message": "no"}}, status=400)) as gateway, a_shell(gateway.url) as shell:
        shell.names["hero"] = "old"
        assert shell.run("%%gemini_image hero\na red square").error is not None
        assert shell.names["hero"] == "old"


def test_an_error_is_one_message_and_no_traceback(shell):
    done = shell.run("%%gemini_image -a 16x9\na")
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stdout.startswith("ArgumentError: '16x9' is no aspect ratio.")


def test_without_a_key_it_paints_offline_and_says_so_once(keyless):
    first, second = (keyless.run("%%gemini_image\na red square") for _ in range(2))
    assert first.result.provider == second.result.provider == "offline"
    assert "CRAZYROUTER_API_KEY" in first.stdout
    assert "CRAZYROUTER_API_KEY" not in second.stdout


def test_a_wrong_key_is_an_error_and_never_a_painting():
    refusal = Answer({"error": {"code": "invalid_api_key", "message": "no"}}, status=401)
    with Gateway(refusal) as gateway, a_shell(gateway.url) as shell:
        done = shell.run("%%gemini_image\na red square")
    assert type(done.error).__name__ == "AuthenticationError"
    assert "CRAZYROUTER_API_KEY" in str(done.error)


def test_an_unknown_model_is_passed_on_and_said_in_a_line(shell, gateway):
    done = shell.run("%%gemini_image -m gemini-99-image\na red square")
    assert "not in the catalogue" in done.stdout
    assert "Warning" not in done.stderr
    assert gateway.requests[0].path.endswith("gemini-99-image:generateContent")


def test_help_is_shown_and_is_no_error(shell):
    done = shell.run("%gemini_image --help")
    assert done.error is None
    assert "--aspect-ratio" in done.stdout


@pytest.mark.parametrize("word", ["", "models", "status"])
def test_the_house_answers(shell, word):
    done = shell.run(f"%gemini {word}")
    assert done.error is None
    assert done.stdout


def test_status_says_where_the_key_is_from_and_no_part_of_it(shell, monkeypatch):
    monkeypatch.setenv("GOOGLE_API_KEY", "abcdefgh-ijklmnop")
    said = shell.run("%gemini status").stdout
    assert "GOOGLE_API_KEY" in said
    assert not any("abcdefgh-ijklmnop"[i : i + 4] in said for i in range(14))


def test_a_default_is_a_trait(shell, gateway):
    shell.run("%config GeminiMagics.model = 'nano-banana-pro'")
    shell.run("%%gemini_image\na red square")
    assert "gemini-3-pro-image-preview" in gateway.requests[0].path


def test_unload_leaves_nothing_behind():
    with a_shell() as shell:
        shell.run("%unload_ext gemini_nb")
        without = footprint(shell.shell)
        shell.run("%load_ext gemini_nb")
        assert footprint(shell.shell) != without
        shell.run("%unload_ext gemini_nb")
        assert footprint(shell.shell) == without == ([], [], without[2])


def test_reload_appends_no_second_instance(keyless):
    before = footprint(keyless.shell)
    keyless.run("%reload_ext gemini_nb")
    keyless.run("%reload_ext gemini_nb")
    assert footprint(keyless.shell) == before


def footprint(shell):
    """Everything of ours that IPython keeps; it loads magics of its own when they are first needed."""
    manager = shell.magics_manager
    tables = (manager.magics["line"], manager.magics["cell"], manager.registry)
    return (
        [name for table in tables for name in sorted(table) if "gemini" in name.lower()],
        [type(one).__name__ for one in shell.configurables if "Gemini" in type(one).__name__],
        len(shell.Completer.custom_matchers),
    )


SOURCES = {
    "PIL": "from PIL import Image; x = Image.new('RGB', (4, 4))",
    "NumPy bytes": "import numpy; x = numpy.zeros((4, 4, 3), 'uint8')",
    "NumPy floats": "import numpy; x = numpy.full((4, 4), 0.5)",
    "Matplotlib": "from matplotlib.figure import Figure; x = Figure(figsize=(1, 1))",
    "bytes": "x = PNG",
    "picture": "x = made.image",
    "result": "x = made",
    "path": "from pathlib import Path; x = Path('a.png')",
    "name of a file": "x = 'a.png'",
    "link": "x = link",
}


@pytest.mark.parametrize("kind", SOURCES)
def test_a_variable_of_any_kind_is_an_input_image(shell, gateway, tmp_path, kind):
    (tmp_path / "a.png").write_bytes(PNG)
    gateway.files["/a.png"] = (PNG, "image/png")
    shell.names.update(PNG=PNG, made=shell.run("%gemini_image a cat").result, link=f"{gateway.url}/a.png")
    assert shell.run(SOURCES[kind]).error is None
    assert shell.run("%%gemini_image -i x\nmore of it").error is None
    parts = [request for request in gateway.requests if request.method == "POST"][1].json["contents"][0][
        "parts"
    ]
    assert [part.get("inlineData", {}).get("mimeType") for part in parts] == [None, "image/png"]


def test_the_last_result_is_an_input_image_by_its_underscore(shell, gateway):
    shell.run("%%gemini_image\na cat")
    assert shell.run("%%gemini_image -i _\nat night").error is None
    assert len(gateway.requests[1].json["contents"][0]["parts"]) == 2


def test_a_batch_is_all_of_its_pictures(shell, gateway):
    shell.run("%%gemini_image both -n 2\na cat")
    shell.run("%%gemini_image -i both\nmix them")
    assert len(gateway.requests[2].json["contents"][0]["parts"]) == 3


def test_a_name_that_is_a_variable_and_a_file_is_the_variable_and_that_is_said(shell, gateway, tmp_path):
    (tmp_path / "photo").write_bytes(b"no picture")
    shell.names["photo"] = PNG
    done = shell.run("%%gemini_image -i photo\nx")
    assert done.error is None
    assert "write ./photo for the file" in done.stdout
    assert "is not a PNG" in str(shell.run("%%gemini_image -i ./photo\nx").error)


BAD_SOURCES = {
    "text file": ("-i a.txt", "is not a PNG"),
    "folder": ("-i folder", "Is a directory"),
    "number": ("-i n", "-i n: A int cannot be an input image"),
    "empty underscore": ("-i none", "-i none: A NoneType cannot be"),
    "NaN": ("-i nan", "without NaN"),
    "shape": ("-i flat", "height × width"),
    "NUL": ("-i a\0b", "no variable and no file"),
    "long": (f"-i {'x' * 5000}", "no variable and no file"),
    "private link": ("-i https://127.0.0.1:1/a.png", "could not be fetched"),
    "no link": ("-i http://public.invalid/a.png", "could not be fetched"),
    "too many for the model": ("-m nano-banana -i four", "takes at most 3 input images, not 4"),
}


@pytest.mark.parametrize("case", BAD_SOURCES)
def test_a_bad_input_image_is_said_before_any_request(shell, gateway, tmp_path, case):
    import numpy as np

    options, message = BAD_SOURCES[case]
    (tmp_path / "a.txt").write_text("no picture")
    (tmp_path / "folder").mkdir()
    shell.names.update(n=7, none=None, nan=np.full((4, 4), np.nan), flat=np.zeros(9), four=[PNG] * 4)
    done = shell.run(f"%%gemini_image {options}\nx")
    assert message in str(done.error)
    assert len(str(done.error)) < 600
    assert gateway.posts == 0


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


def test_rows_of_a_frame_become_pictures(shell, gateway):
    shell.run("import pandas; cities = pandas.DataFrame({'city': ['Łódź', 'Oslo'], 'n': [1, 2]})")
    done = shell.run("%%gemini_image --each cities --vary when\n{{city}} {{n}} {{when}}")
    assert "no variable" in str(done.error)
    shell.names["when"] = ["by day", "at night"]
    done = shell.run("%%gemini_image --each cities --vary when\n{{city}} {{n}} {{when}}")
    assert {prompt_of(request) for request in gateway.requests} == {
        "Łódź 1 by day", "Łódź 1 at night", "Oslo 2 by day", "Oslo 2 at night",
    }  # fmt: skip
    assert list(done.result.to_frame()["city"]) == ["Łódź", "Łódź", "Oslo", "Oslo"]


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
        assert f"{bad} of {len(values)} pictures failed. The first: " in str(done.error)
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
        assert "2 pictures would be asked of crazyrouter" in done.stdout
        assert "$0.134" in done.stdout
    assert "hero" not in keyless.names


def test_pictures_of_a_grid_are_saved_under_telling_names(shell, gateway, tmp_path):
    shell.names["x"] = ["cat", "dog"]
    made = shell.run("%%gemini_image --vary x -s out/\na {{x}}").result
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a-cat-cat.png", "a-dog-dog.png"]
    assert [row["path"] for row in made.rows()] == ["out/a-cat-cat.png", "out/a-dog-dog.png"]


SAVING = {
    "%%gemini_image -s hero.png\na": ["hero.png"],
    "%%gemini_image -s hero\na": ["hero.png"],
    "%%gemini_image -s out/\na cat": ["out/a-cat.png"],
    "%%gemini_image -n 2 -s out/\na": ["out/a-take-0.png", "out/a-take-1.png"],
}


@pytest.mark.parametrize("cell", SAVING)
def test_a_cell_that_saves_can_be_run_again_and_saves_once(shell, gateway, tmp_path, cell):
    first, second = (shell.run(cell) for _ in range(2))
    assert first.error is second.error is None
    assert gateway.posts == len(SAVING[cell])
    assert (
        sorted(
            str(path.relative_to(tmp_path))
            for path in tmp_path.glob("**/*.png")
            if ".gemini_nb" not in path.parts
        )
        == SAVING[cell]
    )


def test_another_picture_is_never_overwritten_though_it_could_be_replayed(shell, gateway, tmp_path):
    shell.run("%%gemini_image\na red square")
    (tmp_path / "hero.png").write_text("mine")
    assert "exists already" in str(shell.run("%%gemini_image -s hero.png\na red square").error)
    assert (tmp_path / "hero.png").read_text() == "mine"


def test_a_grid_whose_folder_is_gone_bad_is_assigned_and_says_so(shell, tmp_path, gateway):
    if os.geteuid() == 0:
        (tmp_path / "out").symlink_to(tmp_path / "out")
    else:
        (tmp_path / "out").mkdir(mode=0o500)
    done = shell.run("%%gemini_image two -n 2 -s out/deep/\na cat")
    assert type(done.error).__name__ == "SaveError"
    assert len(shell.names["two"].generations) == 2


def test_a_function_sees_its_own_variables_in_a_prompt_and_a_loop_its(shell, gateway):
    shell.run(
        "city = 'outside'\ndef paint(city):\n    made = %gemini_image a view of {{city}}\n    return made"
    )
    made = shell.run("[paint(city).prompt for city in ('Łódź', 'Oslo')]").result
    assert made == ["a view of Łódź", "a view of Oslo"]
    shell.run(
        "pics = []\nfor n in range(2):\n    pic = %gemini_image -i mine number {{n}}\n    pics.append(pic)"
    )
    assert "no variable" in str(shell.run("%gemini_image -i mine x").error)
    shell.run("def edit():\n    mine = PNG\n    made = %gemini_image -i mine x\n    return made")
    shell.names["PNG"] = PNG
    assert shell.run("edit().request.images[0].data == PNG").result is True


GOOD_DEFAULTS = {
    "model": "nano-banana-pro",
    "aspect_ratio": "16:9",
    "image_size": "2K",
    "replay": "off",
    "provider": "google",
    "base_url": "http://127.0.0.1:8765",
    "timeout": 5.0,
    "preview_width": 300,
    "max_cost": None,
    "max_images": 7,
    "store": "elsewhere",
}


@pytest.mark.parametrize("name", GOOD_DEFAULTS)
def test_every_default_can_be_set_and_outlives_a_reload(keyless, name):
    keyless.run(f"%config GeminiMagics.{name} = {GOOD_DEFAULTS[name]!r}")
    keyless.run("%reload_ext gemini_nb")
    assert getattr(keyless.magics, name) == GOOD_DEFAULTS[name]


@pytest.mark.parametrize("name", [*PROVIDERS, "auto"])
def test_whoever_can_be_asked_can_be_the_default(keyless, name):
    keyless.magics.provider = name
    assert keyless.magics.session.provider_name() == name


BAD_DEFAULTS = {
    "model": "nano banana",
    "aspect_ratio": "16x9",
    "image_size": "huge",
    "replay": "never",
    "provider": "gogle",
    "base_url": "http://example.com",
    "timeout": "long",
    "preview_width": 5,
    "max_cost": -1.0,
    "max_images": 0,
    "store": 7,
}


@pytest.mark.parametrize("name", BAD_DEFAULTS)
def test_a_bad_default_is_said_and_the_old_one_stays_for_the_next_load_too(keyless, name):
    if name != "max_cost":
        keyless.run(f"%config GeminiMagics.{name} = {GOOD_DEFAULTS[name]!r}")
    old = getattr(keyless.magics, name)
    done = keyless.run(f"%config GeminiMagics.{name} = {BAD_DEFAULTS[name]!r}")
    assert done.stdout.startswith(f"GeminiMagics.{name}: ")
    assert done.stdout.endswith(f"It stays {old!r}.\n")
    assert done.stderr == ""
    assert keyless.run("%reload_ext gemini_nb").stdout == ""
    assert getattr(keyless.magics, name) == old


def test_a_bad_default_of_the_configuration_is_said_at_the_first_load_only(keyless):
    keyless.run("%unload_ext gemini_nb")
    keyless.shell.config.GeminiMagics.timeout = "long"
    keyless.shell.config.GeminiMagics.model = "nano-banana-pro"
    assert keyless.run("%load_ext gemini_nb").stdout.startswith("GeminiMagics.timeout: expected a float")
    assert keyless.run("%reload_ext gemini_nb").stdout == ""
    assert (keyless.magics.timeout, keyless.magics.model) == (240.0, "nano-banana-pro")


def test_a_mistyped_default_is_said(keyless):
    done = keyless.run("%config GeminiMagics.modle = 'x'")
    assert done.stdout == "GeminiMagics.modle: there is no such default; did you mean model?\n"


def test_a_key_is_no_default_of_any_kind(keyless):
    done = keyless.run("%config GeminiMagics.model = 'AIzaSyA1234567890abcdefghijk'")
    assert "A key does not belong in a cell" in done.stdout
    assert "1234567890" not in done.stdout


def test_ipython_config_sets_defaults_and_a_bad_one_there_is_not_fatal(tmp_path):
    profile = tmp_path / "profile"
    profile.mkdir()
    (profile / "ipython_config.py").write_text(
        "c.GeminiMagics.timeout = 'long'\nc.GeminiMagics.model = 'nano-banana-pro'\n"
        "c.InteractiveShellApp.extensions = ['gemini_nb']\n"
    )
    code = "%config GeminiMagics.model"
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--profile-dir", str(profile), "--colors=NoColor", "-c", code],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    assert "GeminiMagics.timeout: expected a float, not the str 'long'. It stays 240.0." in done.stdout
    assert "'nano-banana-pro'" in done.stdout


def test_an_interrupt_between_requests_is_one_line_too(shell):
    shell.run("class Stop(list):\n    def __iter__(self): raise KeyboardInterrupt\nx = Stop([1])")
    done = shell.run("%%gemini_image --vary x\n{{x}}")
    assert type(done.error).__name__ == "Cancelled"
    assert "Traceback" not in done.stdout


def test_a_terminal_that_draws_gets_a_png_and_another_one_text(shell):
    made = shell.run("%gemini_image a cat").result
    formatter = shell.shell.display_formatter
    formatter.active_types = ["text/plain"]
    assert set(formatter.format(made)[0]) == {"text/plain", "text/html", "image/jpeg"}
    formatter.active_types = ["text/plain", "image/png"]
    shell.run("%reload_ext gemini_nb")
    shown = formatter.format(made)[0]
    assert shown["image/png"].startswith(b"\x89PNG") or shown["image/png"].startswith("iVBOR")
    shell.run("%unload_ext gemini_nb")
    assert "image/png" not in formatter.format(made)[0]
