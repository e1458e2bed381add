"""A notebook that is run again: nothing is paid twice, and nothing is lost in what it is exported to."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import nbclient
import nbformat
import pytest

from support.gateway import Answer, Gateway
from support.images import png
from support.kernels import executed, kernel_manager, pages
from support.replies import inline, reply
from support.shells import KEY, prompt_of

pytestmark = pytest.mark.filterwarnings("ignore:Kernel is running over TCP:RuntimeWarning")

PROMPTS = [f"picture {number}" for number in range(10)]
CELLS = [f"%%gemini_image p{number}\n{prompt}" for number, prompt in enumerate(PROMPTS)]
NAMES = ", ".join(f"p{number}" for number in range(10))
DIGESTS = f"from hashlib import sha256\nprint(*(sha256(p.image.data).hexdigest() for p in ({NAMES})))"


@pytest.fixture(scope="module")
def manager():
    """The kernel of the tests that need none of their own."""
    with kernel_manager() as manager:
        yield manager


def painted(request):
    """A picture as wide as its prompt's number says."""
    return Answer(reply(inline(png(20 + int(prompt_of(request).split()[-1])))))


@pytest.fixture
def environment(monkeypatch):
    def ask(gateway):
        monkeypatch.setenv("CRAZYROUTER_API_KEY", KEY)
        monkeypatch.setenv("GEMINI_NB_BASE_URL", gateway.url)

    ask.lock = lambda: (
        monkeypatch.delenv("CRAZYROUTER_API_KEY"),
        monkeypatch.setenv("GEMINI_NB_REPLAY", "only"),
    )
    return ask


def test_promise_3_ten_pictures_are_paid_for_once_and_replayed_without_key_and_network(environment):
    with Gateway(painted) as gateway:
        environment(gateway)
        first, second = (executed(*CELLS, DIGESTS) for _ in range(2))
        assert gateway.posts == 10
    environment.lock()
    third = executed(*CELLS, DIGESTS)
    digests = [notebook.cells[-1].outputs[0].text for notebook in (first, second, third)]
    assert digests[0] == digests[1] == digests[2]
    assert len(set(digests[0].split())) == 10
    assert "replayed from the store" in pages(third)[0]
    assert pages(second) == pages(third) != pages(first)


def test_promise_3_a_changed_prompt_costs_one_request_and_locked_it_is_named(environment, manager):
    changed = ["%%gemini_image p0\npicture 99", *CELLS[1:3]]
    with Gateway(painted) as gateway:
        environment(gateway)
        executed(*CELLS[:3], manager=manager)
        executed(*changed, manager=manager)
        assert gateway.posts == 4
    environment.lock()
    with pytest.raises(nbclient.exceptions.CellExecutionError, match="ReplayMissError"):
        executed("%%gemini_image\npicture 100", manager=manager)


PROMPT = "a \"red\" <b>square</b> & 🟥 'quoted'"


class Alts(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.found.append(dict(attrs).get("alt"))


@pytest.fixture(scope="module")
def exported(tmp_path_factory, manager):
    """A notebook with a single picture, an edit of it, and a grid; nbconvert is handed what a kernel made."""
    here = tmp_path_factory.mktemp("exported")
    cells = (
        f"import os; os.chdir({str(here)!r})",
        f"%%gemini_image\n{PROMPT}",
        f"%%gemini_edit\n{PROMPT}",
        f"%%gemini_image -n 2\n{PROMPT}",
    )
    return executed(*cells, manager=manager)


def test_every_picture_has_its_prompt_as_alt_text(exported):
    alts = [alt for page in pages(exported) for alt in Alts(page).found]
    assert alts == [PROMPT] * 5


@pytest.mark.parametrize("kind", ["html", "markdown", "latex"])
def test_nbconvert_keeps_every_picture(exported, kind):
    import nbconvert

    exporter = nbconvert.get_exporter(kind)()
    text, resources = exporter.from_notebook_node(exported)
    if kind == "html":
        assert Alts(text).found == [PROMPT] * 5
        assert "No description has been provided" not in text
    elif kind == "markdown":
        assert Alts(text).found == [PROMPT] * 5
    else:
        files = re.findall(
            r"\\(?:adjust)?includegraphics(?:\[[^\]]*\])?\{([^}]+)\}|\{\\?(output_[^}]+)\}", text
        )
        named = {name for pair in files for name in pair if name}
        pictures = {
            name: data for name, data in resources["outputs"].items() if name.endswith((".jpg", ".jpeg"))
        }
        assert len(pictures) == 3
        assert set(pictures) <= {name.rpartition("/")[2] for name in named}


def photographs():
    """The photographs that scikit-image ships, as PNG."""
    data = pytest.importorskip("skimage.data")
    names = ("astronaut.png", "coffee.png", "chelsea.png", "motorcycle_left.png", "ihc.png")
    return [(Path(data.__file__).parent / name).read_bytes() for name in names]


def test_promise_15_photographs_are_ten_times_smaller_in_the_notebook_and_whole_on_disk(
    environment, tmp_path, manager
):
    photos = photographs()
    with Gateway(*(Answer(reply(inline(photo))) for photo in photos)) as gateway:
        environment(gateway)
        cells = (f"%%gemini_image -s {n}.png\nphotograph {n}" for n in range(len(photos)))
        ours = executed(*cells, manager=manager)
    assert [(tmp_path / f"{n}.png").read_bytes() for n in range(len(photos))] == photos
    cells = (f"from IPython.display import Image; Image('{n}.png')" for n in range(len(photos)))
    theirs = executed(*cells, manager=manager)
    for our_cell, their_cell in zip(ours.cells[1:], theirs.cells[1:], strict=True):
        assert size_of(their_cell) > 10 * size_of(our_cell)


def size_of(cell) -> int:
    """How much a cell's outputs take in a notebook's file."""
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(outputs=cell.outputs)]
    return len(nbformat.writes(notebook).encode())
