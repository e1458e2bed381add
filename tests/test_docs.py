"""What the documentation's tables say is so: the messages that people see, the variables, the counts."""

from __future__ import annotations

import json
import re

import pytest

from gemini_nb import Client, errors
from gemini_nb.providers.provider import KEYED
from gemini_nb.store.store import Store
from support.generations import answer
from support.pages import PAGES
from support.paths import PACKAGE, ROOT
from support.promise_counts import CLASSES
from support.shells import a_shell, put_away

ERRORS = PAGES["docs/howto/errors.md"]


# --- the messages


def magic_of_nobody(_folder):
    from IPython.core.error import UsageError
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    with pytest.raises(UsageError) as caught:
        shell.run_cell_magic("gemini_image", "", "a cat")
    put_away(shell)
    return str(caught.value)


def painted(_folder):
    with a_shell() as shell:
        return shell.run("%%gemini_image -z 512\na red square").stdout


def left_out(_folder):
    return Client("offline").generate("a horse", image_size="512").notes[0]


def no_key(_folder):
    with pytest.raises(errors.MissingKeyError) as caught:
        Client()
    return str(caught.value)


def locked(folder):
    with Client(store=folder, replay="only") as client, pytest.raises(errors.ReplayMissError) as caught:
        client.generate("a red square")
    return str(caught.value)


def changed(folder):
    Store(folder).keep(answer("a green square"))
    with Client(store=folder, replay="only") as client, pytest.raises(errors.ReplayMissError) as caught:
        client.generate("a blue square")
    return str(caught.value)


def taken(folder):
    with Client("offline") as client:
        made = client.generate("a red square", image_size="512")
    (folder / "a.jpg").write_text("mine")
    with pytest.raises(errors.SaveError) as caught:
        made.save(folder / "a.jpg")
    return str(caught.value)


MESSAGES = {
    "Cell magic `%%gemini_image` not found": magic_of_nobody,
    "Painted offline, since no key is set": painted,
    "Offline painter left out": left_out,
    "No API key is set for crazyrouter": no_key,
    "so there is nothing to replay": locked,
    "This picture is not stored": changed,
    "It may have been billed": lambda _folder: errors.OutcomeUnknownError.hint,
    "exists already": taken,
}


@pytest.mark.parametrize("message", MESSAGES)
def test_the_messages_of_the_table_are_what_is_said(message, tmp_path):
    assert message in MESSAGES[message](tmp_path).replace("\n", " ")


def test_the_table_has_these_messages_and_no_other():
    rows = ERRORS[ERRORS.index("| you see |") :].partition("\n\n")[0].splitlines()[2:]
    assert [row.split(" | ")[0].strip("| `") for row in rows] == list(MESSAGES)


# --- the variables


def test_the_variables_are_those_that_the_code_reads():
    code = "".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    read = set(re.findall(r'"(GEMINI_NB_[A-Z_]+)"', code))
    read |= {variable for provider in KEYED for variable in provider.key_variables}
    table = re.findall(r"^\| (`.+?`) \|", PAGES["docs/reference/variables.md"], re.MULTILINE)
    assert {name for cell in table for name in re.findall(r"`(\w+)`", cell)} == read


# --- what was counted and measured


def read_kept(name):
    path = ROOT / "docs" / "data" / name
    if not path.exists():
        pytest.skip(f"no run is kept in {path.relative_to(ROOT)}")
    return json.loads(path.read_text(encoding="utf-8"))


def test_every_promised_class_was_counted_and_reached():
    counted = read_kept("promise_counts.json")
    classes = {row["name"]: row for row in counted["classes"]}
    assert {name: row["promised"] for name, row in classes.items()} == {
        name: promised for name, (promised, _) in CLASSES.items()
    }
    assert [name for name, row in classes.items() if row["passed"] < row["promised"]] == []


def test_the_benchmarks_shown_are_of_a_whole_run():
    found = read_kept("benchmarks.json")
    assert not found["quick"]
    assert [name for name, benchmark in found["benchmarks"].items() if benchmark["failure"]] == []
