"""The pictures of a session, which all of its studios show."""

from __future__ import annotations

import pytest

from support.gateway import Gateway
from support.shells import a_shell
from support.studios import OK, Visitor, visiting

pytestmark = pytest.mark.filterwarnings("ignore:Passing unrecognized arguments:DeprecationWarning")


def test_the_pictures_of_the_store_are_there_in_a_fresh_session():
    with Gateway(OK) as gateway:
        with a_shell(gateway.url) as shell:
            Visitor(shell).generate("a red square")
        with a_shell(gateway.url) as shell:
            visitor = Visitor(shell)
            assert 'alt="a red square"' in visitor.page
            visitor.press("Copy as cell")
            assert visitor.shell.run(visitor.controls.text.value).result.replayed
        assert gateway.posts == 1


def test_a_second_studio_shows_what_the_first_makes():
    with visiting() as (visitor, _):
        other = Visitor(visitor.shell)
        visitor.generate("a red square")
        assert len(other.studio.pictures) == 1
        assert [label for label, _ in other.controls.picture.options] == ["1 · a red square"]
