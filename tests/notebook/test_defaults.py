"""Defaults of the magics: set, kept over a reload, refused with a line."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gemini_nb.providers.provider import PROVIDERS


def test_a_default_is_a_trait(shell, gateway):
    shell.run("%config GeminiMagics.model = 'nano-banana-pro'")
    shell.run("%%gemini_image\na red square")
    assert "gemini-3-pro-image-preview" in gateway.requests[0].path


GOOD_DEFAULTS = {
    "model": "nano-banana-pro",
    "aspect_ratio": "16:9",
    "image_size": "2K",
    "replay": "off",
    "provider": "google",
    "base_url": "http://127.0.0.1:8765",
    "timeout": 5.0,
    "preview_width": 300,
    "progress": False,
    "max_cost": None,
    "max_images": 7,
    "store": "elsewhere",
}


@pytest.mark.parametrize("name", GOOD_DEFAULTS)
def test_every_default_can_be_set_and_outlives_a_reload(keyless, name):
    keyless.run(f"%config GeminiMagics.{name} = {GOOD_DEFAULTS[name]!r}")
    keyless.run("%reload_ext gemini_nb")
    assert getattr(keyless.magics, name) == GOOD_DEFAULTS[name]


@pytest.mark.parametrize("name", [*PROVIDERS, "auto"])
def test_whoever_can_be_asked_can_be_the_default(keyless, name):
    keyless.magics.provider = name
    assert keyless.magics.session.provider_name() == name


BAD_DEFAULTS = {
    "model": "nano banana",
    "aspect_ratio": "16x9",
    "image_size": "huge",
    "replay": "never",
    "provider": "gogle",
    "base_url": "http://example.com",
    "timeout": "long",
    "preview_width": 5,
    "progress": "never",
    "max_cost": -1.0,
    "max_images": 0,
    "store": 7,
}


@pytest.mark.parametrize("name", BAD_DEFAULTS)
def test_a_bad_default_is_said_and_the_old_one_stays_for_the_next_load_too(keyless, name):
    if name != "max_cost":
        keyless.run(f"%config GeminiMagics.{name} = {GOOD_DEFAULTS[name]!r}")
    old = getattr(keyless.magics, name)
    done = keyless.run(f"%config GeminiMagics.{name} = {BAD_DEFAULTS[name]!r}")
    assert done.stdout.startswith(f"GeminiMagics.{name}: ")
    assert done.stdout.endswith(f"It stays at {old!r}.\n")
    assert done.stderr == ""
    assert keyless.run("%reload_ext gemini_nb").stdout == ""
    assert getattr(keyless.magics, name) == old


def test_a_bad_default_of_the_configuration_is_said_at_the_first_load_only(keyless):
    keyless.run("%unload_ext gemini_nb")
    keyless.shell.config.GeminiMagics.timeout = "long"
    keyless.shell.config.GeminiMagics.model = "nano-banana-pro"
    assert keyless.run("%load_ext gemini_nb").stdout.startswith("GeminiMagics.timeout: expected a float")
    assert keyless.run("%reload_ext gemini_nb").stdout == ""
    assert (keyless.magics.timeout, keyless.magics.model) == (240.0, "nano-banana-pro")


def test_a_mistyped_default_is_said(keyless):
    done = keyless.run("%config GeminiMagics.modle = 'x'")
    assert done.stdout == "GeminiMagics.modle: there is no such default; did you mean model?\n"


def test_a_key_is_no_default_of_any_kind(keyless):
    done = keyless.run("%config GeminiMagics.model = 'AIzaSyA1234567890abcdefghijk'")
    assert "A key does not belong in a cell" in done.stdout
    assert "1234567890" not in done.stdout


def test_ipython_config_sets_defaults_and_a_bad_one_there_is_not_fatal(tmp_path):
    profile = tmp_path / "profile"
    profile.mkdir()
    (profile / "ipython_config.py").write_text(
        "c.GeminiMagics.timeout = 'long'\nc.GeminiMagics.model = 'nano-banana-pro'\n"
        "c.InteractiveShellApp.extensions = ['gemini_nb']\n"
    )
    code = "%config GeminiMagics.model"
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--profile-dir", str(profile), "--colors=NoColor", "-c", code],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    assert "GeminiMagics.timeout: expected a float, not the str 'long'. It stays at 240.0." in done.stdout
    assert "'nano-banana-pro'" in done.stdout
