"""`%%gemini_image --each frame --batch` and `%gemini jobs` in a real shell."""

from __future__ import annotations

import pytest

from gemini_nb.offline.server import OfflineServer
from gemini_nb.store.jobs import JobFolder
from gemini_nb.store.store import Store
from support.completions import offered
from support.kernels import a_kernel, kernel_manager
from support.left_jobs import interrupting
from support.offline import FLASH
from support.shells import a_shell

pytestmark = pytest.mark.filterwarnings("ignore::gemini_nb.errors.GeminiWarning")
CELL = f"%%gemini_image pictures --each rows --batch -m {FLASH} -z 512\na {{{{colour}}}} square"
DRY_RUN = CELL.replace("--batch", "--batch --dry-run")
ROWS = [{"colour": "red"}, {"colour": "blue"}, {"colour": "green"}]


@pytest.fixture
def google(monkeypatch, tmp_path):
    """Call it with a server: a shell that sends batch jobs there, and its store."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEMINI_API_KEY", "k")
    monkeypatch.setenv("GEMINI_NB_PROVIDER", "google")
    with a_shell() as shell:
        shell.names["rows"] = ROWS

        def at(server):
            monkeypatch.setenv("GEMINI_NB_BASE_URL", server.url)
            return shell, Store(tmp_path / ".gemini_nb")

        yield at


@pytest.fixture
def slow(google):
    """A shell whose batch jobs take an hour, and its store."""
    with OfflineServer(batch_seconds=3600) as server:
        yield google(server)


def interrupted(shell, store, line=CELL):
    """The error of a cell that is interrupted once its job, the first of the store, is sent."""
    with interrupting(store):
        return shell.run(line).error


def test_a_frame_is_sent_as_a_job_and_replayed_by_the_next_run(google):
    with OfflineServer(batch_seconds=0) as server:
        shell, _ = google(server)
        batch = shell.run(CELL).result
        assert [one.tier for one in batch.generations] == ["batch"] * 3
        again = shell.run(CELL).result
        assert all(one.replayed for one in again.generations)
        assert len(server.batches.created) == 1


def test_the_price_before_is_that_of_jobs_and_the_total_after_too(google):
    with OfflineServer(batch_seconds=0) as server:
        shell, _ = google(server)
        said = shell.said(DRY_RUN)
        assert "3 pictures would be requested from google" in said
        assert "Estimated price: $0.068 as batch jobs, within a day; one by one it would be $0.135." in said
        assert f"/v1beta/models/{FLASH}:batchGenerateContent" in said
        assert not server.batches.created
        shell.run(CELL)
        assert "3 pictures, estimated at $0.067" in str(shell.run("%gemini cost").result)


def test_the_limit_counts_the_price_of_jobs(google):
    with OfflineServer(batch_seconds=0) as server:
        shell, _ = google(server)
        assert "estimated at $0.068; the limit is $0.050" in shell.refused(
            CELL.replace("--batch", "--batch --max-cost 0.05")
        )
        assert shell.run(CELL.replace("--batch", "--batch --max-cost 0.07")).error is None


def test_an_interrupted_cell_says_how_to_come_back_and_jobs_waits_and_counts(google):
    with OfflineServer(batch_seconds=3) as server:
        shell, store = google(server)
        error = interrupted(shell, store)
        assert type(error).__name__ == "Cancelled"
        assert "0 of 3 pictures had finished. 1 batch job goes on at google. %gemini jobs" in str(error)
        assert shell.names["pictures"].summary == "3 pictures: 0 made, 3 in batch jobs"
        (record,) = JobFolder(store).records()
        assert record.name in str(shell.run("%gemini jobs").result)
        batch = shell.run(f"%gemini jobs wait {record.name}").result
        assert batch.summary == "3 pictures: 3 made"
        assert "3 pictures, estimated at $0.067" in str(shell.run("%gemini cost").result)
        assert len(server.batches.created) == 1


def test_what_there_is_not_is_refused(google, keyless):
    with OfflineServer(batch_seconds=0) as server:
        shell, _ = google(server)
        assert "There is no %gemini jobs stop" in shell.refused("%gemini jobs stop")
        assert "Name the jobs to cancel" in shell.refused("%gemini jobs cancel")
        assert "There is no batch job 'x' in this store" in shell.refused("%gemini jobs fetch x")
        assert "--batch is for several pictures" in shell.refused("%%gemini_image --batch\na red square")
        assert "--batch needs a store" in shell.refused(CELL.replace("--batch", "--batch --replay off"))
        assert "There is no %gemini jobs list now" in shell.refused("%gemini jobs list now")
        assert server.posts == 0


def test_without_google_the_error_names_the_way(keyless):
    keyless.names["rows"] = ROWS
    for line in (CELL, DRY_RUN, "%gemini jobs wait"):
        said = " ".join(keyless.refused(line).split())
        assert 'offline takes no batch jobs. Nothing was sent. Use Client("google"' in said


def test_tab_completes_the_words_and_the_names_of_jobs(google):
    with OfflineServer(batch_seconds=0) as server:
        shell, store = google(server)
        assert offered(shell.shell, "%gemini jobs ¦") == ["list", "wait", "cancel", "fetch"]
        assert "--batch" in offered(shell.shell, "%%gemini_image --b¦")
        shell.run(CELL)
        (record,) = JobFolder(store).records()
        assert offered(shell.shell, "%gemini jobs fetch gem¦") == [record.name]
        assert offered(shell.shell, f"%gemini jobs fetch {record.name} ¦") == []
        assert offered(shell.shell, "%gemini jobs cancel ¦") == [record.name, "--all"]


def test_fetch_leaves_what_is_not_over_alone_and_cancel_wants_names_or_all(slow):
    shell, store = slow
    interrupted(shell, store)
    assert "3 pictures: 0 made, 3 in batch jobs, which go on." in shell.said("%gemini jobs fetch")
    assert "%gemini jobs cancel --all" in shell.refused("%gemini jobs cancel")
    (job,) = shell.run("%gemini jobs cancel --all").result
    assert job.said == "CANCELLED"
    batch = shell.run("%gemini jobs fetch").result
    assert [error.code for error in batch.errors] == ["CANCELLED"] * 3
    assert "was cancelled before" in shell.said("%gemini last")
    assert "No batch job of this store is under way" in shell.said("%gemini jobs wait")


def test_a_locked_replay_asks_for_no_job(slow):
    shell, store = slow
    interrupted(shell, store)
    shell.magics.replay = "only"
    for line in ("%gemini jobs cancel --all", "%gemini jobs wait"):
        assert "google is not asked for its jobs" in shell.refused(line)
    assert len(shell.run("%gemini jobs").result) == 1


def test_what_failed_is_sent_again_by_the_same_cell_and_nothing_else(google):
    with OfflineServer(batch_seconds=0) as server:
        shell, _ = google(server)
        shell.names["rows"] = [{"colour": "red"}, {"colour": "blue [fault: overloaded-once]"}]
        assert shell.run(CELL).result.summary == "2 pictures: 1 made, 1 failed"
        assert shell.run(CELL).result.summary == "2 pictures: 1 made, 1 replayed"
        assert max(server.batches.rows_made.values()) == 1


@pytest.mark.filterwarnings("ignore:Kernel is running over TCP:RuntimeWarning")
def test_a_kernel_tells_of_the_jobs_while_it_waits_and_an_interrupt_leaves_them_running(slow):
    _, store = slow
    with kernel_manager() as manager, a_kernel(manager) as kernel:
        kernel.run(f"rows = {ROWS}")
        for cell in (CELL, "%gemini jobs wait", CELL):
            running = kernel.start(cell)
            sent = kernel.until(running, lambda output: "of 3 made in" in str(output.get("data")))
            assert "interrupt leaves them running" in sent[-1]["data"]["text/plain"]
            kernel.interrupt()
            error = kernel.finish(running)[-1]
            assert (error["ename"], len(error["traceback"])) == ("Cancelled", 1)
            assert "1 batch job goes on at google" in error["evalue"]
    assert [record.state for record in JobFolder(store).records()] == ["created"]
