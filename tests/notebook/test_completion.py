"""Tab in a real shell and a real kernel: what is offered, and what it would replace."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from jupyter_client.manager import start_new_kernel

from gemini_nb import models
from gemini_nb.notebook import options
from gemini_nb.notebook.completion import candidates, cursor, matcher, suggest
from support.images import png
from support.shells import put_away


@pytest.fixture(scope="module")
def bare():
    """A shell with the extension loaded and completion taken out again."""
    shell = InteractiveShell()
    shell.Completer.use_jedi = False  # it would be asked where we have nothing to say, and takes its time
    shell.run_line_magic("load_ext", "gemini_nb")
    matcher.remove(shell)
    yield shell
    shell.run_line_magic("unload_ext", "gemini_nb")
    put_away(shell)


@pytest.fixture
def shell(bare, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    matcher.install(bare, bare.magics_manager.registry["GeminiMagics"].session)
    names = set(bare.user_ns)
    yield bare
    matcher.remove(bare)
    for name in bare.user_ns.keys() - names:
        del bare.user_ns[name]


def pressed(shell, source):
    """What Tab offers at the ¦ of a source: pairs of what would be replaced and by what."""
    at = source.index("¦")
    source = source.replace("¦", "")
    with provisionalcompleter():
        found = list(shell.Completer.completions(source, at))
    return [(source[one.start : at], one.text) for one in found if one._origin == "gemini_nb"]


def offered(shell, source):
    return [text for _fragment, text in pressed(shell, source)]


ALIASES = [("nano-banana-", f"nano-banana-{end}") for end in ("2", "pro", "2-lite", "2.1")]
OFFERED = {
    "long option": ("%%gemini_image --mo¦", [("--mo", "--model")]),
    "short option": ("%%gemini_image -q¦", [("-q", "-q")]),
    "option in a line magic": ("%gemini_image --asp¦", [("--asp", "--aspect-ratio")]),
    "option of an edit": ("%%gemini_edit --n¦", [("--n", "--new")]),
    "option after an assignment": ("pic = %gemini_image --asp¦", [("--asp", "--aspect-ratio")]),
    "option after a name and a value": ("%%gemini_image hero -a 16:9 --mo¦", [("--mo", "--model")]),
    "after a blank line": ("\n\n%%gemini_image --mo¦", [("--mo", "--model")]),
    "in a later line of a cell": ("x = 1\npic = %gemini_image --mo¦", [("--mo", "--model")]),
    "with text behind": ("%%gemini_image --mo¦ -q\na red square", [("--mo", "--model")]),
    "alias": ("%%gemini_image -m nano-banana-p¦", [("nano-banana-p", "nano-banana-pro")]),
    "alias behind an equals sign": ("%%gemini_image --model=nano-banana-¦pro", ALIASES),
    "alias joined": ("%%gemini_image -mnano-banana-p¦", [("nano-banana-p", "nano-banana-pro")]),
    "alias in quotes": ('%%gemini_image -m "nano-banana-p¦', [("nano-banana-p", "nano-banana-pro")]),
    "alias in quotes that are closed": ('%%gemini_image -m "nano-banana-¦"', ALIASES),
    "ratio past its colon": ("%%gemini_image -a 16:¦", [("16:", "16:9")]),
    "ratio in a long option": ("%%gemini_image --aspect-ratio=16:¦", [("16:", "16:9")]),
    "size": ("%%gemini_image -z 2¦", [("2", "2K")]),
    "size in small letters": ("%%gemini_image -z 2k¦", [("2k", "2K")]),
    "size of a model": ("%%gemini_image -m nano-banana-2-lite -z ¦", [("", "1K")]),
    "size of a model that follows": ("%%gemini_image -z ¦ -m nano-banana-2-lite", [("", "1K")]),
    "sizes of a model without": ("%%gemini_image -m nano-banana -z ¦", []),
    "ratio no model of the line has": ("%%gemini_image -m nano-banana-2 -m nano-banana-pro -a 1:4¦", []),
    "word of the house": ("%gemini stat¦", [("stat", "status")]),
    "argument of a word": ("%gemini key f¦", [("f", "forget")]),
}  # fmt: skip


@pytest.mark.parametrize("case", OFFERED)
def test_what_begins_like_this_is_offered(shell, case):
    source, expected = OFFERED[case]
    assert pressed(shell, source) == expected


NOT_OFFERED = {
    "unknown option": "%%gemini_image --zz¦",
    "value of a number": "%%gemini_image --width ¦",
    "behind --": "%gemini_image -- --mo¦",
    "in a comment": "%%gemini_image # --mo¦",
    "behind a closed quote that holds an option": '%%gemini_image "--mo"¦',
    "behind a closed quote": '%%gemini_image -m "nano"¦',
    "the magic's own name": "%%gemini_im¦",
    "right behind the magic's name": "%%gemini_image¦",
    "another magic": "%%gemini_images --mo¦",
    "Python": "x = --mo¦",
    "a prompt": "%%gemini_image\na red --mo¦",
    "a magic in a prompt": "%%gemini_image\n%gemini_image --mo¦",
    "a prompt in a line": "%gemini_image a --model-like -q thing¦",
    "a magic under a cell magic": "%%time\n%%gemini_image --mo¦",
    "a quote just opened": '%gemini_image "¦',
    "a quote that begins within the value": '%%gemini_image --model=nano-"ban¦',
    "a quoted prompt": '%gemini_image "a --mo¦',
}


@pytest.mark.parametrize("case", NOT_OFFERED)
def test_elsewhere_nothing_is_offered(shell, case):
    assert pressed(shell, NOT_OFFERED[case]) == []


def test_every_option_of_the_parser_is_offered(shell):
    known = options.image_parser(cell=True)._option_string_actions
    assert offered(shell, "%%gemini_image ¦") == list(known)


def test_every_model_is_offered_with_the_default_first(shell):
    assert offered(shell, "%%gemini_image -m ¦") == models.names()
    assert offered(shell, "%%gemini_image -m ¦")[0] == models.DEFAULT_MODEL


def test_the_default_model_decides_which_ratios_there_are(shell):
    magics = shell.magics_manager.registry["GeminiMagics"]
    assert "8:1" in offered(shell, "%%gemini_image -a ¦")
    magics.model = "nano-banana"
    assert "8:1" not in offered(shell, "%%gemini_image -a ¦")
    magics.model = models.DEFAULT_MODEL


def test_an_unknown_model_has_the_ratios_of_the_default(shell):
    assert offered(shell, "%%gemini_image -m gemini-99 -a 8:¦") == ["8:1"]


def test_files_that_are_pictures_and_folders_are_offered(shell):
    for name in ("a.png", "b.txt", ".hidden.png", "it's.png", "a\"b'c.png", "two\nlines.png"):
        Path(name).write_bytes(b"")
    Path("my photos").mkdir()
    Path("my photos", "an owl.jpg").write_bytes(b"")
    assert offered(shell, "%%gemini_image -i ¦") == ["a.png", '"it\'s.png"', '"my photos/']
    assert offered(shell, '%%gemini_image -s "my photos/¦') == ["my photos/an owl.jpg"]
    assert offered(shell, "%%gemini_image -s .h¦") == [".hidden.png"]
    assert offered(shell, "%%gemini_image -i nowhere/¦") == []
    assert candidates.list_paths("a\0/") == candidates.list_paths("~nobody-of-this-name/") == []


def test_a_path_under_the_home_keeps_its_tilde(shell, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "owl.png").write_bytes(b"")
    assert pressed(shell, "%%gemini_image -i ~/o¦") == [("~/o", "~/owl.png")]


class Watched:
    """It tells when anything of it runs."""

    ran: list = []  # noqa: RUF012 - one list for the test

    @property
    def city(self):
        Watched.ran.append("property")

    def __getattr__(self, name):
        Watched.ran.append(f"__getattr__ {name}")
        raise AttributeError(name)

    def __getitem__(self, key):
        Watched.ran.append("__getitem__")

    def __call__(self):
        Watched.ran.append("__call__")

    def __len__(self):
        Watched.ran.append("__len__")
        return 1

    def __eq__(self, other):
        Watched.ran.append("__eq__")

    __hash__ = None


class Disguised(Watched):
    @property
    def __class__(self):
        Watched.ran.append("__class__")
        return bytes


class Slotted:
    __slots__ = ("inner",)


class Unlisted:
    def __dir__(self):
        raise OSError("no list")


def add_variables(shell):
    from matplotlib.figure import Figure
    from PIL import Image

    slotted = Slotted()
    slotted.inner = SimpleNamespace(deep=1)
    shell.user_ns.update(
        p_bytes=png(), p_pil=Image.new("RGB", (1, 1)), p_array=np.zeros((4, 4, 3)), p_figure=Figure(),
        p_path=Path("a.png"), p_no_text="a", p_no_bytes=b"abc", p_no_array=np.zeros(5), p_no_list=[1],
        rows=[{"city": "Oslo", "year of it": 1, 5: 2}], place=SimpleNamespace(name="x", at=slotted),
        watched=Watched(), p_watched=Disguised(), unlisted=Unlisted(), _hidden=1,
        a_function=add_variables, Placebo=1,
    )  # fmt: skip


def test_variables_that_can_be_input_images_are_offered(shell):
    add_variables(shell)
    Watched.ran.clear()
    assert offered(shell, "%%gemini_image -i p_¦") == ["p_array", "p_bytes", "p_figure", "p_path", "p_pil"]
    assert Watched.ran == []


FIELDS = {
    "name": ("%%gemini_image\na {{pla¦", [("pla", "place")]),
    "in a later line, behind a closed one": ("%%gemini_image\n\n{{x}} {{ pla¦ }} y\nz", [("pla", "place")]),
    "attribute": ("%%gemini_image\na {{place.n¦", [("n", "name")]),
    "no methods and nothing private": ("%%gemini_image\n{{place.¦", [("", "at"), ("", "name")]),
    "methods only": ("%%gemini_image\n{{p_no_text.¦", []),
    "attribute through a slot": ("%%gemini_image\n{{place.at.inner.d¦", [("d", "deep")]),
    "column": ('%%gemini_image\n{{rows[0]["¦', [("", "city"), ("", "year of it")]),
    "item of an item": ("%%gemini_image\n{{rows[-1]['ci¦", [("ci", "city")]),
    "an attribute with a property in it": ("%%gemini_image\n{{watched.city.¦", []),
    "property by name": ("%%gemini_image\n{{watched.ci¦", [("ci", "city")]),
    "item of an unknown kind": ("%%gemini_image\n{{watched[0].¦", []),
    "call": ("%%gemini_image\n{{a_function().¦", []),
    "function": ("%%gemini_image\n{{a_fu¦", []),
    "private": ("%%gemini_image\n{{_hid¦", []),
    "closed": ("%%gemini_image\n{{place}}.n¦", []),
    "escaped": ("%%gemini_image\n\\{{pla¦", []),
    "raw": ("%%gemini_image --raw\n{{pla¦", []),
    "format": ("%%gemini_image\n{{place:pla¦", []),
    "edit": ("%%gemini_edit\n{{pla¦", [("pla", "place")]),
    "line magic": ('pic = %gemini_image "a {{pla¦', [("pla", "place")]),
    "line magic without quotes": ("%gemini_image a {{pla¦", [("pla", "place")]),
    "another cell magic": ("%%html\n{{pla¦", []),
    "failing __dir__": ("%%gemini_image\n{{unlisted.¦", []),
}


@pytest.mark.parametrize("case", FIELDS)
def test_a_field_is_completed_without_running_the_users_code(shell, case, capsys):
    add_variables(shell)
    Watched.ran.clear()
    source, expected = FIELDS[case]
    if "watched" in source or "unlisted" in source:  # IPython's own matchers read what they like
        assert offered_alone(shell, source) == expected
        assert Watched.ran == []
    else:
        assert pressed(shell, source) == expected
    assert capsys.readouterr() == ("", "")


def cursor_of(source):
    before = source.partition("¦")[0]
    return before.count("\n"), len(before.rpartition("\n")[2])


def offered_alone(shell, source):
    """What our matcher says, without those of IPython."""
    line, column = cursor_of(source)
    (matcher,) = shell.Completer.custom_matchers
    context = SimpleNamespace(full_text=source.replace("¦", ""), cursor_line=line, cursor_position=column)
    found = matcher(context)
    return [(found["matched_fragment"], one.text) for one in found["completions"]]


def parser_to_come():
    """A parser with options of every kind, for the completer reads whatever parser there is."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", "-m", action="append")
    parser.add_argument("--vary", action="append")
    parser.add_argument("--each")
    parser.add_argument("--replay")
    parser.add_argument("--provider")
    parser.add_argument("--mode", choices=["fast", "fine"])
    parser.add_argument("--pair", nargs=2, choices=["a", "b"])
    parser.add_argument("--many", nargs="+", choices=["c"])
    return parser


TO_COME = {
    "lists": ("--vary ¦", ["cities", "rows"]),
    "frames": ("--each ¦", ["rows"]),
    "replay": ("--replay o¦", ["only", "off"]),
    "provider": ("--provider off¦", ["offline"]),
    "choices": ("--mode f¦", ["fast", "fine"]),
    "first of two": ("--pair ¦", ["a", "b"]),
    "second of two": ("--pair a ¦", ["a", "b"]),
    "third of two": ("--pair a b ¦", list(parser_to_come()._option_string_actions)),
    "any of many": ("--many c c c ¦", ["c"]),
    "behind a joined option": ("--pair --mode=fast ¦", list(parser_to_come()._option_string_actions)),
    "option instead of a value": ("--pair --mod¦", ["--model", "--mode"]),
}


@pytest.mark.parametrize("case", TO_COME)
def test_an_option_yet_to_come_completes_by_itself(case):
    typed, expected = TO_COME[case]
    variables = {"cities": ["Oslo"], "rows": [{"city": "Oslo"}], "n": 1, "text": "a"}
    place = cursor.Place("gemini_image", f" {typed.partition('¦')[0]}", cell=True)
    found = suggest.complete_at(
        place, parser_to_come()._option_string_actions, variables, model=models.DEFAULT_MODEL
    )
    assert [one.text for one in found.candidates] == expected


def test_the_columns_of_a_frame_are_names_of_its_fields():
    place = cursor.Place("gemini_image", " --each rows", cell=True, body="a view of {{ci")
    known = parser_to_come()._option_string_actions
    found = suggest.complete_at(place, known, {"rows": [{"city": "Oslo", "no name": 1}]}, model="")
    assert [one.text for one in found.candidates] == ["city"]


WORDS = {
    "nothing": ("", (), "", "", ""),
    "between words": (" a  b ", ("a", "b"), "", "", ""),
    "in a word": ("a bc", ("a",), "bc", "bc", ""),
    "in a quote": ('-s "my pic', ("-s",), "my pic", "my pic", '"'),
    "at a quote": ("-s '", ("-s",), "", "", "'"),
    "a quote within a word": ('--s="my p', (), "--s=my p", "my p", '"'),
    "the other quote": ("'a\"b", (), 'a"b', 'a"b', "'"),
    "empty word": ("'' b", ("",), "b", "b", ""),
    "no escapes": ("a\\ b", ("a\\",), "b", "b", ""),
}


@pytest.mark.parametrize("case", WORDS)
def test_a_line_is_split_up_to_the_cursor(case):
    line, *expected = WORDS[case]
    assert cursor.split_line(line) == cursor.Words(*expected)


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
    manager, client = start_new_kernel(extra_arguments=["--HistoryManager.enabled=False"])
    client.execute_interactive(
        "%load_ext gemini_nb\n"
        "from gemini_nb.notebook.completion import matcher\n"
        "matcher.install(get_ipython(), get_ipython().magics_manager.registry['GeminiMagics'].session)\n"
        "city = 'Oslo'"
    )
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


MESSAGES = {
    "ratio": ("%%gemini_image -a 16:¦\na red square", "16:", ["16:9"]),
    "field": ("%%gemini_image\na view of 🗼 {{ci¦}}", "ci", ["city"]),
    "option": ("x = 1\npic = %gemini_image --mod¦", "--mod", ["--model"]),
}


@pytest.mark.filterwarnings("ignore:Kernel is running over TCP:RuntimeWarning")
@pytest.mark.parametrize("case", MESSAGES)
def test_a_front_end_is_told_what_to_replace(kernel, case):
    source, fragment, expected = MESSAGES[case]
    code, at = source.replace("¦", ""), source.index("¦")
    content = kernel.complete(code, at, reply=True, timeout=60)["content"]
    assert content["matches"] == expected
    assert code[content["cursor_start"] : content["cursor_end"]] == fragment
