"""The public names are typed: what type checkers and editors say of a program that uses the package."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from support.paths import ROOT

PROGRAM = '''\
"""A program as its author would write it."""

from pathlib import Path

from gemini_nb import AsyncClient, Batch, Client, GeminiError, GeneratedImage, Generation, Stream, generate


def paint(client: Client, folder: Path) -> list[Path]:
    """Ask for pictures in every way there is."""
    g: Generation = client.generate("a square", aspect_ratio="16:9", images=["a.png"], take=1)
    image: GeneratedImage = generate("a square", provider="offline").image
    stream: Stream = client.generate("a square", stream=True)
    words = [piece for piece in stream if isinstance(piece, str)]
    batch: Batch = client.generate_many(["a", "b"], concurrency=2, aspect_ratio="1:1")
    client.generate("a square", search="web", thinking="high", system="Be brief.", seed=7, safety="off")
    client.generate_many(["a"], thinking=512, safety={"harassment": "none"}, search="both")
    client.request("a square", safety=["none", "harassment=off"], seed=7)
    generate("a square", provider="offline", search="image", seed=7)
    print(words, len(image.data), batch.errors, client.request("a square", image_size="2K").digest)
    try:
        return [g.save(folder / "g.png"), client.chat().send("bluer").save(folder / "h.png")]
    except GeminiError as error:
        raise SystemExit(error.hint) from None


async def paint_later(client: AsyncClient) -> str:
    """The same from a coroutine."""
    async with client:
        g: Generation = await client.generate("a square", search="web", seed=7)
        async for piece in await client.generate("a square", stream=True):
            print(piece)
    return g.caption
'''
SETUP = "import gemini_nb\n\nclient = gemini_nb.Client()\ng = client.generate('x')\n"
TYPOS = (
    "from gemini_nb import Clint as Clint",
    "gemini_nb.genrate('x')",
    "gemini_nb.generate('x', aspekt_ratio='1:1')",
    "gemini_nb.Client(time_out=60)",
    "client.genrate('x')",
    "client.generate('x', aspekt_ratio='1:1')",
    "client.generate('x', aspect_ratio=1.5)",
    "client.generate_many(['x'], aspekt_ratio='1:1')",
    "client.generate('x', search='wbe')",
    "client.generate('x', thinking='hihg')",
    "client.generate('x', seed='seven')",
    "client.generate('x', system=7)",
    "client.generate('x', safety=7)",
    "client.request('x', search='wbe')",
    "client.generate_many(['x'], thinking='hihg')",
    "client.request('x', aspekt_ratio='1:1')",
    "print(g.imaeg)",
    "print(g.image.widht)",
    "print(client.generate('x', stream=True).imaeg)",
)
FOREIGN = "IPython.*,ipywidgets.*,httpx.*,anyio.*,PIL.*,numpy.*,pandas.*,pyarrow.*,tqdm.*,h11.*"
MYPY = f"""[mypy]
strict = true
mypy_path = {ROOT}
[mypy-gemini_nb.*]
follow_imports = silent
[mypy-{FOREIGN}]
follow_imports = skip
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder outside the package with a program in it, and another with a typo in each line."""
    folder = tmp_path_factory.mktemp("consumer")
    (folder / "program.py").write_text(PROGRAM)
    (folder / "typos.py").write_text(SETUP + "\n".join(TYPOS) + "\n")
    return folder


def mypy(folder):
    """The errors of `mypy --strict` as (file, line)."""
    (folder / "mypy.ini").write_text(MYPY)
    output = checked("mypy", "--cache-dir", ".mypy", "program.py", "typos.py", cwd=folder)
    return {(file, int(line)) for file, line in re.findall(r"^(\w+)\.py:(\d+): error:", output, re.MULTILINE)}


def pyright(folder):
    """The errors of pyright's strict mode as (file, line); basedpyright is pyright with its own node."""
    configuration = {"typeCheckingMode": "strict", "extraPaths": [str(ROOT)]}
    (folder / "pyrightconfig.json").write_text(json.dumps(configuration))
    output = checked("basedpyright", "--outputjson", "--pythonpath", sys.executable, "-p", ".", cwd=folder)
    errors = [found for found in json.loads(output)["generalDiagnostics"] if found["severity"] == "error"]
    return {(found["file"].rpartition("/")[2][:-3], found["range"]["start"]["line"] + 1) for found in errors}


def checked(checker, *options, cwd):
    pytest.importorskip(checker, reason=f"{checker} is not installed; the test extra has it")
    command = [sys.executable, "-m", checker, *options]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr  # there are errors, and the checker itself works
    return done.stdout


@pytest.mark.parametrize("checker", [mypy, pyright], ids=["mypy", "pyright"])
def test_a_program_passes_and_each_typo_is_seen(checker, folder):
    first = len(SETUP.splitlines()) + 1
    assert checker(folder) == {("typos", line) for line in range(first, first + len(TYPOS))}


@pytest.fixture(scope="module")
def editor():
    """An editor without a kernel: Jedi, which only reads the source."""
    jedi = pytest.importorskip("jedi")
    project = jedi.Project(ROOT, sys_path=[str(ROOT), *sys.path])
    return lambda code: jedi.Script(SETUP + code, path=ROOT / "a_program.py", project=project)


OFFERED = {
    "client.": {"generate", "generate_many", "chat", "close"},
    "g.": {"image", "images", "save", "caption", "text"},
    "g.image.": {"data", "width", "save", "sha256"},
    "client.generate_many(['x']).": {"errors", "to_frame", "save", "to_html"},
    "client.generate_many(['x'])[0].": {"image", "caption"},
    "client.generate('x', stream=True).": {"result", "close"},
    "gemini_nb.": {"Client", "AsyncClient", "generate", "GeminiError"},
    "client.generate('x', aspect": {"aspect_ratio="},
    "client.generate('x', s": {"search=", "system=", "seed=", "safety=", "stream="},
}


@pytest.mark.parametrize("code", OFFERED)
def test_an_editor_offers_what_there_is(code, editor):
    assert {completion.name for completion in editor(code).complete()} >= OFFERED[code]


SIGNATURES = {
    "gemini_nb.Client(": ("provider", "api_key", "base_url", "store", "replay", "timeout"),
    "gemini_nb.AsyncClient(": ("provider", "api_key", "base_url", "store", "replay", "timeout"),
    "gemini_nb.generate(": ("prompt", "provider", "model", "images", "aspect_ratio", "image_size"),
    "client.generate(": ("prompt", "model", "images", "aspect_ratio", "image_size", "take", "text", "search"),
    "client.asynchronous.generate(": ("prompt", "model", "images", "aspect_ratio", "image_size", "take"),
    "client.generate_many(": ("prompts", "concurrency", "executor", "manifest", "progress"),
}


@pytest.mark.parametrize("code", SIGNATURES)
def test_an_editor_shows_the_names_of_the_arguments_first(code, editor):
    shown = [param.name for param in editor(code).get_signatures()[0].params]
    assert tuple(shown[: len(SIGNATURES[code])]) == SIGNATURES[code]
