"""Batch.to_html: what a contact sheet says of a batch, where it links to, and how it is written."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from urllib.parse import unquote

import pytest

from gemini_nb import Batch, ImageRequest
from gemini_nb.batch import sheet
from gemini_nb.batch.source import Source
from gemini_nb.errors import ArgumentError, BlockedError, GeminiWarning, SaveError
from support.generations import answer, picture
from support.html_tags import Tags
from support.images import padded_png, png

ROWS = [{"sku": "A-1", "price": 1.5}, {"sku": "A-2", "price": None}]


def batch_of(*outcomes, **more):
    requests = tuple(getattr(one, "request", ImageRequest("a failure")) for one in outcomes)
    return Batch(requests, outcomes, **more)


def page_of(batch, folder, **options):
    return batch.to_html(folder / "sheet.html", **options).read_text("utf-8")


def links(batch, folder):
    return [attrs["href"] for attrs in Tags(page_of(batch, folder)).all("a")]


def test_a_page_says_what_there_is_and_what_failed(tmp_path):
    batch = batch_of(answer("a cat"), BlockedError("The prompt was blocked."), None, labels=("x", "y", "z"))
    page = page_of(batch, tmp_path, title="Cats & dogs")
    assert "<title>Cats &amp; dogs</title>" in page
    assert "3 pictures: 1 made, 1 failed, 1 not asked" in page
    for text in ("The prompt was blocked.", "not asked", ">x<", ">y<", ">z<"):
        assert text in page
    assert Tags(page).all("img")[0]["alt"] == "a cat"


@pytest.mark.parametrize("kind", ["records", "pandas", "polars"])
def test_captions_are_columns_of_the_source_and_of_ours(tmp_path, kind):
    table = ROWS if kind == "records" else pytest.importorskip(kind).DataFrame(ROWS)
    batch = batch_of(answer("a"), answer("b"), labels=("x", "y"), source=Source.select(table, ROWS, (0, 1)))
    page = page_of(batch, tmp_path, columns=["sku", "price", "model"])
    assert "<dt>sku:</dt> <dd>A-1</dd>" in page
    assert "<dt>price:</dt> <dd>–</dd>" in page
    assert page.count("<dt>model:</dt> <dd>gemini-3.1-flash-image-preview</dd>") == 2
    assert ">x<" not in page


def test_a_column_that_is_not_there_is_said_before_anything_is_written(tmp_path):
    batch = batch_of(answer(), values=({"city": "Oslo"},))
    with pytest.raises(ArgumentError, match=r"(?s)no column 'citty'.*Did you mean 'city'"):
        page_of(batch, tmp_path, columns="citty")
    with pytest.raises(ArgumentError, match="There are: city, label, index"):
        page_of(batch, tmp_path, columns=["zzz"])
    assert list(tmp_path.iterdir()) == []


def test_a_saved_picture_is_linked_by_a_path_relative_to_the_page(tmp_path):
    (tmp_path / "pages").mkdir()
    made = answer("a")
    path = made.save(tmp_path / "a #1: ü?.png")
    (link,) = links(batch_of(replace(made, path=path)), tmp_path / "pages")
    assert (tmp_path / "pages" / unquote(link)).read_bytes() == made.image.data
    assert not {"#", "?", ":", " "} & set(link)


def hidden(folder, data):
    """A picture whose file is in a store."""
    folder = folder / ".gemini_nb" / "images"
    folder.mkdir(parents=True, exist_ok=True)
    made = answer(images=(picture(data),))
    return replace(made, path=made.save(folder / f"{made.image.sha256}.png"))


def test_small_originals_of_a_store_or_of_no_file_are_part_of_the_page(tmp_path):
    stored, held = hidden(tmp_path, png(2, 2)), answer("a")
    page = Tags(page_of(batch_of(stored, held, labels=("a/b", "")), tmp_path))
    data = [b64decode(attrs["href"].removeprefix("data:image/png;base64,")) for attrs in page.all("a")]
    assert data == [stored.image.data, held.image.data]
    assert [attrs["download"] for attrs in page.all("a")] == ["a-b.png", "image.png"]


def test_large_ones_are_linked_where_there_is_a_file_for_them(tmp_path):
    stored = hidden(tmp_path, padded_png(3, 3, sheet.MAX_EMBEDDED_BYTES))
    with pytest.warns(GeminiWarning, match="no link to 1 original: in no file.* originals="):
        found = links(batch_of(stored, answer("a"), None), tmp_path)
    assert found == [f".gemini_nb/images/{stored.image.sha256}.png"]


def test_a_file_that_is_gone_is_not_linked(tmp_path):
    made = replace(answer("a"), path=tmp_path / "gone.png")
    assert links(batch_of(made), tmp_path)[0].startswith("data:")


def test_promise_15_a_file_that_is_there_is_replaced_only_if_that_was_asked_for(tmp_path):
    (tmp_path / "sheet.html").write_text("mine")
    with pytest.raises(
        SaveError, match=r"sheet\.html cannot be written: it is there already; overwrite=True"
    ):
        page_of(batch_of(answer()), tmp_path)
    assert (tmp_path / "sheet.html").read_text() == "mine"
    assert "1 made" in page_of(batch_of(answer()), tmp_path, overwrite=True)


def test_a_page_is_written_whole_or_not_at_all(tmp_path):
    class Stops:
        def __getattr__(self, name):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        page_of(batch_of(answer(), replace(answer(), images=(Stops(),))), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_page_that_cannot_be_written_is_said_to_be_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SaveError, match="cannot be written: file exists"):
        batch_of(answer()).to_html(tmp_path / "file" / "sheet.html")


def test_originals_are_saved_into_a_folder_that_the_page_links_to(tmp_path):
    batch = batch_of(hidden(tmp_path, png(2, 2)), answer("b"), labels=("Łódź", "Oslo"))
    found = Tags(page_of(batch, tmp_path, originals=tmp_path / "cards")).all("a")
    assert [unquote(link["href"]) for link in found] == ["cards/Łódź.png", "cards/Oslo.png"]
    assert (tmp_path / "cards" / "Oslo.png").read_bytes() == png()


def test_nothing_is_saved_for_a_page_that_may_not_be_written(tmp_path):
    (tmp_path / "sheet.html").write_text("mine")
    with pytest.raises(SaveError, match="there already"):
        page_of(batch_of(answer()), tmp_path, originals=tmp_path / "cards")
    assert not (tmp_path / "cards").exists()
