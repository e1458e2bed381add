"""What notebooks/CLASSROOM.md says: a lesson is paid for once, and thirty students re-run it for nothing."""

from __future__ import annotations

import re
import subprocess
from urllib.parse import parse_qs, urlsplit

import nbformat
import pytest

from support.gateway import Answer, Gateway
from support.images import png
from support.kernels import client_of, notebook_of
from support.paths import NOTEBOOKS
from support.replies import inline, reply
from support.shells import KEY, a_shell, prompt_of

pytestmark = pytest.mark.filterwarnings("ignore:Kernel is running over TCP:RuntimeWarning")

PAGE = (NOTEBOOKS / "CLASSROOM.md").read_text("utf-8")
CELLS = (
    '%config GeminiMagics.model = "nano-banana-2"',
    "%%gemini_image cat -z 512\na cat",
    "%%gemini_edit night\nnow at night",
    "%%gemini_image both -n 2\ntwo cats",
)
SHOWN = "[made.image.sha256 for made in (cat, night, *both.generations)]"
STUDENTS = 30


def painted(request):
    """A picture as wide as its prompt is long."""
    return Answer(reply(inline(png(20 + len(prompt_of(request))))))


def execute(folder, *cells):
    """Run a notebook in its folder; return it."""
    return client_of(notebook_of(*cells, SHOWN), resources={"metadata": {"path": str(folder)}}).execute()


def git(folder, *words):
    options = ("-c", "user.name=A teacher", "-c", "user.email=teacher@example.org")
    subprocess.run(["git", *options, *words], cwd=folder, check=True, capture_output=True)


class Lesson:
    """A lesson's repository, the gateway that painted it, and what it showed."""

    def __init__(self, gateway, repository, shown) -> None:
        self.gateway, self.repository, self.shown = gateway, repository, shown
        self.paid, self.connections = gateway.posts, gateway.connections

    def handed_out(self, folder, *options):
        git(
            self.repository.parent,
            *options,
            "clone",
            "--quiet",
            "--shared",
            str(self.repository),
            str(folder),
        )
        return folder

    @property
    def cost_nothing_since(self) -> bool:
        return (self.gateway.posts, self.gateway.connections) == (self.paid, self.connections)


@pytest.fixture(scope="module")
def lesson(tmp_path_factory):
    """Steps 1 to 3: run once with a key, and committed with the store."""
    folder = tmp_path_factory.mktemp("lesson")
    repository = folder / "course"
    repository.mkdir()
    with Gateway(painted) as gateway:
        with pytest.MonkeyPatch.context() as teacher:
            teacher.setenv("CRAZYROUTER_API_KEY", KEY)
            teacher.setenv("GEMINI_NB_BASE_URL", gateway.url)
            teacher.setenv("IPYTHONDIR", str(folder / "ipython"))
            notebook = execute(repository, *CELLS)
        nbformat.write(notebook, repository / "lesson.ipynb")
        git(repository, "init", "--quiet")
        git(repository, "add", "lesson.ipynb", ".gemini_nb")
        git(repository, "commit", "--quiet", "-m", "The lesson and its pictures")
        yield Lesson(gateway, repository, notebook.cells[-1].outputs[0].data["text/plain"])


def as_student(shell, *, cells=CELLS):
    for cell in cells:
        done = shell.run(cell)
        assert done.error is None, done.error
    return shell.run(SHOWN).result


def tree(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_a_lesson_is_paid_for_once(lesson):
    assert lesson.paid == 4


def test_thirty_students_cost_nothing_though_each_could_have_asked(lesson, tmp_path, monkeypatch):
    monkeypatch.setenv("GEMINI_NB_REPLAY", "only")
    for number in range(STUDENTS):
        monkeypatch.chdir(lesson.handed_out(tmp_path / str(number)))
        with a_shell(lesson.gateway.url) as shell:  # the key is set, and the gateway would answer
            assert str(as_student(shell)) == " ".join(lesson.shown.split())
    assert lesson.cost_nothing_since


def test_a_student_on_windows_whose_git_changes_line_ends_sees_the_same(lesson, tmp_path, monkeypatch):
    monkeypatch.setenv("GEMINI_NB_REPLAY", "only")
    monkeypatch.chdir(lesson.handed_out(tmp_path / "course", "-c", "core.autocrlf=true"))
    assert b"\r\n" in (tmp_path / "course" / "lesson.ipynb").read_bytes()
    with a_shell(lesson.gateway.url) as shell:
        assert str(as_student(shell)) == " ".join(lesson.shown.split())
        assert "Every file is intact" in shell.printed("%gemini store verify")
    assert lesson.cost_nothing_since


def test_a_student_without_a_key_sees_the_same_pictures_in_a_kernel_of_their_own(
    lesson, tmp_path, monkeypatch
):
    monkeypatch.setenv("GEMINI_NB_REPLAY", "only")
    monkeypatch.setenv("GEMINI_NB_BASE_URL", lesson.gateway.url)
    notebook = execute(lesson.handed_out(tmp_path / "student"), *CELLS)
    assert notebook.cells[-1].outputs[0].data["text/plain"] == lesson.shown
    assert lesson.cost_nothing_since


WAYS_ROUND = {
    "a changed prompt": "pic = %gemini_image 'a dog'",
    "a refreshed picture": "pic = %gemini_image --replay refresh 'a dog'",
    "a default": "%config GeminiMagics.replay = 'off'\npic = %gemini_image 'a dog'",
    "Python": "from gemini_nb import Client\nClient(replay='off').generate('a dog')",
    "a probe": "%gemini probe --yes",
}


@pytest.mark.parametrize("way", WAYS_ROUND)
def test_the_lock_holds_against(lesson, tmp_path, monkeypatch, way):
    monkeypatch.setenv("GEMINI_NB_REPLAY", "only")
    monkeypatch.chdir(lesson.handed_out(tmp_path / "student"))
    with a_shell(lesson.gateway.url) as shell:
        assert type(shell.run(WAYS_ROUND[way]).error).__name__ == "ReplayMissError"
    assert lesson.cost_nothing_since


def test_the_lock_is_said_in_the_words_of_the_page(lesson, monkeypatch):
    monkeypatch.setenv("GEMINI_NB_REPLAY", "only")
    with a_shell(lesson.gateway.url) as shell:
        (said,) = [line for line in shell.run("%gemini status").stdout.splitlines() if "replay" in line]
    assert f"```\n{said}\n```" in PAGE


def test_under_the_lock_nothing_is_written_in_a_students_folder(lesson, tmp_path, monkeypatch):
    monkeypatch.setenv("GEMINI_NB_REPLAY", "only")
    monkeypatch.chdir(lesson.handed_out(tmp_path / "student"))
    before = tree(tmp_path / "student")
    with a_shell() as shell:
        as_student(shell)
    assert tree(tmp_path / "student") == before


def test_without_lock_and_key_a_stored_picture_is_replayed_and_a_new_one_painted_offline(
    lesson, tmp_path, monkeypatch
):
    monkeypatch.chdir(lesson.handed_out(tmp_path / "student"))
    with a_shell() as shell:
        as_student(shell)
        shell.run("dog = %gemini_image 'a dog'")
        assert [shell.names[name].provider for name in ("cat", "dog")] == ["crazyrouter", "offline"]
    assert lesson.cost_nothing_since


def test_a_changed_prompt_costs_only_what_is_new(lesson, tmp_path, monkeypatch):
    monkeypatch.chdir(lesson.handed_out(tmp_path / "teacher"))
    with Gateway(painted) as gateway, a_shell(gateway.url) as shell:
        as_student(shell, cells=(*CELLS[:3], "%%gemini_image both -n 2\ntwo dogs"))
        assert gateway.posts == 2


def test_the_link_that_brings_a_lesson_into_a_hub_has_nbgitpullers_form():
    (link,) = re.findall(r"^\s*(https://HUB/\S+)$", PAGE, re.MULTILINE)
    parts = urlsplit(link)
    assert parts.path == "/hub/user-redirect/git-pull"
    assert parse_qs(parts.query, strict_parsing=True) == {
        "repo": ["https://github.com/TEACHER/COURSE"],
        "branch": ["main"],
        "urlpath": ["lab/tree/COURSE/lesson.ipynb"],
    }


def test_the_steps_that_are_followed_here_are_those_of_the_page():
    for words in (
        "git add lesson.ipynb .gemini_nb",
        "GEMINI_NB_REPLAY=only",
        "thirty students cost: nothing",
    ):
        assert words in PAGE
