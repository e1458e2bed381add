"""Parsing of a generateContent body: prompt, input pictures, size and modalities; or why it is refused.

The messages of `Refusal` are Google's own where those are known.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gemini_nb.models.masks import split_sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from gemini_nb.models import Model

    FindHosted = Callable[[str], bytes | None]

_UNREADABLE_IMAGE = (
    "Unable to process input image. Please retry or report in https://ai.google.dev/gemini-api/docs"
)
_SIZES = ("512", "1K", "2K", "4K")
_RATIO = re.compile(r"[1-9]\d?:[1-9]\d?")
_HOSTED_IMAGE = re.compile(r"/images/([0-9a-f]{64})\.")
_MAX_RATIO = 8


@dataclass(frozen=True)
class ParsedRequest:
    """What a request asks a model for, checked against what that model takes.

    `mask` is the mask of the one picture of `images`, told by the sentence of `models.masks`.
    """

    prompt: str
    images: tuple[bytes, ...] = ()
    aspect_ratio: str | None = None
    image_size: str | None = None
    wants_image: bool = True
    wants_text: bool = True
    seed: int | None = None
    mask: bytes | None = None


class Refusal(Exception):  # noqa: N818 - an answer the API gives, not a failure of the program
    """The body is not a request that this model takes; the message goes to the caller."""


def read_request(body: bytes, model: Model, *, find_hosted: FindHosted) -> ParsedRequest:
    """Read a request's body for `model`; `find_hosted` gives the bytes of a hosted picture by its SHA-256.

    Raises `Refusal` with the API's message.
    """
    request = _parse(body)
    contents = _read_contents(request)
    config = _mapping(find_field(request, "generationConfig"), "generation_config")
    modalities = _read_modalities(config)
    aspect_ratio, image_size = _read_image_config(config, model)
    _check_types(request, config)
    if find_field(config, "candidateCount") not in (None, 1):
        raise Refusal("Multiple candidates is not enabled for this model")
    last = next((c for c in reversed(contents) if _role(c) == "user"), None)
    prompt = "\n".join(_list_texts(last)) if last else ""
    images = _find_images(contents, last, find_hosted=find_hosted)
    if not prompt.strip() and not images:
        raise Refusal("Unable to submit request because it must have a text parameter or an image.")
    if len(images) > model.max_input_images:
        raise Refusal(f"{model.id} takes up to {model.max_input_images} input images, got {len(images)}.")
    prompt, is_masked = split_sentence(prompt)
    mask = images[1] if is_masked and len(images) == 2 else None
    return ParsedRequest(
        prompt,
        images if mask is None else images[:1],
        aspect_ratio,
        image_size,
        "IMAGE" in modalities,
        "TEXT" in modalities,
        _read_seed(config),
        mask,
    )


def sniff(data: bytes) -> str | None:
    """Return the media type told by the first bytes, or None for a type that Gemini does not take."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return None


def _parse(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal("Invalid JSON payload received. Expected a JSON object.") from None
    return _mapping(request, "request")


def find_field(mapping: Mapping[str, Any], name: str) -> Any:
    """Look a field up by its camelCase name or, as protobuf's JSON allows, its snake_case one."""
    return mapping[name] if name in mapping else mapping.get(_to_snake_case(name))


def _to_snake_case(name: str) -> str:
    return re.sub(r"[A-Z]", lambda capital: "_" + capital[0].lower(), name)


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refusal(f"Invalid value at '{where}': expected an object.")
    return value


def _list(value: Any, where: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise Refusal(f"Invalid value at '{where}': expected a list.")
    return value


def _read_contents(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    contents = [_mapping(item, "contents") for item in _list(find_field(request, "contents"), "contents")]
    if not contents:
        raise Refusal("* GenerateContentRequest.contents: contents is not specified\n")
    for content in contents:
        if _role(content) not in ("user", "model"):
            raise Refusal("Please use a valid role: user, model.")
    return contents


def _role(content: Mapping[str, Any]) -> Any:
    return find_field(content, "role") or "user"


def _read_modalities(config: Mapping[str, Any]) -> list[Any]:
    values = _list(find_field(config, "responseModalities"), "generation_config.response_modalities")
    names = [str(value).upper() for value in values]
    for name in names:
        if name not in ("TEXT", "IMAGE"):
            raise Refusal(f"The requested response modality {name[:40]!r} is not supported by this model.")
    return names or ["TEXT", "IMAGE"]


def _read_seed(config: Mapping[str, Any]) -> int | None:
    seed = find_field(config, "seed")
    if seed is None or (type(seed) is int and -(2**31) <= seed < 2**31):
        return seed
    raise Refusal(f"Invalid value at 'generation_config.seed' (TYPE_INT32), {_show(seed)}")


def _check_types(request: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    """Refuse what is of another type than the API's, of the fields that are accepted without effect."""
    _mapping(find_field(request, "systemInstruction"), "system_instruction")
    _mapping(find_field(config, "thinkingConfig"), "generation_config.thinking_config")
    for name in ("tools", "safetySettings"):
        for item in _list(find_field(request, name), _to_snake_case(name)):
            _mapping(item, _to_snake_case(name))


def _read_image_config(config: Mapping[str, Any], model: Model) -> tuple[str | None, str | None]:
    where = "generation_config.image_config"
    image_config = _mapping(find_field(config, "imageConfig"), where)
    for holder, path in ((config, "generation_config"), (image_config, where)):
        if find_field(holder, "imageOutputOptions") is not None:
            raise Refusal(
                f"Invalid JSON payload received. Unknown name \"imageOutputOptions\" at '{path}': "
                "Cannot find field."
            )
    ratio = find_field(image_config, "aspectRatio")
    size = find_field(image_config, "imageSize")
    if ratio is not None and not _takes_ratio(ratio, model):
        raise Refusal(f"Invalid value at '{where}.aspect_ratio': {_show(ratio)} for {model.id}.")
    if size is not None and size not in (model.image_sizes if model.limits_source else _SIZES):
        raise Refusal(f"Invalid value at '{where}.image_size': {_show(size)} for {model.id}.")
    return ratio, size


def _takes_ratio(ratio: Any, model: Model) -> bool:
    if model.aspect_ratios:
        return ratio in model.aspect_ratios
    if not isinstance(ratio, str) or not _RATIO.fullmatch(ratio):
        return False
    width, height = map(int, ratio.split(":"))
    return max(width, height) <= _MAX_RATIO * min(width, height)


def _show(value: Any) -> str:
    return repr(value)[:40]


def _list_parts(content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for item in _list(find_field(content, "parts"), "contents.parts"):
        part = _mapping(item, "contents.parts")
        if not part.get("thought"):
            yield part


def _list_texts(content: Mapping[str, Any]) -> list[str]:
    texts = [find_field(part, "text") for part in _list_parts(content)]
    if not all(isinstance(text, str | None) for text in texts):
        raise Refusal("Invalid value at 'contents.parts.text' (TYPE_STRING).")
    return [text for text in texts if text]


def _find_images(
    contents: list[dict[str, Any]], last: dict[str, Any] | None, *, find_hosted: FindHosted
) -> tuple[bytes, ...]:
    """Return the pictures of the last user turn, or else the newest one of the turns before."""
    per_turn = [(content, _read_pictures(content, find_hosted=find_hosted)) for content in contents]
    own = next((pictures for content, pictures in per_turn if content is last), [])
    if own:
        return tuple(own)
    newest = next((pictures[-1] for _, pictures in reversed(per_turn) if pictures), None)
    return () if newest is None else (newest,)


def _read_pictures(content: Mapping[str, Any], *, find_hosted: FindHosted) -> list[bytes]:
    pictures = []
    for part in _list_parts(content):
        inline = _mapping(find_field(part, "inlineData"), "contents.parts.inline_data")
        if inline:
            pictures.append(_read_inline(inline))
        elif _role(content) == "model":
            pictures += _find_pictures(find_field(part, "text"), find_hosted=find_hosted)
    return pictures


def _read_inline(inline: Mapping[str, Any]) -> bytes:
    data, declared = find_field(inline, "data"), find_field(inline, "mimeType")
    if not isinstance(data, str) or (picture := _decode(data)) is None:
        raise Refusal(
            "Invalid value at 'contents.parts.inline_data.data' (TYPE_BYTES): Base64 decoding failed."
        )
    actual = sniff(picture)
    if actual is None:
        raise Refusal(f"Unsupported MIME type: {_show(declared)}")
    if declared != actual:
        raise Refusal(f"{_UNREADABLE_IMAGE} The bytes are {actual}, declared as {_show(declared)}.")
    return picture


def _decode(data: str) -> bytes | None:
    """Decode base64 as protobuf's JSON does: either alphabet, padded or not."""
    plain = data.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except ValueError:
        return None


def _find_pictures(text: Any, *, find_hosted: FindHosted) -> list[bytes]:
    """Return what a model's Markdown shows: data URIs, and links to pictures hosted here."""
    if not isinstance(text, str):
        return []
    inline = [_decode(piece.partition(")")[0]) for piece in text.split(";base64,")[1:]]
    if pictures := [picture for picture in inline if picture and sniff(picture)]:
        return pictures
    hosted = [find_hosted(match[1]) for match in _HOSTED_IMAGE.finditer(text)]
    return [picture for picture in hosted if picture]
