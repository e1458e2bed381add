"""A reply's bytes → `Reply`: pictures, links, text, usage and reasons, in whichever shape they came.

The shape is read, never assumed. `json_receiver` takes the base64 out, `sse` and `chunks` make one reply
of several, `shapes` knows where things stand, `text_images` reads text, and where all of them found nothing
`last_resort` looks into every text. `no_image` words what a reply without a picture means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from gemini_nb.errors import BadResponseError, GeminiError
from gemini_nb.images.header import describe
from gemini_nb.images.image import open_view, type_of
from gemini_nb.reply import last_resort, shapes
from gemini_nb.reply.base64_blobs import BlobTable
from gemini_nb.reply.chunks import is_reply, plain_replies
from gemini_nb.reply.content import Content
from gemini_nb.reply.errors.error_body import find_error, find_refusal, server_words
from gemini_nb.reply.grounding import read_grounding, read_safety_ratings
from gemini_nb.reply.shapes import ReplyImage, ReplyParts, dicts, digest_of, field_of, text_or_none
from gemini_nb.reply.sse import Values, parse_values
from gemini_nb.reply.task_ids import find_task_id
from gemini_nb.reply.text_images import find_bare_base64
from gemini_nb.text import replace_surrogates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gemini_nb.generation import Grounding
    from gemini_nb.images.file_bytes import ImageBytes
    from gemini_nb.reply.json_receiver import ReceivedBody
    from gemini_nb.request import ImageRequest

MAX_LINKS = 10

_MAX_SEARCHED = 1000  # events of a stream, the last ones, for what went wrong
_LEFT_OVER = re.compile(r"""b?(['"`])\1+|```\w*\s*```""")  # of a text that was a picture in quotes


@dataclass(frozen=True)
class Reply:
    """What one reply holds.

    `images` are the final pictures in the reply's order (a gateway that does not mark its drafts sends
    them first), all of one family: inlineData, else OpenAI's, else data URIs. `links` are offered only
    where there is none. Where nothing is a picture and no link is left, `images` holds what came instead.
    `error` is what says that the request failed, `refusal` that the model refused it, `words` what else the
    server says, `has_begun` whether words, drafts or usage show that the work was begun; they are looked for
    only where there is neither picture nor link.
    `task_id` is that of a task whose picture is still being made. `is_stream` says that the body was no
    single JSON value, so that more may have been meant to come.
    `turn` is the first candidate's `content` exactly as it came, for a conversation to echo.
    """

    images: tuple[ReplyImage, ...] = ()
    drafts: tuple[ReplyImage, ...] = ()
    links: tuple[str, ...] = ()
    text: str = ""
    finish_reason: str | None = None
    finish_message: str | None = None
    block_reason: str | None = None
    block_message: str | None = None
    usage: dict[str, Any] = field(default_factory=dict)
    model_version: str | None = None
    grounding: Grounding | None = None
    safety_ratings: tuple[dict[str, Any], ...] = ()
    error: dict[str, Any] | None = None
    refusal: str | None = None
    words: str = ""
    has_begun: bool = False
    refused: tuple[str, ...] = ()
    task_id: str | None = None
    is_stream: bool = False
    turn: Content = field(default_factory=lambda: Content(None, BlobTable()), repr=False, compare=False)


def read_reply(received: ReceivedBody, *, request: ImageRequest | None = None) -> Reply:
    """Read a whole reply.

    With `request` the last resort passes over the pictures that were sent with it. Raises BadResponseError
    for a body that is no JSON object, TooLargeError where too much of it is no picture.
    """
    blobs = received.blobs
    if type_of(received.rest):
        return Reply(images=(ReplyImage(received.raw(), None, "other: body"),), is_stream=True)
    try:
        parsed = parse_values(received.rest)
    except BadResponseError as error:
        problem = error.with_traceback(None)
        images = _read_text_body(received)
    else:
        return _read_values(parsed, blobs, request)
    if not images:
        raise problem
    return Reply(images=images, is_stream=True)


def _read_values(parsed: Values, blobs: BlobTable, request: ImageRequest | None) -> Reply:
    values = [item for value in parsed.values for item in (value if isinstance(value, list) else [value])]
    replies = plain_replies(dicts(values))
    is_streamed = shapes.are_chunks(replies)
    joined = [shapes.join_chunks(replies)] if is_streamed else replies
    parts = ReplyParts(blobs)
    for value in joined:
        shapes.collect_parts(value, parts)
    contents = (field_of(first, "content") for reply in replies if (first := _first(reply)))
    content = shapes.join_content(replies) if is_streamed else next(contents, None)
    images, links, refused = _choose_images(parts)
    text = replace_surrogates("\n".join(filter(None, parts.text)))
    is_known = links or any(type_of(image.data) for image in images)
    if not is_known and (others := _try_last_resort((values, joined), parts, request)):
        images, text = others, find_bare_base64(text)[1].strip()
        text = "" if _LEFT_OVER.fullmatch(text) else text
    reply = Reply(
        images=images,
        drafts=_drop_repeated(parts.drafts),
        links=links,
        text=text,
        refused=refused,
        is_stream=parsed.is_stream,
        **_facts(replies, blobs),
        **({} if images or links else _problems([*dicts(values)][-_MAX_SEARCHED:], blobs)),
        turn=Content(content, blobs),
    )
    if images or links or reply.error:
        return reply
    if parsed.problem or not replies:
        raise parsed.problem or BadResponseError(
            "The reply is JSON, but contains no object that could be read."
        )
    if task_id := find_task_id(values):
        return replace(reply, task_id=replace_surrogates(blobs.restore(task_id)))
    if any(map(is_reply, replies)):  # what it says is known, so a link elsewhere is no picture of it
        return reply
    return replace(reply, links=_clean_links(last_resort.find_links(values, request=request)))


def _try_last_resort(
    readings: Iterable[list[Any]], parts: ReplyParts, request: ImageRequest | None
) -> tuple[ReplyImage, ...]:
    """Return the pictures that stand where nobody knew of, in the first reading that has one.

    What only begins like a picture counts where no known shape has refused one: it would say the same again.
    """
    passed_over = last_resort.digests_sent(request) if request else set()
    passed_over |= {digest_of(draft.data) for draft in parts.drafts}
    broken: list[ReplyImage] = []
    for values in readings:
        whole, begun = last_resort.find_pictures(values, parts.blobs, passed_over=passed_over)
        if whole:
            return _drop_repeated(whole)
        broken = broken or begun
    return () if parts.refused else tuple(broken)


def _read_text_body(received: ReceivedBody) -> tuple[ReplyImage, ...]:
    """Return the pictures in a body of text that was never meant as JSON."""
    rest = received.rest.strip()
    if rest[:1] in (b"{", b"[", b"<", b""):
        return ()
    text = rest.decode("utf-8", "replace")
    whole, _ = last_resort.find_pictures([text], received.blobs)
    return _drop_repeated(whole)


def is_whole(body: ReceivedBody) -> bool:
    """Return whether a body whose connection broke off is a whole reply all the same."""
    try:
        reply = read_reply(body)
    except (GeminiError, RecursionError):
        return False
    if not reply.is_stream or reply.error or reply.block_reason:
        return True
    # Some gateways write STOP into every event, so without a picture it is no end.
    reason = (reply.finish_reason or "STOP").upper()
    return reason != "STOP" or bool(reply.finish_reason and (reply.images or reply.links))


def _choose_images(parts: ReplyParts) -> tuple[tuple[ReplyImage, ...], tuple[str, ...], tuple[str, ...]]:
    """Return images, links and refusals: the first family with a picture in it wins."""
    found = (parts.inline, parts.openai, parts.data_uris, parts.others)
    families = [_drop_repeated(family) for family in found]
    refused = list(parts.refused)
    for family in families:
        pictures = tuple(image for image in family if type_of(image.data))
        if pictures:
            return pictures, (), tuple(refused)
    junk = sum(families, ())
    links = _clean_links(parts.links)
    if links:  # paid for, so the link is worth trying
        refused += (f"{image.source} that looks like {_describe(image.data)}" for image in junk)
        junk = ()
    return junk, links, tuple(refused)


def _clean_links(links: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(replace_surrogates, links)))[:MAX_LINKS]


def _drop_repeated(images: list[ReplyImage]) -> tuple[ReplyImage, ...]:
    """Return images without repetition, each where it stood last: the last one is the primary one."""
    if len(images) < 2:  # the usual case; hashing megabytes takes longer than decoding them
        return tuple(images)
    return tuple({digest_of(image.data): image for image in reversed(images)}.values())[::-1]


def _describe(data: ImageBytes) -> str:
    with open_view(data) as view:
        return describe(view)


def _facts(replies: list[dict[str, Any]], blobs: BlobTable) -> dict[str, Any]:
    """Return the fields of a Reply that are one value; of several chunks the last word counts."""

    def last(read_one: Callable[[dict[str, Any]], Any]) -> Any:
        return next((value for reply in reversed(replies) if (value := read_one(reply)) is not None), None)

    def text(holder: Callable[[dict[str, Any]], Any], *names: str) -> str | None:
        value = last(lambda reply: text_or_none(field_of(holder(reply), *names)))
        return None if value is None else replace_surrogates(blobs.restore(value))

    ratings = last(lambda reply: field_of(_first(reply), "safetyRatings", "safety_ratings"))
    return {
        "finish_reason": text(_first, "finishReason", "finish_reason"),
        "finish_message": text(_first, "finishMessage", "finish_message"),
        "block_reason": text(_feedback, "blockReason", "block_reason"),
        "block_message": text(_feedback, "blockReasonMessage", "block_reason_message"),
        "usage": blobs.restore_value(last(_usage) or {}),
        "grounding": last(lambda reply: read_grounding(blobs.restore_value(_metadata(reply)))),
        "safety_ratings": read_safety_ratings(blobs.restore_value(ratings)),
        "model_version": text(lambda reply: reply, "modelVersion", "model_version", "model"),
    }


def _problems(replies: list[dict[str, Any]], blobs: BlobTable) -> dict[str, Any]:
    """Return the fields of a Reply that say why there is no picture; of several errors the last one."""
    error = next(filter(None, map(find_error, reversed(replies))), None)
    refusal = "".join(filter(None, map(find_refusal, replies)))
    words = "" if error or refusal else next(filter(None, map(server_words, reversed(replies))), "")
    counts = (count for reply in replies for count in (_usage(reply) or {}).values())
    return {
        "error": blobs.restore_value(error),
        "refusal": replace_surrogates(blobs.restore(refusal)) or None,
        "words": replace_surrogates(blobs.restore(words)),
        "has_begun": any(map(shapes.has_output, replies))
        or any(isinstance(count, int | float) and count > 0 for count in counts),
    }


def _first(reply: dict[str, Any]) -> dict[str, Any] | None:
    """Return a reply's first candidate, or OpenAI's first choice."""
    return next(dicts(field_of(reply, "candidates", "choices")), None)


def _metadata(reply: dict[str, Any]) -> Any:
    return field_of(_first(reply), "groundingMetadata", "grounding_metadata")


def _feedback(reply: dict[str, Any]) -> Any:
    return field_of(reply, "promptFeedback", "prompt_feedback")


def _usage(reply: dict[str, Any]) -> dict[str, Any] | None:
    usage = field_of(reply, "usageMetadata", "usage_metadata", "usage")
    return usage if isinstance(usage, dict) else None
