"""Answered requests for tests of what keeps them."""

from __future__ import annotations

from gemini_nb.generation import Generation, Grounding, WebLink
from gemini_nb.images.image import GeneratedImage
from gemini_nb.images.inputs import InputImage
from gemini_nb.reply.base64_blobs import BlobTable
from gemini_nb.reply.content import Content
from gemini_nb.request import ImageRequest
from support.images import png


def picture(data: bytes | None = None, *, source="inlineData", **facts) -> GeneratedImage:
    return GeneratedImage.from_bytes(data or png(), source=source, **facts)


def answer(prompt: str | ImageRequest = "a red square", *pictures: bytes, **facts) -> Generation:
    """An answer of a provider that is paid, with a plain picture unless told otherwise."""
    request = prompt if isinstance(prompt, ImageRequest) else ImageRequest(prompt)
    images = tuple(picture(data) for data in pictures) or (picture(),)
    return Generation(**{"request": request, "images": images, "provider": "crazyrouter", **facts})


def content_of(value) -> Content | None:
    """A model's turn in which no base64 was found."""
    return None if value is None else Content(value, BlobTable())


def full_answer() -> Generation:
    """An answer in which every fact differs from its default."""
    request = ImageRequest(
        'Un carré «rouge» 🟥 \ud800 "\\" \x00\n</script>',
        model="nano-banana-2",
        images=(InputImage(png(2, 2), "image/png"),),
        aspect_ratio="16:9",
        image_size="2K",
        take=3,
        text=True,
        config={"temperature": 1.0, "seed": 7, "nested": {"b": [1, None, True], "a": "ü"}},
        extra={"safetySettings": [{"category": "X", "threshold": "OFF"}]},
    )
    return Generation(
        request,
        (picture(png(5, 4)), picture(png(16, 9), declared_mime_type="image/jpeg", source="data URI")),
        provider="google",
        drafts=(picture(png(3, 3)),),
        text="Voilà \udfff <script>",
        model_version="gemini-3.1-flash-image-preview-0414",
        finish_reason="STOP",
        usage={"totalTokenCount": 1120, "promptTokensDetails": None},
        seconds=31.25,
        notes=("declared image/jpeg, the bytes are image/png",),
        grounding=Grounding(
            ("carré rouge",),
            (WebLink("Le carré « rouge »", "https://example.org/carr%C3%A9?a=b"),),
            (WebLink("rouge", "https://www.google.com/search?q=rouge"),),
        ),
        safety_ratings=({"category": "HARM_CATEGORY_HARASSMENT", "probability": "NEGLIGIBLE"},),
    )
