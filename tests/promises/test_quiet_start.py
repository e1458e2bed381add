"""Promise 19: importing and loading make no request and write no file, as the interpreter itself reports."""

from __future__ import annotations

import pytest

from support.processes import ran

WATCHED = """
import os
os.environ.pop("PYTHONPYCACHEPREFIX", None)
sys.dont_write_bytecode = True
seen = []
def watch(event, arguments):
    if event.startswith("socket.") and event != "socket.gethostname":
        seen.append((event, str(arguments[1:])))
    writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT
    if event == "open" and isinstance(arguments[0], (str, bytes)) and arguments[2] & writes:
        seen.append((event, arguments[0]))
    if event in ("os.mkdir", "os.rename", "os.remove", "subprocess.Popen"):
        seen.append((event, str(arguments[0])))
"""

STARTS = {
    "the package": "import gemini_nb",
    "its names": "import gemini_nb; [getattr(gemini_nb, name) for name in gemini_nb.__all__]",
    "a client": "from gemini_nb import Client; Client(api_key='sk-test')",
    "a client with a store": "from gemini_nb import Client; Client(api_key='sk-test', store=True)",
    "the offline client": "from gemini_nb import Client; Client('offline')",
    "the extension": "import gemini_nb; gemini_nb.load_ipython_extension(shell)",
}
SHELL = """
from traitlets.config import Config
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
"""


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS.keys())
def test_promise_19_a_start_opens_no_connection_and_writes_no_file(start):
    shell = SHELL if "shell" in start else ""
    code = (
        f"for name in [n for n in sys.modules if 'gemini_nb' in n]: del sys.modules[name]\n{shell}{WATCHED}"
    )
    assert ran(f"{code}\nsys.addaudithook(watch)\n{start}\nprint(seen)") == "[]"


def test_the_watch_itself_sees_files_and_connections():
    act = "open('/dev/null', 'w').close(); import socket; socket.socket().close()"
    assert "socket" in ran(f"{WATCHED}\nsys.addaudithook(watch)\n{act}\nprint(seen)")
