"""No test knows a real key, and none writes into the home of whoever runs it."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

from support import promise_counts, work_order

VARIABLES = (
    "CRAZYROUTER_API_KEY",
    "GEMINI_API_KEY",
    "GOOGLE_API_KEY",
    "GEMINI_NB_PROVIDER",
    "GEMINI_NB_BASE_URL",
    "GEMINI_NB_REPLAY",
    "GEMINI_NB_STORE",
)
os.environ["PYTHON_DOTENV_DISABLED"] = "1"  # another client reads .env files on import
for variable in VARIABLES:
    os.environ.pop(variable, None)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in the background of a script: children inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples every time, on however slow a machine; `--hypothesis-profile=default` draws new ones.
settings.register_profile(
    "suite",
    derandomize=True,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("suite")


def pytest_collection_modifyitems(config, items):
    if hasattr(config, "workerinput"):  # set in pytest-xdist's workers
        work_order.put_longest_first(items)


@pytest.fixture(autouse=True)
def home_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)  # the magics keep their store beside the notebook
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))


@pytest.fixture(autouse=True)
def nothing_warned_of(monkeypatch):
    """A model is warned of once in a process; no test depends on what others have asked for."""
    monkeypatch.setattr("gemini_nb.models._warned", set())


@pytest.fixture
def authority(tmp_path, monkeypatch):
    """A test CA that clients trust."""
    from support.tls_hosts import Authority  # here: most tests speak to nobody over TLS

    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    return made


def pytest_terminal_summary(terminalreporter):
    rows = promise_counts.lines(terminalreporter.stats.get("passed", []))
    if rows:
        terminalreporter.section("cases passed, of those promised")
        for row in rows:
            terminalreporter.write_line(row)
