"""A reply with a search behind it: its sources are kept, replayed, shown and tabled."""

from __future__ import annotations

import json

from gemini_nb.generation import Grounding, WebLink
from support.clients import client_of
from support.gateway import Answer, Gateway
from support.html_tags import Tags
from support.images import png
from support.replies import body, inline, reply

SOURCE, SUGGESTION = "https://example.org/tit?a=1&b=2", "https://www.google.com/search?q=blue+tit"
FOUND = Grounding(("blue tit",), (WebLink("Tits & more", SOURCE),), (WebLink("blue tit", SUGGESTION),))
RATING = {"category": "HARM_CATEGORY_HARASSMENT", "probability": "NEGLIGIBLE"}


def answer():
    searched = reply(inline(png()))
    searched["candidates"][0] |= {
        "groundingMetadata": {
            "webSearchQueries": ["blue tit"],
            "groundingChunks": [{"web": {"uri": SOURCE, "title": "Tits & more"}}],
            "searchEntryPoint": {"renderedContent": f'<a href="{SUGGESTION}">blue tit</a>'},
        },
        "safetyRatings": [RATING],
    }
    return Answer(body(searched))


def test_promise_2_what_was_searched_for_is_kept_and_replayed(tmp_path):
    with Gateway(answer()) as gateway, client_of(gateway.url, store=tmp_path / "store") as client:
        came = client.generate("a blue tit")
        again = client.generate("a blue tit")
        assert gateway.posts == 1
    assert again.replayed
    assert came.grounding == again.grounding == FOUND
    assert came.safety_ratings == again.safety_ratings == (RATING,)


def test_a_record_without_a_search_has_no_word_of_it(tmp_path):
    with (
        Gateway(Answer(body(reply(inline(png()))))) as gateway,
        client_of(gateway.url, store=tmp_path / "store") as client,
    ):
        generation = client.generate("a blue tit")
    (record,) = (tmp_path / "store" / "records").glob("*.json")
    assert "grounding" not in record.read_text()
    assert (generation.grounding, generation.safety_ratings) == (None, ())


def test_sources_and_suggestions_are_links_under_the_picture():
    with Gateway(answer()) as gateway, client_of(gateway.url) as client:
        shown = client.generate("a blue tit")._repr_mimebundle_()
    download, *found = [anchor["href"] for anchor in Tags(shown["text/html"]).all("a")]
    assert download.startswith("data:image/png;base64,")
    assert found == [SOURCE, SUGGESTION]
    assert f"Sources: Tits & more ({SOURCE})" in shown["text/plain"]
    assert f"Search suggestions: blue tit ({SUGGESTION})" in shown["text/plain"]


def test_a_batch_tables_them(tmp_path):
    with Gateway(answer()) as gateway, client_of(gateway.url) as client:
        batch = client.generate_many(["a blue tit"], manifest=tmp_path / "run.jsonl")
    (row,) = batch.rows()
    line = json.loads((tmp_path / "run.jsonl").read_text())
    for table in (row, line, batch.to_frame().iloc[0]):
        assert table["queries"] == "blue tit"
        assert table["sources"] == f"Tits & more <{SOURCE}>"
        assert json.loads(table["safety_ratings"]) == [RATING]
