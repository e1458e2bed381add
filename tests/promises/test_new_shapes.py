"""Promise 2 over real HTTP: a paid picture is read in whatever shape it came, or its reply is kept."""

from __future__ import annotations

import pytest

from gemini_nb import Client, NoImageError
from gemini_nb.errors import BlockedError, GeminiError
from support.clients import KEY, client_of, error_from
from support.gateway import Answer, Gateway
from support.images import encoded, jpeg, padded_png, png
from support.new_shapes import streamed, whole
from support.replies import b64, body, chat, data_uri, inline, reply
from support.streams import SSE, event, pieces_of

SMALL, LARGE = png(40, 30), padded_png(40, 30, 50_000)
PICTURES = {"small": SMALL, "large": LARGE}


def generated(answer, *, stream=False, **headers):
    with Gateway(Answer(answer, headers=headers)) as gateway, client_of(gateway.url) as client:
        generation = client.generate("a red square", text=stream, stream=stream)
        generation = generation.result() if stream else generation
        assert gateway.posts == 1
        return generation


@pytest.mark.parametrize("size", PICTURES)
@pytest.mark.parametrize("shape", whole(SMALL))
def test_a_new_shape_gives_its_picture_and_tells_where_it_stood(shape, size):
    answer, source = whole(PICTURES[size])[shape]
    generation = generated(body(answer))
    assert [image.data for image in generation.images] == [PICTURES[size]]
    assert generation.image.source == source
    assert b64(PICTURES[size])[:40] not in generation.text


@pytest.mark.parametrize("is_stream", [False, True], ids=["asked for whole", "asked for as a stream"])
@pytest.mark.parametrize("size", PICTURES)
@pytest.mark.parametrize("shape", streamed(SMALL))
def test_a_stream_gives_its_picture_whatever_was_asked_for(shape, size, is_stream):
    generation = generated(streamed(PICTURES[size])[shape], stream=is_stream, **SSE)
    assert [image.data for image in generation.images] == [PICTURES[size]]
    assert set(generation.text.replace("Here", "")) <= {"\n"}


@pytest.mark.parametrize("shape", whole(SMALL))
def test_a_new_shape_that_answers_a_stream_gives_its_picture_too(shape):
    generation = generated(body(whole(SMALL)[shape][0]), stream=True)
    assert [image.data for image in generation.images] == [SMALL]


@pytest.mark.parametrize(
    "form", ["Here: {}", "Here: {} Enjoy it!", "Here: b'{}' Enjoy it!", 'Here: {{"image": "{}"}}']
)
def test_no_base64_is_shown_as_words_while_it_streams(form):
    text = form.format(b64(LARGE))
    parts = (text[at : at + 5002] for at in range(0, len(text), 5002))
    pieces, generation = pieces_of(b"".join(event(reply(part, finish_reason=None)) for part in parts))
    assert pieces[-1] == generation.image
    assert pieces[-1].data == LARGE
    assert "".join(pieces[:-1]) == generation.text
    assert len(generation.text) < 30


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_the_last_resort_knows_each_type_by_its_first_letters(kind):
    picture = encoded(kind, 30, 20)
    assert generated(body({"odd": b64(picture)})).image.data == picture


def test_a_picture_alone_is_a_reply_too():
    generation = generated(LARGE, **{"Content-Type": "image/png"})
    assert (generation.image.data, generation.image.source) == (LARGE, "other: body")


def test_a_text_that_is_no_json_gives_its_picture():
    assert generated(f"![i]({data_uri(SMALL)})".encode()).image.data == SMALL


def test_what_a_known_shape_finds_is_not_changed_by_a_picture_elsewhere():
    generation = generated(body(reply(inline(SMALL), extra=b64(jpeg(300, 300)), images=[b64(LARGE)])))
    assert [image.data for image in generation.images] == [SMALL]


def test_a_link_in_a_place_that_nobody_knows_is_fetched():
    with Gateway(lambda _: Answer({"data": {"outputs": [f"{gateway.url}/made/1.png"]}})) as gateway:
        gateway.files["/made/1.png"] = (LARGE, "image/png")
        image = client_of(gateway.url).generate("a red square").image
    assert (image.data, image.source) == (LARGE, "hosted URL")


def test_a_picture_of_a_new_shape_is_stored_and_replayed_with_its_source(tmp_path):
    with Gateway(Answer({"odd": [b64(LARGE)]})) as gateway:
        client_of(gateway.url, store=tmp_path / "store").generate("a red square")
        again = client_of(gateway.url, store=tmp_path / "store").generate("a red square")
        assert gateway.posts == 1
    assert (again.replayed, again.image.source, again.image.data) == (True, "other: odd[0]", LARGE)


KEPT = {
    "nothing that is known": {"weird": {"deep": [1, 2, {"x": "y"}]}},
    "an empty object": {},
    "no candidates": {"candidates": []},
    "null everywhere": {"candidates": None, "choices": None, "data": None, "output": None},
    "text": reply("I would paint a square."),
    "text in a chat": chat({"content": "I would paint a square."}),
    "a refusal": reply(finish_reason="IMAGE_SAFETY"),
    "a blocked prompt": {"promptFeedback": {"blockReason": "SAFETY"}},
    "no image": {"candidates": [{"content": {}, "finishReason": "NO_IMAGE"}]},
    "a text in a new shape": {"output": [{"content": [{"text": "words"}]}]},
    "an error in a 200": {"error": {"code": 500, "message": "upstream"}},
    "a refused key in a 200": {"error": {"code": 401, "message": "no"}},
    "not successful": {"success": False, "message": "no"},
    "a draft only": reply(inline(SMALL, thought=True)),
    "a signature": reply({"text": "", "thoughtSignature": b64(SMALL)}),
    "a search's picture": reply("x", groundingMetadata={"searchEntryPoint": {"renderedContent": b64(SMALL)}}),
    "half a picture": {"odd": b64(LARGE)[:30_000]},
    "an SVG": {"odd": data_uri(b"<svg/>" * 200, "image/svg+xml")},
    "no base64": {"odd": "iVBORw0KGgo" + "!" * 100},
    "a picture of one pixel": {"odd": b64(png(1, 1))},
    "bytes as numbers": {"type": "Buffer", "data": list(SMALL)},
    "hex": {"odd": SMALL.hex()},
    "a list": [],
    "a text": "done",
    "a number": 7,
}


@pytest.mark.parametrize("case", KEPT)
def test_what_came_of_a_paid_call_and_is_no_picture_is_kept_and_named(case):
    sent = body(KEPT[case])
    with Gateway(Answer(sent)) as gateway:
        error = error_from(gateway.url)
        assert gateway.posts == 1
    assert error.raw_path.read_bytes() == sent
    assert str(error.raw_path) in str(error)
    assert len(str(error).splitlines()) <= 3


@pytest.mark.parametrize("case", ["text", "a refusal", "an error in a 200", "half a picture"])
def test_a_stream_that_came_to_no_picture_is_kept_as_it_was_sent(case):
    sent = b": ping\r\ndata: " + body(KEPT[case]) + b"\r\n\r\ndata: ping\n\n"
    with Gateway(Answer(sent, headers=SSE)) as gateway, pytest.raises(GeminiError) as caught:
        client_of(gateway.url).generate("a red square", stream=True).result()
    assert caught.value.raw_path.read_bytes() == sent


def test_what_the_embedded_provider_refuses_costs_nothing_and_is_not_kept():
    with pytest.raises(BlockedError) as caught:
        Client("offline").generate("blocked by safety")
    assert caught.value.raw_path is None


TASKS = {
    "task_id": {"task_id": "task-7f3a", "status": "processing"},
    "no status": {"task_id": "task-7f3a"},
    "taskId in data": {"code": 200, "msg": "success", "data": {"taskId": "task-7f3a"}},
    "in a list": {"code": 200, "data": [{"status": "submitted", "task_id": "task-7f3a"}]},
    "id and status": {"id": "task-7f3a", "object": "image.generation.task", "status": "queued"},
    "id and object": {"id": "task-7f3a", "object": "image.generation.task"},
    "Replicate": {"id": "task-7f3a", "status": "starting", "urls": {"get": "https://gateway.example/t"}},
    "a queue": {"status": "IN_QUEUE", "request_id": "task-7f3a", "queue_position": 3},
    "DashScope": {"output": {"task_status": "PENDING", "task_id": "task-7f3a"}, "request_id": "r"},
    "job": {"jobId": "task-7f3a"},
    "a job inside": {"generationJob": {"job_id": "task-7f3a", "cost": 4}},
    "prediction": {"prediction_id": "task-7f3a", "state": "RUNNING"},
    "an operation": {"name": "operations/task-7f3a", "done": False},
    "Responses API": {"id": "task-7f3a", "object": "response", "status": "in_progress", "output": []},
    "in capitals": {"TaskID": "task-7f3a", "Status": "Waiting"},
    "hyphens": {"task-id": "task-7f3a", "state": "not-started"},
    "uuid": {"uuid": "task-7f3a", "state": "pending"},
    "deep": {"a": {"b": [{"c": {"task_id": "task-7f3a"}}]}},
    "a picture to come": {"task_id": "task-7f3a", "status": "processing", "images": []},
    "an event": "data: " + '{"task_id": "task-7f3a"}' + "\n\n",
    "new-api": {"code": "success", "message": "", "data": "task-7f3a"},
    "Midjourney": {"code": 1, "description": "Submit success", "result": "task-7f3a"},
    "an address to ask": {"id": "task-7f3a", "polling_url": "https://gateway.example/v1/task-7f3a"},
    "with a text": reply("Working on it", task_id="task-7f3a"),
}


@pytest.mark.parametrize("status", [200, 202])
@pytest.mark.parametrize("case", TASKS)
def test_the_id_of_a_task_is_told_and_on_the_error_and_the_reply_is_kept(case, status):
    with Gateway(Answer(TASKS[case], status=status)) as gateway:
        error = error_from(gateway.url)
        assert gateway.posts == 1
    assert type(error) is NoImageError
    assert error.task_id.removeprefix("operations/") == "task-7f3a"
    assert "started a task" in str(error)
    assert error.task_id in str(error)
    assert b"task-7f3a" in error.raw_path.read_bytes()
    assert len(str(error).splitlines()) <= 3


NO_TASKS = {
    "an id of a chat": chat({"content": "no"}) | {"id": "chatcmpl-1"},
    "a response's id": reply("no", responseId="r-1"),
    "a task that failed": {"task_id": "t", "status": "failed"},
    "an id that is done": {"id": "t", "status": "completed"},
    "words as data": {"code": 0, "data": "done in 7 seconds"},
    "words of one letter": {"code": 0, "result": "success"},
    "a task without an id": {"task_id": None, "status": "queued"},
    "an id of another kind": {"id": {"a": 1}, "status": "queued"},
}


@pytest.mark.parametrize("case", NO_TASKS)
def test_other_ids_are_no_tasks(case):
    with Gateway(Answer(NO_TASKS[case])) as gateway:
        error = error_from(gateway.url)
    assert getattr(error, "task_id", None) is None


def test_promise_9_a_task_id_that_holds_the_key_is_masked():
    with Gateway(Answer({"task_id": f"t-{KEY}"})) as gateway:
        error = error_from(gateway.url)
    assert error.task_id == "t-[key]"
    assert KEY not in str(error)


def test_promise_9_a_place_with_the_key_in_it_is_masked():
    image = generated(body({KEY: {"x" * 41: {"a b": [b64(SMALL)]}}})).image
    assert image.source == "other: [key].….…[0]"
