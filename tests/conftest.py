"""No test knows a real key, and none writes into the home of whoever runs it."""

from __future__ import annotations

import gc
import os
import signal
import sys

import pytest
from hypothesis import HealthCheck, settings

from support import loop_watchdog, promise_counts, systems, work_order

VARIABLES = (
    "CRAZYROUTER_API_KEY",
    "GEMINI_API_KEY",
    "GOOGLE_API_KEY",
    "GEMINI_NB_PROVIDER",
    "GEMINI_NB_BASE_URL",
    "GEMINI_NB_REPLAY",
    "GEMINI_NB_STORE",
    "GEMINI_NB_PROGRESS",
)
os.environ["PYTHON_DOTENV_DISABLED"] = "1"  # another client reads .env files on import
for variable in VARIABLES:
    os.environ.pop(variable, None)
# Each of hundreds of children would compile the package anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
gc.disable()  # until all tests are collected

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
    systems.skip_what_is_missing(items)
    if hasattr(config, "workerinput"):  # set in pytest-xdist's workers
        work_order.put_longest_first(items)


def pytest_collection_finish():
    """Twelve thousand tests are a million objects, which no later collection of garbage needs to look at."""
    gc.freeze()
    gc.enable()


loop_watchdog.install()


@pytest.fixture(scope="session", autouse=True)
def turns_of_children(tmp_path_factory):
    folder = tmp_path_factory.mktemp("turns")
    os.environ[loop_watchdog.FOLDER_VARIABLE] = str(folder)
    return folder


@pytest.fixture(autouse=True)
def no_turn_of_the_loop_is_long(request, turns_of_children, record_property):
    """One call never holds up another: they all run on one event loop."""
    loop_watchdog.take()
    yield
    turns = loop_watchdog.take()
    longest = max(turns[loop_watchdog.BACKGROUND], loop_watchdog.take_children(turns_of_children))
    for loop, turn in {**turns, loop_watchdog.BACKGROUND: longest}.items():
        record_property(loop, turn.seconds)
    assert longest.seconds < 2 * loop_watchdog.LIMIT_SECONDS, longest.what


@pytest.fixture(scope="module", autouse=True)
def garbage_is_collected():
    """What a file's kernels leave open is warned of here, and not while a later test looks at warnings."""
    yield
    gc.collect()


@pytest.fixture(autouse=True)
def home_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("WIN_PD_OVERRIDE_LOCAL_APPDATA", str(tmp_path / "appdata"))  # platformdirs on Windows
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


def pytest_addoption(parser):
    parser.addoption("--count-cases", metavar="PATH", help="write how many promised cases passed, as JSON")


def pytest_terminal_summary(terminalreporter, exitstatus, config):
    passed = terminalreporter.stats.get("passed", [])
    if path := config.getoption("--count-cases"):
        promise_counts.write(passed, path, complete=exitstatus == 0)
    rows = promise_counts.lines(passed)
    if rows:
        terminalreporter.section("cases passed, of those promised")
        for row in rows:
            terminalreporter.write_line(row)
    reports = [report for group in terminalreporter.stats.values() for report in group]
    for line in loop_watchdog.summarize(reports):
        terminalreporter.write_line(line)
