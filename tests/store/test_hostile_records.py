"""Records of strangers: the checksum is right and the facts are not. They are damaged, whoever reads them."""

from __future__ import annotations

import json
import re

import pytest

from gemini_nb import Client
from gemini_nb.cli.main import main
from gemini_nb.errors import GeminiError, ReplayMissError
from gemini_nb.notebook.studio.album import Album
from gemini_nb.notebook.studio.gallery import Gallery
from gemini_nb.notebook.studio.store_listing import StoreListing
from gemini_nb.request import ImageRequest
from gemini_nb.store import record
from gemini_nb.store.store import Store
from support.generations import answer, content_of, full_answer
from support.images import png
from support.shells import a_shell

ASKED, OTHER = ImageRequest("a red square"), ImageRequest("a blue square")
ESCAPES = "\x1b]52;c;cm0gLXJmIH4K\x07\x1b[2J\x9b31m\x7f"
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # tabs and ends of lines are text


def put(where, **facts):
    return lambda whole: whole[where].update(facts)


def put_image(**facts):
    return lambda whole: whole["reply"]["images"][0].update(facts)


def put_grounding(**facts):
    return put("reply", grounding={"queries": [], "sources": [], "suggestions": [], **facts})


def drop(where, name):
    return lambda whole: whole[where].pop(name)


def repeat(where, name, times):
    def change(whole):
        rows = whole[where][name] or [{"mime_type": "image/png", "sha256": "a" * 64}]
        whole[where][name] = rows * times

    return change


def nest(depth):
    return json.loads("[" * depth + "]" * depth)


DAMAGED = {
    "a format that is true": lambda whole: whole.update(format=True),
    "a format that is a fraction": lambda whole: whole.update(format=1.0),
    "a request that is a list": lambda whole: whole.update(request=[]),
    "a reply that is text": lambda whole: whole.update(reply="reply"),
    "no take": drop("request", "take"),
    "a fact of the reply in the request": put("request", provider="google"),
    "a prompt that is a list": put("request", prompt=["a red square"]),
    "an empty prompt": put("request", prompt=" \n"),
    "a model with an escape": put("request", model=f"gemini{ESCAPES}"),
    "a model that is a path": put("request", model="../../etc/passwd"),
    "a model of 16,000 characters": put("request", model="g" * 16_000),
    "a model with an end of line": put("request", model="gemini-3-pro-image\n"),
    "a ratio that is a list": put("request", aspect_ratio=[16, 9]),
    "a ratio that reorders the line": put("request", aspect_ratio="16:9\u202e"),
    "a ratio in other digits": put("request", aspect_ratio="١٦:٩"),
    "a size that is a number": put("request", image_size=2),
    "a size with an escape": put("request", image_size="\x1b[31m2K"),
    "a take that is true": put("request", take=True),
    "a take that is a fraction": put("request", take=0.0),
    "a take below zero": put("request", take=-1),
    "a take that no table holds": put("request", take=2**63),
    "text that is a number": put("request", text=1),
    "config that is a list": put("request", config=[["seed", 7]]),
    "config that nests too deeply": put("request", config={"a": nest(200)}),
    "extra that is text": put("request", extra="safetySettings"),
    "extra of half a million lists": put("request", extra={"a": [[]] * 500_000}),
    "inputs in a dict": put("request", inputs={"sha256": "a" * 64}),
    "an input that is text": put("request", inputs=["a" * 64]),
    "an input with a path": put("request", inputs=[{"sha256": "../../x", "mime_type": "image/png"}]),
    "an input with an end of line": put(
        "request", inputs=[{"sha256": "a" * 64, "mime_type": "image/png\nX-A: b"}]
    ),
    "a thousand inputs": repeat("request", "inputs", 1000),
    "images in a dict": put("reply", images={}),
    "an image that is text": put("reply", images=["image.png"]),
    "thousands of images": repeat("reply", "images", 3000),
    "drafts that are none": put("reply", drafts=None),
    "a draft that is no picture": lambda whole: whole["reply"].update(
        drafts=[{**whole["reply"]["images"][0], "mime_type": "image/svg+xml"}]
    ),
    "a picture's type in a list": put_image(mime_type=["image/png"]),
    "a picture's type with an end of line": put_image(mime_type="image/png\n"),
    "a picture's digest in a dict": put_image(sha256={}),
    "a picture's digest in capitals": put_image(sha256="A" * 64),
    "a picture whose width is text": put_image(width="2"),
    "a picture whose width is true": put_image(width=True),
    "a picture of no height": put_image(height=0),
    "a source in a list": put_image(source=["inlineData"]),
    "a source with an escape": put_image(source="other: \x1b[2J"),
    "a declared type that is a number": put_image(declared_mime_type=5),
    "a declared type with an end of line": put_image(declared_mime_type="image/png\r\nX-A: b"),
    "an address in a dict": put_image(url={"a": 1}),
    "an address that reorders the line": put_image(url="https://example.com/\u202egnp"),
    "text in a dict": put("reply", text={"a": "b"}),
    "notes of numbers": put("reply", notes=[1]),
    "notes in a dict": put("reply", notes={"a": 1}),
    "notes that are text": put("reply", notes="note"),
    "notes without end": put("reply", notes=["note"] * 10_000),
    "usage in a list": put("reply", usage=[1]),
    "usage that nests too deeply": put("reply", usage={"a": nest(150)}),
    "a version in a list": put("reply", model_version=[1]),
    "a version with an escape": put("reply", model_version=ESCAPES),
    "a version with half a pair": put("reply", model_version="gemini \ud800"),
    "a reason that is true": put("reply", finish_reason=True),
    "a reason of a megabyte": put("reply", finish_reason="S" * 10**6),
    "a provider with an escape": put("reply", provider="\x1b[2J<b>"),
    "a provider with half a pair": put("reply", provider="google\udfff"),
    "no provider": put("reply", provider=None),
    "seconds past any float": put("reply", seconds=10**400),
    "seconds below zero": put("reply", seconds=-1.5),
    "seconds that are true": put("reply", seconds=True),
    "seconds in text": put("reply", seconds="31"),
    "a cost past any float": put("reply", estimated_cost=10**400),
    "a cost below zero": put("reply", estimated_cost=-0.01),
    "a cost that is false": put("reply", estimated_cost=False),
    "a time with an escape": put("reply", created="2026-11-29\x1b10:00:00"),
    "a time that is none": put("reply", created="2026-13-45T99:00:00+00:00"),
    "a time that is a number": put("reply", created=1764374400),
    "content with a path": put("reply", content="../" * 20),
    "content that is false": put("reply", content=False),
    "grounding in a list": put("reply", grounding=[]),
    "grounding without sources": put("reply", grounding={"queries": [], "suggestions": []}),
    "a query that is a number": put_grounding(queries=[1]),
    "a query with an escape": put_grounding(queries=[ESCAPES]),
    "a source that runs": put_grounding(sources=[{"title": "a", "url": "javascript:alert(1)"}]),
    "a source whose title reorders": put_grounding(
        sources=[{"title": "\u202ea", "url": "https://a.example"}]
    ),
    "a source that is text": put_grounding(sources=["https://a.example"]),
    "thousands of suggestions": put_grounding(
        suggestions=[{"title": "a", "url": "https://a.example"}] * 3000
    ),
    "ratings in a dict": put("reply", safety_ratings={"a": 1}),
    "ratings that nest too deeply": put("reply", safety_ratings=[{"a": nest(150)}]),
}


def reseal(folder, change, asked=ASKED):
    """Write a stored answer's record anew with the checksum that fits it."""
    path = folder / "records" / f"{asked.digest}.json"
    whole = json.loads(path.read_bytes())
    del whole["checksum"]
    change(whole)
    path.write_bytes(record.encode(whole))
    return path


@pytest.fixture
def folder(tmp_path):
    """A store of one answer, with the model's content."""
    folder = tmp_path / ".gemini_nb"
    content = {"role": "model", "parts": [{"inlineData": {"mimeType": "image/png", "data": "AA=="}}]}
    assert Store(folder).keep(answer(ASKED, png(4, 4)), content_of(content))
    return folder


@pytest.fixture(scope="module")
def shell():
    with a_shell("http://127.0.0.1:9") as shell:
        yield shell


def replay(folder, prompt):
    with Client("crazyrouter", api_key="a-key-of-tests", store=folder, replay="only") as client:
        generation = client.generate(prompt)
    return f"{generation.caption}\n{generation._repr_mimebundle_()['text/plain']}\n{generation!r}"


def draw_studio(folder):
    listing = StoreListing(Store(folder), album := Album())
    pictures = listing.read_page().pictures
    listing.add(picture.digest for picture in pictures)
    bundle, _ = Gallery().render(album.entries)
    return f"{pictures!r}{bundle['text/plain']}{bundle['text/html']}"


READ = {
    "replay": lambda folder: replay(folder, ASKED),
    "miss": lambda folder: replay(folder, OTHER),
    "studio": draw_studio,
    "recall": lambda folder: repr(Store(folder).recall(answer(ASKED, png(4, 4)).image.sha256)),
    "content": lambda folder: repr(Store(folder).content(ASKED)),
    "next take": lambda folder: str(Store(folder).next_take(ASKED)),
}  # fmt: skip

CELLS = {
    "history": "%gemini history",
    "store": "%gemini store",
    "store list": "%gemini store list",
    "store verify": "%gemini store verify",
    "code": "%%gemini_image --replay only\na red square",
    "edit": "%%gemini_edit --dry-run\nnow at night",
}

COMMANDS = {
    "list": ("list",),
    "list as JSON": ("list", "--json"),
    "verify": ("verify",),
    "verify as JSON": ("verify", "--json"),
}


def show(result) -> str:
    """Everything that a notebook may show of a cell's result."""
    bundle = getattr(result, "_repr_mimebundle_", dict)() or {}
    return "\n".join([str(result), bundle.get("text/plain", ""), bundle.get("text/html", "")])


def run_cells(shell, folder, monkeypatch):
    monkeypatch.setenv("GEMINI_NB_STORE", str(folder))
    for name, source in CELLS.items():
        done = shell.run(source)
        assert done.error is None or isinstance(done.error, GeminiError), name
        yield f"{done.stdout}\n{done.stderr}\n{done.error}\n{show(done.result)}"
        if name == "code" and done.error is None:
            yield shell.printed("%gemini code")


def read_all(folder, shell, monkeypatch, capsys):
    """Have every reader read the store, and return all that they show."""
    shown = []
    for act in READ.values():
        try:
            shown.append(act(folder))
        except GeminiError as error:
            shown.append(str(error))
    shown += run_cells(shell, folder, monkeypatch)
    capsys.readouterr()
    for words in COMMANDS.values():
        assert main(["store", *words, "--folder", str(folder)]) in (0, 1)
        shown += capsys.readouterr()
    return "\n".join(shown)


@pytest.mark.filterwarnings("ignore::gemini_nb.errors.GeminiWarning")
@pytest.mark.parametrize("change", DAMAGED.values(), ids=DAMAGED)
def test_promise_20_facts_that_are_none_are_damage_whoever_reads_them(
    folder, change, shell, monkeypatch, capsys
):
    path = reseal(folder, change)
    store = Store(folder)
    assert store.find(ASKED) is None
    assert not store.holds(ASKED)
    assert list(store.records()) == []
    assert path in [problem.path for problem in store.verify().problems]
    assert not STEERING.search(read_all(folder, shell, monkeypatch, capsys))


WORDS = {
    "escape sequences": ESCAPES,
    "carriage returns": "a red square\rrm -rf ~\r\n",
    "marks that reorder the line": "a \u202ered\u202c square \u2066",
    "half a pair": "a \ud800 square \udfff",
    "NUL and bells": "\x00\x07\x08" * 40,
    "half a megabyte": "\x1b[31m" * 100_000,
}


@pytest.mark.filterwarnings("ignore::gemini_nb.errors.GeminiWarning")
@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_promise_16_words_of_a_record_are_text_and_steer_no_terminal(
    folder, words, shell, monkeypatch, capsys
):
    reseal(folder, put("reply", text=words, notes=[words]))
    Store(folder).keep(answer(f"x {words}", png(3, 3)))
    assert Store(folder).find(ASKED).text == words
    assert not STEERING.search(read_all(folder, shell, monkeypatch, capsys))


@pytest.mark.filterwarnings("ignore::gemini_nb.errors.GeminiWarning")
def test_the_name_of_a_store_steers_no_terminal(folder, shell, monkeypatch, capsys):
    odd = folder.rename(folder.with_name(f"{ESCAPES} \udce9"))
    monkeypatch.setenv("GEMINI_NB_STORE", str(odd))
    shown = [shell.printed(source) for source in ("%gemini store", "%gemini store verify", "%gemini status")]
    for words in COMMANDS.values():
        assert main(["store", *words, "--folder", str(odd)]) == 0
    assert not STEERING.search("".join([*shown, *capsys.readouterr()]))


@pytest.mark.parametrize("act", READ)
def test_every_reader_reads_what_is_sound(folder, act):
    if act == "miss":
        with pytest.raises(ReplayMissError, match="nearest is 'a red square'"):
            READ[act](folder)
    else:
        assert READ[act](folder) not in ("", "None")


def test_what_a_server_says_is_written_so_that_it_is_read_back(tmp_path):
    odd = answer(
        ASKED,
        model_version=f"version {ESCAPES}\n",
        finish_reason="STOP\ud800" * 10_000,
        usage={"a": nest(150)},
        notes=("note",) * 500,
        text=ESCAPES,
    )
    assert Store(tmp_path).keep(odd)
    found = Store(tmp_path).find(ASKED)
    assert not STEERING.search(found.model_version + found.finish_reason)
    assert (found.text, found.usage, len(found.notes)) == (ESCAPES, {}, 100)


def test_what_could_not_be_read_back_is_not_kept_and_told(tmp_path):
    too_deep = ImageRequest("a", config={"a": nest(200)})
    too_many = answer("b", *(png(1 + n, 1) for n in range(101)))
    for one in (answer(too_deep), too_many):
        with pytest.warns(UserWarning, match="not kept in the store"):
            assert not Store(tmp_path).keep(one)


def test_a_record_of_every_fact_is_read_back_as_it_was(tmp_path):
    whole = record.to_json(full_answer(), content="a" * 64)
    whole["reply"]["created"] = "2026-11-29T00:00:00.000+00:00"
    read = record.decode(record.encode(whole), digest=full_answer().digest)
    assert record.decode(record.encode(whole), digest="a" * 64) is None
    assert (read.prompt, read.take, read.created) == (
        full_answer().prompt,
        3,
        "2026-11-29T00:00:00.000+00:00",
    )
