"""Keys in the keyring: a real `keyring` with small backends, and files in a home of the test's own."""

from __future__ import annotations

import os
import subprocess
import sys

import keyring
import keyring.backends.fail
import keyring.backends.null
import pytest

from gemini_nb import Client
from gemini_nb.errors import ArgumentError
from gemini_nb.providers import keys, system_keyring
from gemini_nb.providers.keys import enter_key, find_key, mask_keys
from gemini_nb.providers.provider import CRAZYROUTER, GOOGLE, KEYED, OFFLINE
from gemini_nb.providers.selection import choose_provider
from support import keyrings
from support.gateway import Answer, Gateway
from support.images import png
from support.key_leaks import KEY, leaks, shown
from support.paths import ROOT, TESTS
from support.replies import inline, reply


@pytest.fixture(autouse=True)
def chain(tmp_path):
    """A keyring that works, of this test alone."""
    with keyrings.working(tmp_path / "keyring.json") as chain:
        yield chain
        for provider in KEYED:
            keys.forget_key(provider)


def keep(provider=GOOGLE):
    enter_key(provider, KEY)
    keys.keep_key(provider)


def forget_what_was_read():
    """As a process that begins."""
    system_keyring._found.clear()


def failure(act, *args):
    """The error of an act, in which no form of the key may stand."""
    with pytest.raises(ArgumentError) as caught:
        act(*args)
    assert leaks(shown(caught.value.with_traceback(caught.tb.tb_next))) == []
    return str(caught.value)


def test_a_key_that_is_kept_is_found_there_and_for_its_own_provider_only():
    keep()
    forget_what_was_read()
    assert find_key(GOOGLE).reveal() == KEY
    assert find_key(GOOGLE).where == "the keyring"
    assert find_key(CRAZYROUTER) is None
    assert find_key(OFFLINE) is None
    assert choose_provider("auto") is GOOGLE


def test_the_environment_and_what_is_typed_go_before_the_keyring(monkeypatch):
    keep()
    monkeypatch.setenv("GOOGLE_API_KEY", "of-the-environment")
    assert find_key(GOOGLE).reveal() == "of-the-environment"
    enter_key(GOOGLE, "typed")
    assert find_key(GOOGLE).reveal() == "typed"


def test_without_a_key_that_was_kept_no_keyring_is_asked(chain):
    keyring.set_password(system_keyring.SERVICE, "google", KEY)
    assert find_key(GOOGLE) is None
    assert chain.reads == 0


def test_a_keyring_is_asked_once_and_not_to_mask_a_line(chain):
    keep()
    forget_what_was_read()
    chain.reads = 0
    assert mask_keys("words") == "words"
    assert chain.reads == 0
    assert find_key(GOOGLE) == find_key(GOOGLE)
    assert chain.reads == 1
    assert leaks(mask_keys(f"a {KEY} b")) == []


def test_an_entry_that_the_keyrings_own_program_removed_is_no_key(chain):
    keep()
    chain.delete_password(system_keyring.SERVICE, "google")
    forget_what_was_read()
    assert find_key(GOOGLE) is None
    system_keyring.forget_key(GOOGLE)


def test_a_key_that_is_given_up_is_in_no_file(tmp_path):
    keep()
    assert [path for path in tmp_path.rglob("*.kept") if leaks(path.read_bytes())] == []
    system_keyring.forget_key(GOOGLE)
    assert find_key(GOOGLE) is None
    assert (tmp_path / "keyring.json").read_text() == "{}"
    assert list(tmp_path.rglob("*.kept")) == []


@pytest.mark.parametrize(
    ("backend", "reason"),
    [(keyrings.ForgetfulKeyring, "does not give it back"), (keyrings.LockedKeyring, "cannot keep")],
)
def test_a_key_that_no_keyring_takes_is_not_lost(backend, reason):
    keyring.set_keyring(backend())
    enter_key(GOOGLE, KEY)
    message = failure(keys.keep_key, GOOGLE)
    assert reason in message
    assert "in this session all the same" in message
    assert find_key(GOOGLE).reveal() == KEY
    assert not system_keyring.is_kept(GOOGLE)


def test_what_a_keyring_repeats_of_a_key_without_a_known_form_is_masked():
    keyring.set_keyring(keyrings.LockedKeyring())
    enter_key(CRAZYROUTER, "my-gateway-4711-key")
    assert "4711" not in failure(keys.keep_key, CRAZYROUTER)


def test_a_locked_keyring_is_an_error_and_not_a_missing_key():
    keep()
    forget_what_was_read()
    keyring.set_keyring(keyrings.LockedKeyring())
    message = failure(find_key, GOOGLE)
    assert "could not be read from the keyring: the collection is locked." in message
    assert "set GEMINI_API_KEY, which goes first" in message


def test_a_locked_keyring_can_be_given_up():
    keep()
    keyring.set_keyring(keyrings.LockedKeyring())
    assert "Remove the entry gemini_nb" in failure(system_keyring.forget_key, GOOGLE)
    assert find_key(GOOGLE) is None


@pytest.mark.parametrize("backend", [keyring.backends.fail.Keyring, keyring.backends.null.Keyring])
def test_a_machine_without_a_keyring_says_so_before_anybody_types(backend):
    keyring.set_keyring(backend())
    assert "no keyring on this machine" in failure(system_keyring.check_usable)


def test_without_the_package_a_kept_key_is_none_and_keeping_names_the_extra(monkeypatch):
    keep()
    monkeypatch.setitem(sys.modules, "keyring", None)  # as if it were not installed
    assert find_key(GOOGLE) is None
    assert 'pip install "gemini-nb[keyring]"' in failure(system_keyring.check_usable)


def test_a_marker_that_cannot_be_written_is_said_and_the_key_used(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))
    (tmp_path / "file").write_text("in the way")
    enter_key(GOOGLE, KEY)
    assert "could not be put into the keyring" in failure(keys.keep_key, GOOGLE)
    assert find_key(GOOGLE).reveal() == KEY


def in_a_process(code, **variables):
    """What a Python that begins prints; its `keyring` chooses its backend by the environment."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(TESTS)]), **variables}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_the_next_process_sends_the_key_that_was_kept():
    keep()
    with Gateway(Answer(reply(inline(png())))) as gateway:
        with Client("google", base_url=gateway.url) as client:
            client.generate("a")
        code = (
            "from gemini_nb import Client; "
            f"print(Client('google', base_url={gateway.url!r}).generate('b').image.width)"
        )
        assert in_a_process(code, PYTHON_KEYRING_BACKEND=keyrings.NAME).strip().isdigit()
        assert [request.headers["x-goog-api-key"] for request in gateway.requests] == [KEY, KEY]


def test_the_package_is_loaded_for_nobody_who_keeps_no_key():
    code = (
        "import sys, gemini_nb\n"
        "try: gemini_nb.Client('google')\n"
        "except gemini_nb.MissingKeyError: pass\n"
        "gemini_nb.Client('auto')\n"
        "print([name for name in sys.modules if name.split('.')[0] == 'keyring'])"
    )
    assert in_a_process(code) == "[]\n"
