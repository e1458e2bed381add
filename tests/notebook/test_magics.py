"""The magics in a real IPython shell; `tests/notebook/test_kernel.py` drives them in a real kernel."""

from __future__ import annotations

import pytest

from support.gateway import Answer, Gateway
from support.images import noise_png
from support.shells import a_shell

PNG = noise_png(3000)


BAD = {
    "empty prompt": ("%%gemini_image\n   \n", "The prompt is empty"),
    "empty line": ("%gemini_image", "The prompt is empty"),
    "unknown option": ("%%gemini_image --modle x\na", "did you mean --model"),
    "option without value": ("%%gemini_image -m\na", "expected one argument"),
    "no name": ("%%gemini_image 2nd\na", "not a name to assign to"),
    "keyword": ("%%gemini_image class\na", "not a name to assign to"),
    "two names": ("%%gemini_image a b\na", "one NAME and options, not 'a b'"),
    "malformed ratio": ("%%gemini_image -a 16x9\na", "not an aspect ratio"),
    "malformed size": ("%%gemini_image -z huge\na", "not an image size"),
    "unreadable source": ("%%gemini_image -i nowhere.png\na", "no variable and no file"),
    "source that is no picture": ("x = 7\n%gemini_image -i x a", "cannot be an input image"),
    "open quote": ("%gemini_image a cat's hat", "is not closed"),
    "width": ("%%gemini_image --width 5\na", "not a width"),
    "key as an option": ("%%gemini_image --api-key=abc\na", "does not belong in a cell"),
    "key as a word": ("%gemini key AIzaSyA1234567890abcdefghijk", "does not belong in a cell"),
    "unknown word": ("%gemini stauts", "Did you mean %gemini status"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_fails_the_cell_before_anything_is_sent(shell, gateway, case):
    source, message = BAD[case]
    done = shell.run(source)
    assert message in str(done.error)
    assert len(str(done.error).splitlines()) <= 3
    assert gateway.posts == 0


def test_an_error_is_one_message_and_no_traceback(shell):
    done = shell.run("%%gemini_image -a 16x9\na")
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stdout.startswith("ArgumentError: '16x9' is not an aspect ratio.")


def test_without_a_key_it_paints_offline_and_says_so_once(keyless):
    first, second = (keyless.run("%%gemini_image\na red square") for _ in range(2))
    assert first.result.provider == second.result.provider == "offline"
    assert "CRAZYROUTER_API_KEY" in first.stdout
    assert "CRAZYROUTER_API_KEY" not in second.stdout


def test_a_wrong_key_is_an_error_and_never_a_painting():
    refusal = Answer({"error": {"code": "invalid_api_key", "message": "no"}}, status=401)
    with Gateway(refusal) as gateway, a_shell(gateway.url) as shell:
        done = shell.run("%%gemini_image\na red square")
    assert type(done.error).__name__ == "AuthenticationError"
    assert "CRAZYROUTER_API_KEY" in str(done.error)


def test_an_unknown_model_is_passed_on_and_said_in_a_line(shell, gateway):
    done = shell.run("%%gemini_image -m gemini-99-image\na red square")
    assert "not in the catalogue" in done.stdout
    assert "Warning" not in done.stderr
    assert gateway.requests[0].path.endswith("gemini-99-image:generateContent")


def test_help_is_shown_and_is_no_error(shell):
    done = shell.run("%gemini_image --help")
    assert done.error is None
    assert "--aspect-ratio" in done.stdout


@pytest.mark.parametrize("word", ["", "models", "status"])
def test_the_commands_answer(shell, word):
    done = shell.run(f"%gemini {word}")
    assert done.error is None
    assert done.stdout


def test_a_function_sees_its_own_variables_in_a_prompt_and_a_loop_its(shell, gateway):
    shell.run(
        "city = 'outside'\ndef paint(city):\n    made = %gemini_image a view of {{city}}\n    return made"
    )
    made = shell.run("[paint(city).prompt for city in ('Łódź', 'Oslo')]").result
    assert made == ["a view of Łódź", "a view of Oslo"]
    shell.run(
        "pics = []\nfor n in range(2):\n    pic = %gemini_image -i mine number {{n}}\n    pics.append(pic)"
    )
    assert "no variable" in str(shell.run("%gemini_image -i mine x").error)
    shell.run("def edit():\n    mine = PNG\n    made = %gemini_image -i mine x\n    return made")
    shell.names["PNG"] = PNG
    assert shell.run("edit().request.images[0].data == PNG").result is True


def test_an_interrupt_between_requests_is_one_line_too(shell):
    shell.run("class Stop(list):\n    def __iter__(self): raise KeyboardInterrupt\nx = Stop([1])")
    done = shell.run("%%gemini_image --vary x\n{{x}}")
    assert type(done.error).__name__ == "Cancelled"
    assert "Traceback" not in done.stdout
