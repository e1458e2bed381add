"""How a picture was painted is remembered for a while, so that its things can be taken out and found."""

from __future__ import annotations

from gemini_nb.offline.painter import paint
from gemini_nb.offline.painter.recipes import Recipe, RecipeBook, Step
from support import paintings
from support.pixels import BLUE, GREEN, RED, png, share


def chain(*prompts):
    """Paint the first prompt and edit the picture by each further one."""
    painting = paint.paint_step(Step(prompts[0], image_size="512"))
    for prompt in prompts[1:]:
        painting = paint.paint_step(Step(prompt), images=[png(painting.image)], known=painting.recipe)
    return painting


def test_a_thing_that_an_edit_added_can_be_removed_by_a_later_one():
    painting = chain("a red circle on white", "add a green star at the top", "remove the star")
    assert painting.left_out == ()
    assert (share(painting.image, GREEN), share(painting.image, RED) > 0.1) == (0, True)


def test_what_was_removed_can_be_added_again_and_is_not_removed_for_ever():
    circle = "a blue circle and a red square on white"
    gone = chain(circle, "remove the circle")
    again = chain(circle, "remove the circle", "add a green circle at the top", "remove the square")
    assert share(gone.image, BLUE) == share(again.image, BLUE) == 0
    assert share(again.image, GREEN) > 0


def test_edits_are_kept_when_something_is_taken_out_after_them():
    painting = chain(
        "a red circle and a blue square on white", "make it black and white", "remove the circle"
    )
    pixel = painting.image.getpixel((340, 256))
    assert pixel[0] == pixel[1] == pixel[2] < 100


def test_what_is_not_there_any_more_is_named():
    assert chain(paintings.SHAPES, "remove the circle", "make the circle green").left_out == (
        "make the circle green",
    )


def test_a_thing_whose_place_is_lost_is_not_looked_at():
    assert chain(paintings.SHAPES, "rotate it 90 degrees", "zoom in on the circle").left_out == ("circle",)


def test_the_book_is_bounded_in_number_length_and_edits():
    book = RecipeBook()
    for number in range(RecipeBook.MAX_RECIPES + 1):
        book.add(b"%d" % number, Recipe(Step(str(number))))
    assert book.find(b"0") is None
    assert book.find(b"1") == Recipe(Step("1"))
    book.add(b"long", Recipe(Step("x" * (RecipeBook.MAX_CHARACTERS + 1))))
    book.add(b"deep", Recipe(Step("x"), edits=(Step("y"),) * RecipeBook.MAX_EDITS))
    assert book.find(b"long") is book.find(b"deep") is None
