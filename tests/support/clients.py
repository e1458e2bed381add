"""A client of a test server, the reply it hopes for, and what it got instead of a picture."""

from __future__ import annotations

from gemini_nb import Client, GeminiError
from support.images import png
from support.replies import body, inline, reply

KEY = "sk-test-0123456789"
PICTURE = png()
OK = body(reply(inline(PICTURE)))


def client_of(url: str, **settings) -> Client:
    return Client(base_url=url, api_key=KEY, **settings)


def error_from(url: str, prompt: str = "a red square", **settings) -> GeminiError:
    """The error of one call, as its caller sees it; it is a failure to get a picture."""
    with client_of(url, **settings) as client:
        try:
            picture = client.generate(prompt)
        except GeminiError as error:
            return error
    raise AssertionError(f"no error, but {picture}")


def assert_error_is_ours(error: GeminiError) -> None:
    """Nothing of a library below shows in the error, its chain or its words."""
    assert error.__cause__ is None
    assert error.__context__ is None
    assert type(error).__module__ == "gemini_nb.errors"
    assert len(str(error).splitlines()) <= 3
    assert KEY not in str(error)
