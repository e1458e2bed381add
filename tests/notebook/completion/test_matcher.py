"""Completion as IPython asks for it: matchers, the hook of IPython 7, and a real kernel."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from gemini_nb import models
from gemini_nb.notebook.completion import matcher
from support.kernels import connected, kernel_manager


def test_completion_is_taken_back_without_a_trace(bare):
    before = footprint(bare)
    matcher.install(bare, bare.magics_manager.registry["GeminiMagics"].session)
    matcher.install(bare, bare.magics_manager.registry["GeminiMagics"].session)
    assert len(bare.Completer.custom_matchers) == before[0] + 1
    matcher.remove(bare)
    assert footprint(bare) == before


def footprint(shell):
    hooks = shell.strdispatchers["complete_command"]
    return len(shell.Completer.custom_matchers), set(hooks.strs), set(hooks.regexs)


def test_a_matcher_of_somebody_else_stays(bare):
    def other(text):
        return []

    bare.Completer.custom_matchers.append(other)
    matcher.install(bare, bare.magics_manager.registry["GeminiMagics"].session)
    matcher.remove(bare)
    assert bare.Completer.custom_matchers == [other]
    bare.Completer.custom_matchers.clear()


def test_installing_loads_nothing_but_itself():
    source = (
        "import sys; from IPython.core.interactiveshell import InteractiveShell;"
        "shell = InteractiveShell(); before = set(sys.modules);"
        "from gemini_nb.notebook.completion import matcher; matcher.install(shell, None);"
        "print(sorted(set(sys.modules) - before - {'__future__'})); shell.history_manager.end_session()"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    folders = ["gemini_nb", "gemini_nb._version", "gemini_nb.notebook", "gemini_nb.notebook.completion"]
    assert done.stdout.strip() == str([*folders, "gemini_nb.notebook.completion.matcher"])


class OldShell:
    """As much of IPython 7's shell as its command hook meets."""

    user_ns_hidden: dict = {}  # noqa: RUF012

    def __init__(self, **names):
        self.user_ns = names


NANO = "gemini-nano-banana-2.1"


OLD = {
    "option": ("%%gemini_image --mo¦", "--mo", ["--model"]),
    "ratio split at its colon": ("%%gemini_image -a 16:¦", "", ["9"]),
    "ratio split, then begun": ("%%gemini_image -a 16:9¦", "9", ["9"]),
    "alias behind an equals sign": ("%gemini_image --model=gemini-nano-¦", "gemini-nano-", [NANO]),
    "alias joined": ("p = %gemini_image -mnano-banana-p¦", "-mnano-banana-p", ["-mnano-banana-pro"]),
    "attribute": ("%gemini_image {{place.n¦", "place.n", ["place.name"]),
    "path that must be quoted": ("%%gemini_image -i a,b¦", "b", []),
    "nothing": ("%%gemini_image --zz¦", "--zz", []),
}  # fmt: skip


@pytest.mark.parametrize("case", OLD)
def test_the_hook_of_ipython_7_completes_its_own_last_word(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a,b c.png").write_bytes(b"")
    line, symbol, expected = OLD[case]
    before = line.partition("¦")[0]
    event = SimpleNamespace(line=line.replace("¦", ""), text_until_cursor=before, symbol=symbol)
    session = SimpleNamespace(defaults=SimpleNamespace(model=models.DEFAULT_MODEL))
    shell = OldShell(place=SimpleNamespace(name="x"))
    assert matcher._make_hook(session)(shell, event) == expected


@pytest.fixture(scope="module")
def kernel():
    with (
        kernel_manager(extra_arguments=["--HistoryManager.enabled=False"]) as manager,
        connected(manager) as client,
    ):
        client.execute_interactive(
            "%load_ext gemini_nb\n"
            "from gemini_nb.notebook.completion import matcher\n"
            "matcher.install(get_ipython(), get_ipython().magics_manager.registry['GeminiMagics'].session)\n"
            "city = 'Oslo'"
        )
        yield client


MESSAGES = {
    "ratio": ("%%gemini_image -a 16:¦\na red square", "16:", ["16:9"]),
    "field": ("%%gemini_image\na view of 🗼 {{ci¦}}", "ci", ["city"]),
    "option": ("x = 1\npic = %gemini_image --mod¦", "--mod", ["--model"]),
    "search": ("%%gemini_image --search ¦\na red square", "", ["web", "image", "both"]),
    "search of an edit": ("%%gemini_edit --search i¦\nbluer", "i", ["image"]),
    "thinking level": ("pic = %gemini_image --thinking=h¦", "h", ["high"]),
    "thinking level of a model": ("%%gemini_image -m nano-banana-2.1 --thinking me¦", "me", ["medium"]),
    "text of a variable": ("%%gemini_image --system ci¦\na red square", "ci", ["city"]),
    "seed, by its name": ("%%gemini_image --se¦", "--se", ["--search", "--seed"]),
    "threshold": ("%%gemini_image --safety only¦", "only", ["only_high"]),
    "threshold of a category": (
        "%%gemini_image --safety harassment=n¦", "harassment=n", ["harassment=none"],
    ),
    "setting": ("%%gemini_image -c temp¦", "temp", ["temperature="]),
    "setting in an object": (
        "%%gemini_edit -c imageConfig.p¦", "imageConfig.p", ["imageConfig.personGeneration="],
    ),
    "value of a setting": (
        "%%gemini_image -c mediaResolution=¦", "mediaResolution=",
        [f"mediaResolution=MEDIA_RESOLUTION_{name}" for name in ("LOW", "MEDIUM", "HIGH")],
    ),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:Kernel is running over TCP:RuntimeWarning")
@pytest.mark.parametrize("case", MESSAGES)
def test_a_front_end_is_told_what_to_replace(kernel, case):
    source, fragment, expected = MESSAGES[case]
    code, at = source.replace("¦", ""), source.index("¦")
    content = kernel.complete(code, at, reply=True, timeout=60)["content"]
    assert content["matches"] == expected
    assert code[content["cursor_start"] : content["cursor_end"]] == fragment
