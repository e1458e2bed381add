"""The gallery as a notebook saves it."""

from __future__ import annotations

import pytest

from support.studios import visiting

pytestmark = pytest.mark.filterwarnings("ignore:Passing unrecognized arguments:DeprecationWarning")


def test_the_gallery_is_updated_in_its_place():
    with visiting() as (visitor, _):
        visitor.generate("a red square")
        (_, first), *_, (_, last) = visitor.shown
        assert (first["update"], last["update"]) == (False, True)
        assert first["transient"] == last["transient"]
