"""What `make check-docs` says of a site in which something is wrong."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest

from support.browsers import CHROMIUM
from support.paths import TESTS

PAGE = """<!doctype html><html lang="en"><head><title>A page</title>{head}</head><body><main>
<h1>A page</h1>{body}</main></body></html>"""
GOOD = '<p><a href="b.html#here">There</a>, <a href="lite/lab/index.html">published beside it</a>.</p>'
FAULTS = {
    '<p><a href="c.html">Nowhere</a></p>': "c.html leads to no file",
    '<p><a href="b.html#gone">Gone</a></p>': "b.html#gone names no place of that page",
}
SEEN = {
    '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">': "(light): axe image-alt",
    '<p class="pale">Too pale at night</p>': "(dark): axe color-contrast",
    '<div style="width: 600px">Wide</div>': "(phone): 210 pixels wider than the window",
    '<p hidden><img alt="" src="http://localhost:9/a.gif"></p>': "a request to another host: http://localhost:9/a.gif",
    '<script src="heavy.js"></script>': "bytes beside its pictures",
    "<script>undefined.name</script>": "an error in a script",
}
HEAD = """<style>body { margin: 0 }
@media (prefers-color-scheme: dark) { .pale { color: #ccc } }</style>"""


def check(folder, body):
    (folder / "a.html").write_text(PAGE.format(head=HEAD, body=body))
    (folder / "b.html").write_text(PAGE.format(head="", body='<p id="here">Here.</p>'))
    (folder / "heavy.js").write_text("//" + random.Random(0).randbytes(600_000).hex())
    command = [sys.executable, TESTS / "check_docs.py", "--site", folder]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_site_in_which_nothing_is_wrong_passes(tmp_path):
    done = check(tmp_path, GOOD)
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 pages, 0 problems." in done.stdout


def test_all_that_is_wrong_is_named(tmp_path):
    if CHROMIUM is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    faults = FAULTS | SEEN
    done = check(tmp_path, "".join(faults))
    assert done.returncode == 1
    if "axe-core could not be fetched" in done.stdout:
        faults = {body: words for body, words in faults.items() if "axe" not in words}
    assert [words for words in faults.values() if words not in done.stderr] == [], done.stderr
