"""Searches, sources and safety ratings of a reply: read, bounded, and nothing but web addresses as links."""

from __future__ import annotations

import pytest

from gemini_nb.generation import Grounding, WebLink
from gemini_nb.reply.grounding import read_grounding, read_safety_ratings, web_link
from support.images import png
from support.replies import body, inline, read_raw

PAGE = """<style>.chip {display: inline-block}</style>
<div class="carousel"><a class="chip" href="https://google.com/search?q=blue+tit">blue <b>tit</b></a>
<a class="chip" href="javascript:alert(1)">no</a><a>nor this</a></div>"""
METADATA = {
    "webSearchQueries": ["blue tit", "blue tit", " "],
    "imageSearchQueries": ["blue tit photo"],
    "groundingChunks": [
        {"web": {"uri": "https://example.org/tit", "title": "The blue tit", "domain": "example.org"}},
        {"image": {"sourceUri": "https://birds.example/tit", "imageUri": "https://birds.example/t.jpg"}},
        {"web": {"uri": "https://example.org/tit", "title": "The blue tit"}},
        {"web": {"uri": "ftp://example.org/tit", "title": "no web page"}},
    ],
    "searchEntryPoint": {"renderedContent": PAGE},
}
FOUND = Grounding(
    ("blue tit", "blue tit photo"),
    (
        WebLink("The blue tit", "https://example.org/tit"),
        WebLink("birds.example", "https://birds.example/tit"),
    ),
    (WebLink("blue tit", "https://google.com/search?q=blue+tit"),),
)
RATINGS = [{"category": "HARM_CATEGORY_HARASSMENT", "probability": "NEGLIGIBLE", "blocked": False}]


def candidate(**facts):
    return {"candidates": [{"content": {"parts": [inline(png())]}, "finishReason": "STOP", **facts}]}


def test_queries_sources_and_suggestions_are_read():
    reply = read_raw(body(candidate(groundingMetadata=METADATA, safetyRatings=RATINGS)))
    assert reply.grounding == FOUND
    assert reply.safety_ratings == tuple(RATINGS)


def test_snake_case_is_read_too():
    snake = {
        "web_search_queries": ["a"],
        "grounding_chunks": [{"web": {"uri": "https://a.example/", "title": "A"}}],
        "search_entry_point": {"rendered_content": "<a href='https://s.example/'>s</a>"},
    }
    found = read_raw(body(candidate(grounding_metadata=snake, safety_ratings=RATINGS)))
    assert found.grounding == Grounding(
        ("a",), (WebLink("A", "https://a.example/"),), (WebLink("s", "https://s.example/"),)
    )
    assert found.safety_ratings == tuple(RATINGS)


@pytest.mark.parametrize(
    "metadata",
    [None, {}, [], "text", 7, {"webSearchQueries": None}, {"groundingChunks": [None, 3, {}, {"web": []}]}],
    ids=repr,
)
def test_metadata_without_a_search_is_none(metadata):
    assert read_grounding(metadata) is None
    assert read_raw(body(candidate(groundingMetadata=metadata))).grounding is None


LINKS = {
    "https://example.org/a?b=c#d": True,
    "http://example.org": True,
    "HTTPS://EXAMPLE.ORG/": True,
    "javascript:alert(1)": False,
    "data:text/html,<script>": False,
    "file:///etc/passwd": False,
    "//example.org": False,
    "https://": False,
    "https://exa mple.org": False,
    "https://example.org/\n": False,
    "https://example.org/\u202e": False,
    "https://[::1": False,
    "https://example.org/" + "a" * 5000: False,
    "": False,
}


@pytest.mark.parametrize(("url", "is_taken"), LINKS.items(), ids=[url[:30] or "empty" for url in LINKS])
def test_only_web_addresses_are_links(url, is_taken):
    assert (web_link(url, "title") is not None) is is_taken


@pytest.mark.parametrize("title", [None, "", " \n", 7, {}], ids=repr)
def test_a_link_without_a_title_has_the_name_of_its_host(title):
    assert web_link("https://www.example.org/page", title) == WebLink(
        "www.example.org", "https://www.example.org/page"
    )


def test_what_is_found_is_bounded_and_on_one_line():
    many = {
        "webSearchQueries": [f"{number}\n\x1b[2J" + "x" * 900 for number in range(900)],
        "groundingChunks": [
            {"web": {"uri": f"https://a.example/{n}", "title": "t" * 900}} for n in range(900)
        ],
        "searchEntryPoint": {"renderedContent": "<a href='https://a.example/'>x</a>" * 90_000},
    }
    found = read_grounding(many)
    assert (len(found.queries), len(found.sources), len(found.suggestions)) == (50, 50, 1)
    assert max(map(len, [*found.queries, *(link.title for link in found.sources)])) == 300
    assert "\n" not in found.queries[0]
    assert "\x1b" not in found.queries[0]


def test_ratings_are_plain_values():
    odd = {"category": "A\nB", "score": 0.25, "blocked": True, "severity": None, "more": {"deep": [1]}}
    assert (
        read_safety_ratings([odd, 7, None, odd])
        == ({"category": "A B", "score": 0.25, "blocked": True, "severity": None, "more": "{'deep': [1]}"},)
        * 2
    )
    assert read_safety_ratings(odd) == read_safety_ratings([odd])
    assert read_safety_ratings("x") == ()


def test_in_a_stream_the_last_word_counts():
    pieces = [
        {"candidates": [{"content": {"parts": [{"text": "a"}]}, "groundingMetadata": {}}]},
        candidate(groundingMetadata=METADATA, safetyRatings=RATINGS),
        {"candidates": [{"content": {"parts": []}, "finishReason": "STOP"}]},
    ]
    stream = b"".join(b"data: " + body(piece) + b"\n\n" for piece in pieces)
    reply = read_raw(stream)
    assert (reply.grounding, reply.safety_ratings) == (FOUND, tuple(RATINGS))
