"""Naughty strings as prompts: sent as they were typed, inert in HTML, harmless as file names."""

from __future__ import annotations

import re
import unicodedata
from html.parser import HTMLParser

import pytest

from gemini_nb import Client, models
from gemini_nb.display import figure
from gemini_nb.errors import ArgumentError
from gemini_nb.images import save
from gemini_nb.images.image import GeneratedImage
from gemini_nb.prompts import template
from gemini_nb.text import printable
from support.gateway import Answer, Gateway
from support.images import png
from support.naughty_strings import CLASSES, STRINGS
from support.replies import inline, reply

WANTED = 515
OURS = {"figure", "img", "figcaption", "p", "details", "summary", "span"}
ATTRIBUTES = {"data-sha256", "style", "src", "alt", "width", "height"}
RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[0-9¹²³])(\.|$)", re.IGNORECASE)
VOID = {"img"}


def test_there_are_enough_of_them():
    assert len(STRINGS) >= WANTED
    assert len(CLASSES) >= 30


@pytest.fixture(scope="module")
def gateway():
    with Gateway(Answer(reply(inline(png())))) as gateway:
        yield gateway


@pytest.mark.parametrize("kind", CLASSES)
def test_a_prompt_is_sent_as_it_was_typed(gateway, kind, record_property):
    record_property("cases", len(CLASSES[kind]))
    prompts = [prompt for prompt in CLASSES[kind] if prompt.strip()]
    before = len(gateway.requests)
    with Client(api_key="a-key-of-tests", base_url=gateway.url) as client:
        batch = client.generate_many(prompts, concurrency=4)
    assert batch.errors == []
    assert [one.prompt for one in batch.generations] == prompts
    sent = [one.json["contents"][0]["parts"] for one in gateway.requests[before:]]
    assert sorted(parts[0]["text"] for parts in sent) == sorted(prompts)
    assert all(len(parts) == 1 for parts in sent)


class Reader(HTMLParser):
    """Every tag, attribute and text of a page, and nothing else of it."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.texts, self.open, self.others = [], {}, [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        block = next(tag for tag in reversed(self.open) if tag != "span")
        self.texts[block] = self.texts.get(block, "") + data

    def handle_comment(self, data):
        self.others.append(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


@pytest.fixture(scope="module")
def image():
    return GeneratedImage.from_bytes(png(), source="inlineData")


@pytest.mark.parametrize("kind", CLASSES)
def test_in_html_it_is_text_and_nothing_else(image, kind, record_property):
    record_property("cases", len(CLASSES[kind]))
    for prompt in CLASSES[kind]:
        page = figure.render_bundle(image, alt=prompt, caption=prompt, remarks=[prompt])["text/html"]
        read = Reader(page)
        assert {tag for tag, _attributes in read.tags} <= OURS
        assert {name for _tag, attributes in read.tags for name in attributes} <= ATTRIBUTES
        assert read.open == read.others == []
        (picture,) = [attributes for tag, attributes in read.tags if tag == "img"]
        assert picture["alt"] == printable(prompt)
        assert picture["src"].startswith("data:image/webp;base64,")
        assert read.texts.get("figcaption", "") == printable(prompt)
        shown = read.texts.get("p") or read.texts.get("details", "")
        assert shown == printable(prompt)


@pytest.mark.parametrize("kind", CLASSES)
def test_of_a_page_nothing_steers_and_everything_can_be_saved(image, kind):
    for prompt in CLASSES[kind]:
        bundle = figure.render_bundle(image, alt=prompt, caption=prompt, remarks=[prompt])
        for page in (bundle["text/html"], bundle["text/plain"]):
            assert page.encode("utf-8").decode("utf-8") == page
            assert not [c for c in page if unicodedata.category(c) == "Cc" and c not in "\n\t"]


@pytest.mark.parametrize("kind", CLASSES)
def test_a_file_of_its_name_stays_in_its_folder(tmp_path, kind, record_property):
    record_property("cases", len(CLASSES[kind]))
    for prompt in CLASSES[kind]:
        stem = save.safe_stem(prompt)
        path = tmp_path / f"{stem}.png"
        path.touch()
        assert path.resolve().parent == tmp_path.resolve()
        assert [one.name for one in tmp_path.iterdir()] == [path.name]
        assert not RESERVED.match(stem)
        assert not stem.startswith((".", "-", "~"))
        assert not set(stem) & set('<>:"/\\|?*\0')
        assert len(path.name.encode()) <= 255
        path.unlink()


@pytest.mark.parametrize("kind", CLASSES)
def test_a_template_leaves_it_alone(kind):
    for prompt in CLASSES[kind]:
        assert template.fill(prompt, {}) == prompt
        assert template.fill("<{{x}}>", {"x": prompt}) == f"<{prompt}>"


def test_a_prompt_of_blanks_is_refused_and_never_sent(gateway):
    before = gateway.posts
    with Client(api_key="a-key-of-tests", base_url=gateway.url) as client:
        for blank in ("", " ", "\n\t", "\u3000\u2003", "\u2028\x0b\x1f"):
            with pytest.raises(ArgumentError, match="empty"):
                client.generate(blank, model=models.DEFAULT_MODEL)
    assert gateway.posts == before
