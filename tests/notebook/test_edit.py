"""`%%gemini_edit` in a real IPython shell, and across restarts."""

from __future__ import annotations

import pytest

from support.gateway import Answer, Gateway
from support.images import noise_png, png
from support.replies import inline, reply
from support.shells import a_shell, prompt_of
from support.streams import event, stream, words

MADE = "%%gemini_image\na cat"


def numbered(request):
    """A picture as wide as the request has turns, so that each differs."""
    width = len(request.json["contents"]) + len(request.json["contents"][-1]["parts"])
    return Answer(reply(inline(png(width), thoughtSignature=f"signature of {prompt_of(request)}")))


@pytest.fixture
def gateway():
    with Gateway(numbered) as gateway:
        yield gateway


@pytest.fixture
def shell(gateway):
    with a_shell(gateway.url) as shell:
        yield shell


def test_an_edit_goes_on_from_the_last_picture(shell, gateway):
    made = shell.run(MADE).result
    edited = shell.run("%%gemini_edit night\nat night").result
    assert_echoes(gateway.requests[1], "a cat", made)
    assert gateway.requests[1].json["contents"][2]["parts"] == [{"text": "at night"}]
    assert edited is shell.names["night"]
    assert edited.chain == (("a cat", made.image),)


def assert_echoes(request, prompt, made):
    """The request goes on from the model's turn as it came, signature included."""
    user, model = request.json["contents"][-3:-1]
    assert user["parts"][0] == {"text": prompt}
    signed = inline(made.image.data, thoughtSignature=f"signature of {prompt}")
    assert model == {"role": "model", "parts": [signed]}


def test_a_second_edit_echoes_the_first_with_its_signature(shell, gateway):
    for cell in (MADE, "%%gemini_edit\nat night", "%%gemini_edit\nin rain"):
        assert shell.run(cell).error is None
    *before, user, model, asked = gateway.requests[2].json["contents"]
    assert [*before, user] == gateway.requests[1].json["contents"]
    assert model["parts"][0]["thoughtSignature"] == "signature of at night"
    assert asked["parts"] == [{"text": "in rain"}]


def test_the_chain_is_shown_as_a_strip_with_the_prompts_as_alt_texts(shell):
    for cell in (MADE, "%%gemini_edit\nat night"):
        shell.run(cell)
    page = shell.run('%%gemini_edit\nin "rain"').result._repr_mimebundle_()["text/html"]
    alts = [piece.split('"', 1)[0] for piece in page.split('alt="')[1:]]
    assert alts == ["a cat", "at night", "in &quot;rain&quot;"]


def test_another_cells_picture_begins_a_new_conversation(shell, gateway):
    for cell in (MADE, "%%gemini_edit\nat night", "%%gemini_image\na dog", "%%gemini_edit\nin rain"):
        shell.run(cell)
    turns = gateway.requests[3].json["contents"]
    assert [turn["parts"][0]["text"] for turn in turns[::2]] == ["a dog", "in rain"]


def test_undo_takes_the_last_turn_back(shell, gateway):
    for cell in (MADE, "%%gemini_edit\nat night", "%%gemini_edit\nin rain", "%%gemini_edit --undo\nin snow"):
        assert shell.run(cell).error is None
    body = gateway.requests[3].body.decode()
    assert "at night" in body
    assert "in rain" not in body


def test_there_must_be_a_turn_to_undo(shell, gateway):
    shell.run(MADE)
    assert "no turn to take back" in str(shell.run("%%gemini_edit --undo\nx").error)
    assert gateway.posts == 1


def test_new_begins_anew(shell, gateway):
    shell.run(MADE)
    shell.run("%%gemini_edit --new\na dog")
    assert gateway.requests[1].json["contents"] == [{"role": "user", "parts": [{"text": "a dog"}]}]


def test_a_failed_turn_leaves_the_conversation_and_the_name_as_they_were(gateway, tmp_path):
    refused = Answer({"promptFeedback": {"blockReason": "SAFETY"}})
    with (
        Gateway(numbered, numbered, refused, numbered) as failing,
        a_shell(failing.url) as shell,
    ):
        shell.run(MADE)
        kept = shell.run("%%gemini_edit hero\nat night").result
        assert type(shell.run("%%gemini_edit hero\nrefused").error).__name__ == "BlockedError"
        assert shell.names["hero"] is kept
        shell.run("%%gemini_edit\nin rain")
        assert "refused" not in failing.requests[3].body.decode()
        assert len(failing.requests[3].json["contents"]) == 5


def test_the_prompt_is_filled_and_raw_fills_nothing(shell, gateway):
    shell.names["when"] = "night"
    shell.run(MADE)
    shell.run("%%gemini_edit\nat {{when}}")
    shell.run("%%gemini_edit --raw\nat {{when}}")
    assert [prompt_of(request) for request in gateway.requests[1:]] == ["at night", "at {{when}}"]


BAD = {
    "two models": ("%%gemini_edit -m nano-banana-2 -m nano-banana-pro\nx", "asks one model"),
    "new and undo": ("%%gemini_edit --new --undo\nx", "cannot be used together"),
    "nothing to edit": ("%%gemini_edit\nx", "no picture to edit yet"),
    "cost": ("%%gemini_edit --new --max-cost 0.01\nx", "the limit is $0.010"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_wrong_edit_fails_before_anything_is_sent(shell, gateway, case):
    source, message = BAD[case]
    assert message in str(shell.run(source).error)
    assert gateway.posts == 0


def test_a_dry_run_of_an_edit_sends_nothing_and_changes_nothing(shell, gateway):
    shell.run(MADE)
    assert "1 picture would be requested from crazyrouter" in shell.run("%%gemini_edit --dry-run\nx").stdout
    assert gateway.posts == 1
    assert shell.magics.session.last.prompt == "a cat"


CHAIN = (MADE, "%%gemini_edit\nat night", "%%gemini_edit last\nin rain")


def test_after_a_restart_the_chain_is_replayed_for_nothing_and_goes_on(gateway):
    digests = []
    for _ in range(2):
        with a_shell(gateway.url) as shell:
            digests.append([shell.run(cell).result.digest for cell in CHAIN])
    assert digests[0] == digests[1]
    assert gateway.posts == 3
    with a_shell(gateway.url) as shell:
        for cell in (*CHAIN, "%%gemini_edit\nin snow"):
            assert shell.run(cell).error is None
    assert gateway.posts == 4
    contents = gateway.requests[3].json["contents"]
    assert contents[5]["parts"][0]["thoughtSignature"] == "signature of in rain"


def test_in_a_fresh_kernel_an_edit_goes_on_from_the_newest_stored_picture_and_says_so(gateway):
    with a_shell(gateway.url) as shell:
        made = shell.run(MADE).result
    with a_shell(gateway.url) as shell:
        done = shell.run("%%gemini_edit\nat night")
    assert "Continuing from the stored picture 'a cat'." in done.stdout
    assert_echoes(gateway.requests[1], "a cat", made)


def test_a_later_edit_in_a_fresh_kernel_goes_on_from_its_turn_and_is_replayed_in_the_next(gateway):
    with a_shell(gateway.url) as shell:
        shell.run(MADE), shell.run("%%gemini_image\na dog")
        made = shell.run("%%gemini_edit\nat night").result
    for _ in range(2):
        with a_shell(gateway.url) as shell:
            assert shell.run("%%gemini_edit\nin rain").error is None
        assert_echoes(gateway.requests[-1], "at night", made)
    assert gateway.posts == 4


def test_such_an_edit_run_again_in_another_kernel_is_replayed_and_edits_not_itself(gateway):
    with a_shell(gateway.url) as shell:
        shell.run(MADE)
    results = []
    for _ in range(2):
        with a_shell(gateway.url) as shell:
            results.append(shell.run("%%gemini_edit\nat night").result)
    assert gateway.posts == 2
    assert results[1].replayed
    assert results[0].image.data == results[1].image.data


def test_a_stored_picture_that_was_altered_is_not_edited(gateway, tmp_path):
    with a_shell(gateway.url) as shell:
        path = shell.run(MADE).result.path
    path.write_bytes(png(99))
    with a_shell(gateway.url) as shell:
        assert "no picture to edit" in str(shell.run("%%gemini_edit\nat night").error)


def test_an_edit_streams_and_goes_on_from_what_came():
    turns = [Answer(stream()), Answer(words("At ") + event(reply("night.", inline(noise_png(900)))))]
    with Gateway(*turns) as gateway, a_shell(gateway.url) as shell:
        shell.run("%%gemini_image --stream\na red square")
        edited = shell.run("%%gemini_edit --stream\nat night").result
    assert edited.text == "At night."
    assert gateway.requests[1].query["alt"] == "sse"
