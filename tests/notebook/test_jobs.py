"""`%%gemini_image --each frame --batch` and `%gemini jobs` in a real shell."""

from __future__ import annotations

import pytest

from gemini_nb.offline.server import OfflineServer
from gemini_nb.store.jobs import JobFolder
from gemini_nb.store.store import Store
from support.completions import offered
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
    with OfflineServer(batch_seconds=1) as server:
        shell, store = google(server)
        with interrupting(store):
            error = shell.run(CELL).error
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


def test_without_google_the_error_names_the_way(keyless):
    keyless.names["rows"] = ROWS
    assert 'offline takes no batch jobs. Nothing was sent. Use Client("google"' in " ".join(
        keyless.refused(CELL).split()
    )


def test_tab_completes_the_words_and_the_names_of_jobs(google):
    with OfflineServer(batch_seconds=0) as server:
        shell, store = google(server)
        assert offered(shell.shell, "%gemini jobs ¦") == ["list", "wait", "cancel", "fetch"]
        assert "--batch" in offered(shell.shell, "%%gemini_image --b¦")
        shell.run(CELL)
        (record,) = JobFolder(store).records()
        assert offered(shell.shell, "%gemini jobs fetch gem¦") == [record.name]
