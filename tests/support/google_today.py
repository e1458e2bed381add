"""A loopback server that answers as Google does since its shutdowns: three models paint, others are 404."""

from __future__ import annotations

from support.gateway import Answer, Gateway
from support.images import png
from support.replies import inline, reply

ALIVE = ("gemini-3-pro-image", "gemini-3.1-flash-lite-image", "gemini-nano-banana-2.1")
DEAD = (
    "gemini-3.1-flash-image-preview",
    "gemini-3-pro-image-preview",
    "gemini-2.5-flash-image",
    "gemini-2.5-flash-image-preview",
    "gemini-3.1-flash-image",
)
NEW = "gemini-4-flash-image"


def model_of(request) -> str:
    return request.path.rpartition("/")[2].partition(":")[0]


def answer(request) -> Answer:
    model = model_of(request)
    if model in ALIVE:
        picture = inline(png(4 + ALIVE.index(model)), thoughtSignature="c2lnbmF0dXJl")
        return Answer(reply(picture, modelVersion=model))
    message = (
        f"models/{model} is not found for API version v1beta, or is not supported for generateContent. "
        "Call ListModels to see the list of available models and their supported methods."
    )
    return Answer({"error": {"code": 404, "message": message, "status": "NOT_FOUND"}}, status=404)


def entry(name: str, *methods: str) -> dict:
    methods = methods or ("generateContent", "countTokens")
    return {"name": f"models/{name}", "displayName": name, "supportedGenerationMethods": list(methods)}


def list_of_models(request) -> Answer:
    """Two pages: a text model, those that are alive, a new one, and two that only look like one."""
    if request.query.get("pageToken") == "second/page":
        entries = [
            entry(NEW),
            entry("imagen-4.0-generate-001", "predict"),
            entry("gemini-image-tuner", "tune"),
        ]
        return Answer({"models": entries})
    entries = [entry("gemini-3-flash"), *map(entry, ALIVE)]
    return Answer({"models": entries, "nextPageToken": "second/page"})


def google() -> Gateway:
    gateway = Gateway(answer)
    gateway.files["/v1beta/models"] = list_of_models
    return gateway
