"""Replies without a picture: blocked by a policy, or no image for another reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gemini_nb.errors import BlockedError, ImageRefusedError, NoImageError
from gemini_nb.text import one_line

if TYPE_CHECKING:
    from gemini_nb.errors import GeminiError
    from gemini_nb.reply.reply import Reply

# Finish reasons that name a policy. What is not here, unknown reasons included, is no block.
BLOCKING_REASONS = {
    "SAFETY": "its safety filter stopped it",
    "PROHIBITED_CONTENT": "it counts as prohibited content",
    "BLOCKLIST": "it holds words from a block list",
    "SPII": "it holds sensitive personal data",
    "RECITATION": "it came too close to existing work",
    "IMAGE_SAFETY": "the picture did not pass the safety filter",
    "IMAGE_PROHIBITED_CONTENT": "the picture counts as prohibited content",
    "IMAGE_RECITATION": "the picture came too close to existing work",
    "ESCALATION": "an escalation rule of the provider stopped it",
    "MODEL_ARMOR": "the project's Model Armor policy stopped it",
    "CONTENT_FILTER": "the content filter stopped it",  # OpenAI's word
}
_BLOCKED_PROMPTS = {**BLOCKING_REASONS, "JAILBREAK": "it reads like an attempt to get around the rules"}
_NO_IMAGE = {
    "STOP": "The model answered without a picture.",
    "MAX_TOKENS": "The model ran out of tokens before the picture.",
    "NO_IMAGE": "The model was asked for a picture and made none.",
    "IMAGE_OTHER": "The model could not make a picture of this prompt.",
    "OTHER": "The model stopped for a reason it does not name.",
    "LANGUAGE": "The model does not take the prompt's language.",
    "MISSING_THOUGHT_SIGNATURE": "The conversation lacks a thought signature that the model had sent.",
    "MALFORMED_RESPONSE": "The model's answer was malformed.",
    "LENGTH": "The model ran out of tokens before the picture.",
    "PUP_LIMITED_DISABLED": "The account is limited or disabled for violations of the Prohibited Use Policy.",
    "CONTINUATION": "The model reached the token limit of one request before the picture.",
    "TOO_MANY_TOOL_CALLS": "The model called tools too often and was stopped before the picture.",
    "UNEXPECTED_TOOL_CALL": "The model called a tool that the request did not offer.",
    "MALFORMED_FUNCTION_CALL": "The model's call of a tool was malformed.",
    "TOOL_CALLS": "The model called a tool instead of making a picture.",
    "ERROR": "The model behind the gateway failed.",
}
# What to do, where asking for a picture in plainer words is not it.
_HINTS = {
    "MAX_TOKENS": "Raise maxOutputTokens, or ask for a smaller picture or less thinking.",
    "PUP_LIMITED_DISABLED": "No prompt will help: ask the provider's support, or use another account's key.",
    "CONTINUATION": (
        "Ask for less (a smaller size, less thinking), or go on: send the same request again with the "
        "continuationToken of the reply in `extra`. Each request is billed."
    ),
    "TOO_MANY_TOOL_CALLS": "Ask again with fewer tools, or without them.",
    "UNEXPECTED_TOOL_CALL": "Ask again with the tools that the prompt mentions, or do not mention any.",
    "MALFORMED_FUNCTION_CALL": "Ask again, or without tools.",
    "TOOL_CALLS": "Ask again without tools.",
    "ERROR": "It may have been billed. Ask again, or try another model.",
}
_MAX_SHOWN_CHARS = 300


def no_image_error(reply: Reply) -> GeminiError:
    """Return the error that a reply without a picture and without a link amounts to."""
    words = reply.text or reply.words
    text = "\n".join(filter(None, (reply.finish_message, reply.block_message, reply.refusal, words)))
    reason = reply.block_reason or reply.finish_reason
    key = (reason or "").strip().upper()
    label = f" ({one_line(reason, _MAX_SHOWN_CHARS)})" if reason else ""
    quote = f" It said: {one_line(text, _MAX_SHOWN_CHARS)}" if text else ""
    if reply.block_reason:
        why = _BLOCKED_PROMPTS.get(key, "a policy stopped it")
        return BlockedError(f"The prompt was blocked: {why}{label}.{quote}", reason=reason, text=text)
    if key in BLOCKING_REASONS:
        why = BLOCKING_REASONS[key]
        return BlockedError(f"The request was blocked: {why}{label}.{quote}", reason=reason, text=text)
    if reply.refusal:
        return BlockedError(
            f"The request was blocked: the model refused it.{quote}", reason="refusal", text=text
        )
    if reply.refused:
        refusals = one_line("; ".join(reply.refused), _MAX_SHOWN_CHARS)
        return ImageRefusedError(f"The reply's picture cannot be read: it is {refusals}.")
    if reply.task_id:
        return NoImageError(
            f"The server started a task and has sent no picture yet: its id is {reply.task_id}.{quote}",
            hint="It may be billed: ask the provider for the picture by that id before paying again.",
            text=text,
            task_id=reply.task_id,
        )
    what = _NO_IMAGE.get(key, "The reply holds no picture.").rstrip(".")
    if reply.drafts:
        what = "The reply holds drafts only, no finished picture; they are in `drafts`"
    return NoImageError(
        f"{what}{label}.{quote}", hint=_HINTS.get(key), reason=reason, text=text, drafts=reply.drafts
    )
