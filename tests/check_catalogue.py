"""The catalogue's rows against the newest tables of genai-prices and litellm, in an environment of its own.

Run: make check-catalogue. It prints every difference. One that is known stands in `EXPLAINED` with its
reason; any other, and a reason that explains nothing any more, ends it with exit code 1.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import NamedTuple

from gemini_nb.display.table import Table
from gemini_nb.models import CATALOGUE

IMAGE_MODEL = re.compile(r"gemini.*image(?!n)|banana")
# Run in that environment. litellm is not imported, which would take its many packages: its table is a file.
READ = r"""
import json, re, sys
from importlib import metadata, util
from pathlib import Path
from genai_prices.data import providers

def prices_of(model):
    prices = model.prices[-1].prices if isinstance(model.prices, list) else model.prices
    batch = [v.prices for v in model.price_variants or () if v.when == {"processing": "batch"}]
    return prices, batch[-1] if batch else None

def read(prices):
    fields = ("input_mtok", "output_mtok", "output_image_mtok", "web_searches_kcount")
    return [None if prices is None or (v := getattr(prices, f, None)) is None else float(v) for f in fields]

google = next(p for p in providers if p.id == "google").models
genai, ids = {}, json.loads(sys.argv[1])
for name in {*ids, *(m.id for m in google if re.search(sys.argv[2], m.id))}:
    found = next((m for m in google if m.match.is_match(name)), None)
    genai[name] = None if found is None else [*map(read, prices_of(found))]
folder = Path(util.find_spec("litellm").submodule_search_locations[0])
table = json.loads((folder / "model_prices_and_context_window_backup.json").read_text())
lite = {name[7:]: row for name, row in table.items() if name.startswith("gemini/")}
versions = {name: metadata.version(name) for name in ("genai-prices", "litellm")}
print(json.dumps({"versions": versions, "genai-prices": genai, "litellm": lite}))
"""

_SMALLEST = (
    "litellm has the price of 512, the smallest size; ours is that of 1K, which a request without one gets"
)
# (table, model, fact): what the table says, and why the catalogue says otherwise.
EXPLAINED: dict[tuple[str, str, str], tuple[object, str]] = {
    ("litellm", "gemini-3.1-flash-image-preview", "picture"): (0.045, _SMALLEST),
    ("litellm", "gemini-3.1-flash-image", "picture"): (0.045, _SMALLEST),
    ("litellm", "gemini-3.1-flash-lite-image", "picture"): (
        0.0336,
        "1,120 tokens; Google's page rounds to 0.034",
    ),
    ("litellm", "gemini-2.5-flash-image", "shut down"): (
        "2027-03-15",
        "the day of Vertex AI; Google's pricing page says 2026-10-02, as genai-prices quotes it",
    ),
    ("litellm", "gemini-2.5-flash-image", "successor"): (
        "gemini-3.1-flash-lite-image",
        "it takes 1K only; the newest of the line takes what nano-banana took, and more",
    ),
    ("litellm", "gemini-2.5-flash-image-preview", "listed"): (
        False,
        "shut down on 2026-01-15; stores name it",
    ),
    ("litellm", "gemini-3.1-flash-image", "shut down"): (
        None,
        "reported later than the table; it names a successor",
    ),
    ("litellm", "nano-banana-pro-preview", "row"): ("listed", "another name of gemini-3-pro-image-preview"),
}


class Difference(NamedTuple):
    """A fact that a table has otherwise than the catalogue; None where one of the two has none."""

    table: str
    model: str
    fact: str
    ours: object
    theirs: object

    @property
    def reason(self) -> str | None:
        """Why it is known, if it is, as long as the table says the same."""
        theirs, reason = EXPLAINED.get(self[:3], (None, None))
        return reason if theirs == self.theirs else None


def main() -> int:
    """Fetch the tables, compare, and print what differs."""
    with tempfile.TemporaryDirectory() as folder:
        tables = fetch_tables(Path(folder))
    print(f"The catalogue of {len(CATALOGUE)} models against {tables.pop('versions')}", flush=True)
    return report(compare(CATALOGUE, tables))


def fetch_tables(folder: Path) -> dict:
    """Install the newest packages into an environment of their own and read their tables there."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "genai-prices"], check=True)
    subprocess.run([*install, "--no-deps", "litellm"], check=True)
    ids = json.dumps([row.id for row in CATALOGUE])
    done = subprocess.run(
        [python, "-c", READ, ids, IMAGE_MODEL.pattern], check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout)


def compare(rows, tables: dict) -> list[Difference]:
    """Return what the tables have otherwise than the rows, and the image models that no row is of."""
    found = []
    for name, read in (("genai-prices", genai_facts), ("litellm", litellm_facts)):
        table = tables[name]
        for row in rows:
            theirs = read(table.get(row.id))
            found += [
                Difference(name, row.id, fact, ours, theirs[fact])
                for fact, ours in facts_of(row).items()
                if fact in theirs and not is_same(ours, theirs[fact])
            ]
        new = sorted(set(filter(IMAGE_MODEL.search, table)) - {row.id for row in rows})
        found += [Difference(name, model, "row", None, "listed") for model in new]
    return found


def facts_of(row) -> dict[str, object]:
    prices, offer = row.token_prices, row.at("google")
    return {
        "listed": True,
        "input": prices.input,
        "text": prices.text,
        "thinking": prices.text,
        "image": prices.image,
        "search": prices.search,
        "batch": prices.batch,
        "picture": row.price(),
        "shut down": offer.shut_down,
        "successor": offer.successor,
    }


def genai_facts(entry) -> dict[str, object]:
    """Return what genai-prices says, by the catalogue's names; it knows no days and no pictures."""
    if entry is None:
        return {"listed": False}
    (given, text, image, search), batch = entry
    facts = {"input": given, "text": text, "thinking": text, "image": image, "search": search}
    shares = {
        after / before for after, before in zip(batch[:3], entry[0][:3], strict=True) if after and before
    }
    return facts | (
        {"batch": shares.pop()} if len(shares) == 1 else {"batch": sorted(shares)} if shares else {}
    )


def litellm_facts(entry) -> dict[str, object]:
    if entry is None:
        return {"listed": False}
    million = {
        "input": "input_cost_per_token",
        "text": "output_cost_per_token",
        "image": "output_cost_per_image_token",
    }
    facts: dict[str, object] = {name: entry[key] * 1e6 for name, key in million.items() if key in entry}
    facts["thinking"] = entry.get("output_cost_per_reasoning_token", entry["output_cost_per_token"]) * 1e6
    query = entry.get("search_context_cost_per_query", {}).get("search_context_size_medium")
    facts["search"] = query * 1000 if query is not None and entry.get("supports_web_search") else None
    facts["picture"] = entry.get("output_cost_per_image")
    facts["shut down"], facts["successor"] = entry.get("deprecation_date"), None
    if "successor_model" in entry:
        facts["successor"] = entry["successor_model"].removeprefix("gemini/")
    shares = {
        round(entry[f"{key}_batches"] / entry[key], 6)
        for key in million.values()
        if f"{key}_batches" in entry
    }
    return facts | ({"batch": shares.pop()} if len(shares) == 1 else {})


def is_same(ours: object, theirs: object) -> bool:
    """Whether two facts agree; a picture's price is rounded by everybody in another way."""
    if isinstance(ours, float | int) and isinstance(theirs, float | int):
        return abs(ours - theirs) <= 0.01 * max(abs(ours), abs(theirs))
    return ours == theirs


def report(differences: list[Difference]) -> int:
    """Print the differences and their reasons; return the exit code."""
    reasons = list(dict.fromkeys(one.reason for one in differences if one.reason))
    rows = tuple(
        (*map(str, one), f"[{reasons.index(one.reason) + 1}]" if one.reason else "NOT EXPLAINED")
        for one in differences
    )
    notes = tuple(f"[{number}] {reason}." for number, reason in enumerate(reasons, start=1))
    columns = ("table", "model", "fact", "ours", "theirs", "why")
    print(Table(columns, rows, notes=notes).text() if rows else "No difference.")
    unexplained = [difference for difference in differences if difference.reason is None]
    stale = sorted(EXPLAINED.keys() - {difference[:3] for difference in differences})
    for key in stale:
        print(f"Explained, and no difference any more: {', '.join(key)}. Take it out of EXPLAINED.")
    print(f"{len(differences)} differences, {len(unexplained)} of them not explained.")
    return int(bool(unexplained or stale))


if __name__ == "__main__":
    sys.exit(main())
