"""A prompt's words are understood in six languages and in emoji, the longest phrase first."""

from __future__ import annotations

import pytest

from gemini_nb.offline.painter import colours
from gemini_nb.offline.painter.reading import languages, scene, vocabulary, words
from gemini_nb.offline.painter.things import THINGS
from support import paintings


@pytest.mark.parametrize(
    ("prompt", "drawn"),
    [
        ("zwei kleine Katzen neben einem grünen Baum", "cat tree"),
        ("Katze", "cat"),
        ("Schneemänner im Schnee bei Nacht", "night snow snowman"),
        ("ein Hausboot", "boat"),
        ("ein Heißluftballon über den Bergen", "hot air balloon mountains"),
        ("deux oiseaux dans le ciel, au lever du soleil", "bird dawn sky"),
        ("l'arc-en-ciel", "rainbow"),
        ("dos mariposas amarillas y una flor", "butterfly flower"),
        ("un árbol en otoño", "autumn tree"),
        ("une maison en bois", "house"),
        ("猫", "cat"),
        ("夜の海と三日月", "crescent night sea"),
        ("雪だるま", "snowman"),
        ("三只小鸟在天空", "bird sky"),
        ("秋天的森林", "autumn forest"),
        ("❤️ and ⭐", "heart star"),
        ("two cats and a Hund", "cat"),  # one language at a time
        ("a chat about boots", ""),
    ],
)
def test_words_of_other_languages_are_understood(prompt, drawn):
    assert paintings.drawn(prompt) == drawn


@pytest.mark.parametrize("prompt", ["熊猫", "海豚", "人工智能", "👩‍🚀", "🇩🇪", "бумага", "बिल्ली", "कुत्ता"])
def test_a_word_that_holds_another_is_not_read_as_that(prompt):
    assert scene.read(prompt).left_out == (prompt,)


@pytest.mark.parametrize(
    "prompt",
    ["zwei rote Kreise", "deux cercles rouges", "dos círculos rojos", "二つの赤い丸", "两个红色圆圈"],
)
def test_numbers_and_colours_agree_with_their_noun(prompt):
    (item,) = scene.read(prompt).items
    assert (item.shape, item.count, item.colours) == ("circle", 2, ((255, 0, 0),))


def test_a_colour_after_its_noun_does_not_pass_to_the_next():
    cat, boat = scene.read("un chat noir sur un bateau").items
    assert (cat.colours, boat.colours) == (((0, 0, 0),), ())


def test_every_word_of_every_language_means_something_that_is_drawn():
    shapes = {*THINGS, *vocabulary.NOUNS}
    entries = [entry for language in languages.LATIN.values() for entry in language.entries()]
    entries += [(*entry, False) for entry in languages.cjk_entries()]
    assert len(entries) > 1500
    for phrase, kind, value, _ in entries:
        assert kind != "noun" or value in shapes, phrase
        assert kind != "colour" or value in colours.names(), phrase
        assert kind != "scenery" or value in vocabulary.SCENERY, phrase
        assert kind != "time" or value in vocabulary.TIMES, phrase
        assert len(phrase.split()) <= 4, phrase


def test_a_prompt_of_thousands_of_words_is_read_to_its_bound():
    assert len(words.read("horse " * 5000)) == words.MAX_TOKENS
    assert scene.read("馬" * 30_000).left_out == ("馬" * 24_000,)
