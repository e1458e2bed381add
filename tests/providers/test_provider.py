from __future__ import annotations

import pytest

from gemini_nb.providers.provider import CRAZYROUTER, GOOGLE, OFFLINE
from gemini_nb.providers.selection import choose_provider


@pytest.mark.parametrize("model", ["a?key=x", "a#b", "a\r\nHost: evil", "a@evil", "//evil", "é"])
def test_promise_10_a_models_name_cannot_change_the_origin(model):
    from httpx import URL

    url = URL(CRAZYROUTER.url(model))
    assert (url.scheme, url.netloc, url.query, url.fragment) == ("https", b"crazyrouter.com", b"", "")


def test_what_is_on_this_machine():
    assert OFFLINE.is_loopback
    assert choose_provider("google", base_url="http://127.0.0.1:1").is_loopback
    assert not GOOGLE.is_loopback
