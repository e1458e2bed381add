"""Clients that we did not write get pictures, streams and errors from the offline server."""

from __future__ import annotations

import io
import re

import anyio
import httpx
import pytest
from gemimg import GemImg
from google import genai
from google.genai import errors, types
from PIL import Image

from gemini_nb import ImageRequest, models
from gemini_nb.offline.http_server import REJECTED_KEY
from gemini_nb.offline.server import OfflineServer
from support.gateway import Answer, Gateway
from support.images import png
from support.replies import inline, reply

FLASH = "gemini-3.1-flash-image-preview"
PROMPT = "a red square on a white background"


@pytest.fixture(scope="module")
def server():
    with OfflineServer() as running:
        yield running


@pytest.fixture
def client(server):
    with genai.Client(api_key="any", http_options={"base_url": server.url}) as client:
        yield client


def sizes(parts):
    return [Image.open(io.BytesIO(part.inline_data.data)).size for part in parts if part.inline_data]


def is_red(image):
    red, green, blue = image.convert("RGB").getpixel((image.width // 2, image.height // 2))
    return red > 240 and max(green, blue) < 15


# google-genai


def test_google_genai_gets_a_picture(client):
    reply = client.models.generate_content(model=FLASH, contents=PROMPT)
    (data,) = [part.inline_data for part in reply.parts if part.inline_data]
    assert data.mime_type == "image/jpeg"
    assert is_red(Image.open(io.BytesIO(data.data)))
    assert reply.usage_metadata.candidates_token_count > 1000


def test_google_genai_gets_the_size_it_asked_for(client):
    config = types.GenerateContentConfig(
        response_modalities=["IMAGE"],
        image_config=types.ImageConfig(aspect_ratio="16:9", image_size="512"),
    )
    reply = client.models.generate_content(model=FLASH, contents=PROMPT, config=config)
    assert sizes(reply.parts) == [(688, 384)]


def test_google_genai_streams(client):
    replies = list(client.models.generate_content_stream(model=FLASH, contents=PROMPT))
    *texts, last = replies
    assert "".join(reply.text for reply in texts).endswith(PROMPT)
    assert sizes(last.parts) == [(1024, 1024)]
    assert last.candidates[0].finish_reason == "STOP"


def test_google_genai_is_told_what_was_left_out(client):
    reply = client.models.generate_content(model=FLASH, contents="a horse, in watercolor")
    assert reply.text.endswith("\nOffline painter left out: horse, watercolor")


def test_google_genai_asks_and_streams_asynchronously(server):
    async def main():
        async with genai.Client(api_key="any", http_options={"base_url": server.url}).aio as client:
            reply = await client.models.generate_content(model=FLASH, contents=PROMPT)
            stream = await client.models.generate_content_stream(model=FLASH, contents=PROMPT)
            return reply, [each async for each in stream]

    reply, replies = anyio.run(main)
    assert sizes(reply.parts) == sizes(replies[-1].parts) == [(1024, 1024)]
    assert len(replies) > 2


def test_google_genai_edits_in_a_chat(client):
    chat = client.chats.create(model=FLASH)
    chat.send_message(PROMPT)
    edited = chat.send_message("make it black and white")
    (image,) = [Image.open(io.BytesIO(part.inline_data.data)) for part in edited.parts if part.inline_data]
    assert not is_red(image)
    assert edited.text.startswith("Edited offline")


def test_google_genai_sends_a_picture(client):
    picture = Image.new("RGB", (64, 64), "blue")
    reply = client.models.generate_content(model=FLASH, contents=[picture, "make it black and white"])
    assert reply.text.startswith("Edited offline")


SEARCH = types.SearchTypes(image_search=types.ImageSearch(), web_search=types.WebSearch())
SETTINGS = {
    "search": {"tools": [types.Tool(google_search=types.GoogleSearch())]},
    "search of images": {"tools": [types.Tool(google_search=types.GoogleSearch(search_types=SEARCH))]},
    "thinking level": {"thinking_config": types.ThinkingConfig(thinking_level="HIGH", include_thoughts=True)},
    "thinking budget": {"thinking_config": types.ThinkingConfig(thinking_budget=512)},
    "system instruction": {"system_instruction": "Paint in oil."},
    "seed": {"seed": 7},
    "safety": {
        "safety_settings": [
            types.SafetySetting(category="HARM_CATEGORY_HARASSMENT", threshold="BLOCK_ONLY_HIGH")
        ]
    },
}


@pytest.mark.parametrize("case", SETTINGS)
def test_google_genai_is_answered_whatever_it_sets(client, case):
    config = types.GenerateContentConfig(response_modalities=["IMAGE"], **SETTINGS[case])
    reply = client.models.generate_content(model=FLASH, contents=PROMPT, config=config)
    assert sizes(reply.parts) == [(1024, 1024)]


# What google-genai sends is what this package sends: its own names for the same settings.
OURS = {
    "search": {"search": "web"},
    "search of images": {"search": "both"},
    "thinking level": {"thinking": "high", "config": {"thinkingConfig": {"includeThoughts": True}}},
    "thinking budget": {"thinking": 512},
    "system instruction": {"system": "Paint in oil."},
    "seed": {"seed": 7},
    "safety": {"safety": {"harassment": "only_high"}},
}


def in_camel_case(value):
    """The same JSON with the API's names: google-genai leaves some of its own, which Google takes too."""
    if isinstance(value, dict):
        names = {re.sub(r"_([a-z])", lambda letter: letter[1].upper(), name): name for name in value}
        return {name: in_camel_case(value[theirs]) for name, theirs in names.items()}
    return [in_camel_case(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("case", OURS)
def test_google_genai_sends_what_we_send(case):
    gateway = Gateway(Answer(reply(inline(png()))))
    with gateway, genai.Client(api_key="any", http_options={"base_url": gateway.url}) as client:
        config = types.GenerateContentConfig(response_modalities=["IMAGE"], **SETTINGS[case])
        client.models.generate_content(model=FLASH, contents=PROMPT, config=config)
    body = in_camel_case(gateway.requests[0].json)
    body.get("systemInstruction", {}).pop("role", None)
    assert body == ImageRequest(PROMPT, FLASH, **OURS[case]).body


def test_google_genai_lists_and_describes_the_models(client):
    listed = [model.name for model in client.models.list()]
    assert listed == [f"models/{row.id}" for row in models.CATALOGUE]
    assert client.models.get(model=FLASH).name == f"models/{FLASH}"


ERRORS = {
    "rate-limit": (errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
    "overloaded": (errors.ServerError, 503, "UNAVAILABLE"),
    "quota": (errors.ClientError, 403, None),
    "bad-gateway": (errors.ServerError, 502, "Bad Gateway"),
}


def ask(client):
    return client.models.generate_content


def ask_for_a_stream(client):
    return lambda **asked: list(client.models.generate_content_stream(**asked))


@pytest.mark.parametrize("fault", ERRORS)
@pytest.mark.parametrize("call", [ask, ask_for_a_stream])
def test_google_genai_reads_the_errors(client, call, fault):
    kind, code, status = ERRORS[fault]
    with pytest.raises(kind) as caught:
        call(client)(model=FLASH, contents=f"{PROMPT} [fault: {fault}]")
    assert caught.value.code == code
    assert caught.value.status == status


@pytest.mark.parametrize("call", [ask, ask_for_a_stream])
def test_google_genai_is_told_that_its_key_is_wrong(server, call):
    client = genai.Client(api_key=REJECTED_KEY, http_options={"base_url": server.url})
    with client, pytest.raises(errors.ClientError, match="API key not valid"):
        call(client)(model=FLASH, contents=PROMPT)


def test_google_genai_reads_a_blocked_prompt(client):
    reply = client.models.generate_content(model=FLASH, contents=f"{PROMPT} [fault: blocked]")
    assert reply.prompt_feedback.block_reason == "PROHIBITED_CONTENT"
    assert reply.candidates is None


def test_google_genai_tells_thoughts_from_the_picture(client):
    reply = client.models.generate_content(model=FLASH, contents=f"{PROMPT} [fault: thoughts]")
    assert [bool(part.thought) for part in reply.parts] == [True, True, False, False]


@pytest.mark.parametrize("fault", ["rate-limit-once", "overloaded-once"])
def test_google_genai_tries_again_if_it_is_told_to(fault):
    retry = types.HttpRetryOptions(attempts=2, initial_delay=0.01, jitter=0.01)
    with OfflineServer() as server:
        options = types.HttpOptions(base_url=server.url, retry_options=retry)
        with genai.Client(api_key="any", http_options=options) as client:
            reply = client.models.generate_content(model=FLASH, contents=f"{PROMPT} [fault: {fault}]")
        assert sizes(reply.parts) == [(1024, 1024)]
        assert server.posts == 2


# gemimg


def gemimg(server, **options):
    return GemImg(**{"api_key": "any", "base_url": server.url, "model": FLASH, **options})


def test_gemimg_gets_a_picture(server):
    with httpx.Client() as http:
        made = gemimg(server, client=http).generate(PROMPT, save=False)
    assert is_red(made.image)
    assert made.usage.completion_tokens > 1000


def test_gemimg_saves_under_the_replys_id(server, tmp_path):
    with httpx.Client() as http:
        ids = [
            gemimg(server, client=http).generate(prompt, save_dir=str(tmp_path)).image_path
            for prompt in (PROMPT, PROMPT, "a cat")
        ]
    assert len(set(ids)) == 2
    assert len(list(tmp_path.iterdir())) == 2


def test_gemimg_asks_a_pro_model_for_a_size(server):
    with httpx.Client() as http:
        made = gemimg(server, client=http, model="gemini-3-pro-image").generate(
            PROMPT, save=False, aspect_ratio="16:9", image_size="1K"
        )
    assert made.image.size == (1376, 768)


def test_gemimg_edits(server):
    with httpx.Client() as http:
        made = gemimg(server, client=http).generate(
            "make it black and white", imgs=Image.new("RGB", (64, 64), "blue"), save=False
        )
    red, green, blue = made.image.convert("RGB").getpixel((512, 512))
    assert max(red, green, blue) - min(red, green, blue) < 12


@pytest.mark.parametrize(
    ("prompt", "key", "said"),
    [
        (PROMPT, REJECTED_KEY, "API key not valid"),
        (f"{PROMPT} [fault: rate-limit]", "any", "Please retry in 48s"),
        (f"{PROMPT} [fault: quota]", "any", "user quota is not enough"),
    ],
    ids=["key", "rate limit", "quota"],
)
def test_gemimg_logs_the_message_of_an_error(server, caplog, prompt, key, said):
    with httpx.Client() as http:
        assert gemimg(server, client=http, api_key=key).generate(prompt, save=False) is None
    assert said in caplog.text
