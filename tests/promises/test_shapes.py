"""The mission over real HTTP: whatever shape the picture takes, the bytes are those that were sent."""

from __future__ import annotations

from hashlib import sha256
from inspect import signature

import pytest

from gemini_nb import AsyncClient, Client, models
from support.gateway import Answer, Gateway
from support.images import gif, jpeg, noise_png, png, webp
from support.replies import b64, body, chat, data_uri, inline, openai, reply

pytestmark = pytest.mark.filterwarnings("ignore::gemini_nb.GeminiWarning")

PNG, JPEG = noise_png(5000), jpeg(64, 48)

GATEWAY_TABLE = {
    "gemini-3.1-flash-image-preview": (reply(inline(PNG)), PNG, "inlineData"),
    "gemini-3-pro-image-preview": (reply(f"![image]({data_uri(JPEG, 'image/jpeg')})"), JPEG, "data URI"),
    "gemini-2.5-flash-image": (reply(f"![image]({data_uri(PNG)})"), PNG, "data URI"),
    "gemini-2.5-flash-image-preview": (reply("![Image](URL/made/1.png?sig=a%2Fb&n=1)"), PNG, "hosted URL"),
}


def answered(answer, *, model="gemini-3.1-flash-image-preview", picture=PNG):
    """What a client makes of one answer; URL in it stands for the gateway's own address."""
    content = answer if isinstance(answer, bytes) else body(answer)
    with Gateway(lambda _: Answer(content.replace(b"URL", gateway.url.encode()))) as gateway:
        for path in ("/made/1.png", "/made/1.png!w1024", "/made/file"):
            gateway.files[path] = (picture, "image/png")
        with Client(api_key="a-key-of-tests", base_url=gateway.url) as client:
            generation = client.generate("a red square", model=model)
        assert gateway.posts == 1
        return generation


def digest(data):
    return sha256(data).hexdigest()


@pytest.mark.parametrize("model", GATEWAY_TABLE)
def test_each_model_of_the_gateways_table_gives_the_bytes_it_sent(model):
    answer, sent, source = GATEWAY_TABLE[model]
    image = answered(answer, model=model).image
    assert (image.sha256, image.source) == (digest(sent), source)


@pytest.mark.parametrize("model", GATEWAY_TABLE)
@pytest.mark.parametrize("shape", GATEWAY_TABLE)
def test_a_shape_is_never_chosen_by_the_models_name(model, shape):
    answer, sent, source = GATEWAY_TABLE[shape]
    image = answered(answer, model=model).image
    assert (image.sha256, image.source) == (digest(sent), source)


VARIANTS = {
    "prose, then Markdown": (reply(f"Here it is: ![image]({data_uri(PNG)}) Enjoy!"), PNG),
    "several in one text": (reply(f"![a]({data_uri(JPEG)}) ![b]({data_uri(PNG)})"), PNG),
    "duplicates": (reply(f"![a]({data_uri(PNG)}) ![a]({data_uri(PNG)})"), PNG),
    "bare": (reply(data_uri(PNG)), PNG),
    "angle brackets": (reply(f"![x](<{data_uri(PNG)}>)"), PNG),
    "trailing newlines": (reply(f"![x]({data_uri(PNG)})\n\n\n"), PNG),
    "glued to text": (reply(f"Done.\n{data_uri(PNG)}"), PNG),
    "signed query": (reply("![i](URL/made/1.png?X-Sig=abc%2B&Expires=1#frag)"), PNG),
    "suffix after the extension": (reply("URL/made/1.png!w1024"), PNG),
    "a whole text that is a link": (reply("URL/made/file"), PNG),
    "snake case": (reply({"inline_data": {"mime_type": "image/png", "data": b64(PNG)}}), PNG),
    "declared PNG, bytes JPEG": (reply(inline(JPEG, "image/png")), JPEG),
    "declared JPEG, bytes PNG": (reply(inline(PNG, "image/jpeg")), PNG),
    "unpadded": (reply({"inlineData": {"mimeType": "image/png", "data": b64(PNG).rstrip("=")}}), PNG),
    "URL-safe": (reply({"inlineData": {"data": b64(PNG).replace("+", "-").replace("/", "_")}}), PNG),
    "line breaks": (reply({"inlineData": {"data": b64(PNG)[:76] + "\r\n" + b64(PNG)[76:]}}), PNG),
    "leading white space": (b"\n\n  \n" + body(reply(inline(PNG))), PNG),
    "OpenRouter chat": (chat({"images": [{"image_url": {"url": data_uri(PNG)}}]}), PNG),
    "b64_json": (openai({"b64_json": b64(PNG)}), PNG),
    "data[].url": (openai({"url": "URL/made/file"}), PNG),
    "fileData": (reply({"fileData": {"mimeType": "image/png", "fileUri": "URL/made/file"}}), PNG),
    "text then image": (reply("A square.", inline(PNG)), PNG),
    "image then text": (reply(inline(PNG), "A square."), PNG),
    "drafts without a flag": (reply(inline(JPEG), inline(PNG)), PNG),
    "WebP": (reply(inline(webp(9, 9), "image/png")), webp(9, 9)),
    "GIF": (reply(inline(gif(9, 9), "image/gif")), gif(9, 9)),
    "inlineData before a data URI": (reply(f"![a]({data_uri(JPEG)})", inline(PNG)), PNG),
    "a data URI before a link": (reply(f"![a](https://nowhere.invalid/a.png) ![b]({data_uri(PNG)})"), PNG),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_seen_in_the_wild_gives_the_bytes_it_holds(variant):
    answer, sent = VARIANTS[variant]
    assert answered(answer).image.sha256 == digest(sent)


def test_the_type_is_told_by_the_bytes_and_the_declared_one_kept_beside_it():
    image = answered(reply(inline(JPEG, "image/png"))).image
    assert (image.mime_type, image.declared_mime_type) == ("image/jpeg", "image/png")
    assert (image.width, image.height) == (64, 48)


def test_a_mislabelled_picture_is_noted():
    assert answered(reply(inline(JPEG, "image/png"))).notes == (
        "declared image/png, the bytes are image/jpeg",
    )


def test_what_the_server_says_of_a_picture_that_came_is_a_note_on_one_line():
    said = "left out:\n <b>a horse</b>\x1b[2J" + " and more" * 200
    value = reply(inline(JPEG, "image/jpeg"))
    value["candidates"][0]["finishMessage"] = said
    generation = answered(value)
    (note,) = generation.notes
    assert note.startswith("left out: <b>a horse</b>\ufffd[2J and more")
    assert len(note) == 400
    assert "<b>a" not in generation._repr_mimebundle_()["text/html"]


def test_thought_pictures_are_drafts_and_not_the_result():
    generation = answered(reply(inline(JPEG, thought=True), inline(PNG)))
    assert [image.data for image in generation.images] == [PNG]
    assert [image.data for image in generation.drafts] == [JPEG]


def test_a_picture_of_one_pixel_without_image_tokens_looks_invented():
    generation = answered(reply(data_uri(png(1, 1)), usageMetadata={"candidatesTokenCount": 65}))
    assert "looks invented" in generation.notes[0]


def test_text_usage_and_versions_are_kept():
    generation = answered(
        reply("A square.", inline(PNG), usageMetadata={"totalTokenCount": 9}, modelVersion="v7")
    )
    assert (generation.text, generation.usage, generation.model_version, generation.finish_reason) == (
        "A square.",
        {"totalTokenCount": 9},
        "v7",
        "STOP",
    )


@pytest.mark.parametrize("name", ["__init__", "generate"])
def test_the_blocking_client_takes_what_the_async_one_takes(name):
    blocking, awaited = (signature(getattr(one, name)).parameters for one in (Client, AsyncClient))
    assert blocking == awaited


def test_no_key_travels_to_a_hosted_picture():
    with Gateway(lambda _: Answer(reply(f"![i]({gateway.url}/made/1.png)"))) as gateway:
        gateway.files["/made/1.png"] = (PNG, "image/png")
        Client(api_key="a-key-of-tests", base_url=gateway.url).generate("x")
        fetched = gateway.requests[-1]
        assert fetched.method == "GET"
        assert "a-key-of-tests" not in f"{fetched.target} {fetched.headers}"


@pytest.mark.parametrize("row", models.CATALOGUE, ids=lambda row: row.id)
def test_the_embedded_provider_answers_every_model_of_the_catalogue(row):
    with Client("offline") as client:
        generation = client.generate("a red square", model=row.id)
    expected = {None: "inlineData", "data URI (JPEG)": "data URI", "data URI (PNG)": "data URI"}
    assert generation.image.source == expected.get(row.shape, row.shape)
    assert generation.provider == "offline"
