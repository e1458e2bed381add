"""Faults of the offline provider by name: what can go wrong, for trying a client on.

A fault is chosen for a whole server, or for one request by a mark in its prompt: `[fault: rate-limit]`,
where `[fault: none]` is none. With "-once" after its name a request meets it the first time and is answered
as usual the second time, and so on in turn. The mark is taken out before the prompt is painted.
"""

from __future__ import annotations

import base64
import hashlib
import re
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gemini_nb.errors import ArgumentError
from gemini_nb.offline import replies
from gemini_nb.offline.batches.faults import BATCH_FAULTS
from gemini_nb.offline.request import Refusal
from gemini_nb.offline.responses import bytes_response, error_response, gateway_error, json_response

if TYPE_CHECKING:
    from collections.abc import Callable

    from gemini_nb.offline.job import Job
    from gemini_nb.offline.responses import Delivery, Response

MAX_REMEMBERED = 1024
"""How many requests that met a fault "once" are remembered; past that the oldest are forgotten."""

_NONE, _ONCE = "none", "-once"
_DRAFT = "black and white"  # the edit that makes a draft differ from its picture
_MARK = re.compile(r"\[fault:([^][\n]{0,60})\]", re.IGNORECASE)
_PAGE = "<!DOCTYPE html>\n<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>\n"


@dataclass(frozen=True)
class Fault:
    """A fault: its effect on a client, in one line, and its answer, or the function that answers a job."""

    effect: str
    answer: Response | Callable[[Job], Response]


class Faults:
    """Chooses the fault that a request meets; `always` is for those that name none.

    Raises `ArgumentError` for a name that is not in `FAULTS`. Safe to share between threads.
    """

    def __init__(self, always: str | None = None) -> None:
        self._always = always or _NONE
        self._met: OrderedDict[bytes, None] = OrderedDict()
        self._lock = threading.Lock()
        if not is_known(self._always):
            batches = f"For batch jobs there are {', '.join(BATCH_FAULTS)}."
            raise ArgumentError(
                f"There is no fault {always!r}.", hint=f"There are {_list_names()}. {batches}"
            )

    def answer(self, job: Job) -> Response:
        """Answer a job, with a fault if one is due.

        Raises `Refusal` for a mark with an unknown name: a test that misspells one should not pass.
        """
        mark = _MARK.search(job.request.prompt)
        name = mark[1].strip().lower() if mark else self._always
        if not is_known(name):
            raise Refusal(f"There is no fault {name!r}. There are {_list_names()}.")
        once = name.endswith(_ONCE)
        request = replace(job.request, prompt=_MARK.sub("", job.request.prompt).strip())
        job = replace(job, request=request, once=once)
        if name == _NONE or (once and self._has_met(name, job)):
            return job.answer()
        answer = FAULTS[name.removesuffix(_ONCE)].answer
        return answer(job) if callable(answer) else answer

    def _has_met(self, name: str, job: Job) -> bool:
        """Say whether this very call met the fault last time; if it did not, remember that it does now."""
        call = hashlib.sha256(f"{name}\n{job.model.id}\n".encode() + job.body).digest()
        with self._lock:
            if call in self._met:
                del self._met[call]
                return True
            self._met[call] = None
            if len(self._met) > MAX_REMEMBERED:
                self._met.popitem(last=False)
            return False


def is_known(name: str) -> bool:
    """Say whether a fault has this name, with or without "-once"; "none" is known too."""
    return name == _NONE or name.removesuffix(_ONCE) in FAULTS


def _list_names() -> str:
    return f"{', '.join(FAULTS)}, each with {_ONCE} too"


def _rate_limit(job: Job) -> Response:
    delay = "0.2s" if job.once else "48s"
    advice = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}
    message = f"You exceeded your current quota. Please retry in {delay}."
    return error_response(429, message, details=[advice])


_OVERLOADED = error_response(503, "The model is overloaded. Please try again later.")
_QUOTA = gateway_error(403, "user quota is not enough", reason="insufficient_user_quota")
_QUOTA_OF_ZERO = {"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "quotaValue": "0"}
_NO_QUOTA = error_response(
    429,
    "You exceeded your current quota, limit: 0.",
    details=[
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [_QUOTA_OF_ZERO]},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1s"},
    ],
)
_FIREWALL = bytes_response(403, "text/html", _PAGE.format("Attention Required!").encode())
_BAD_GATEWAY = bytes_response(502, "text/html", _PAGE.format("502 Bad Gateway").encode())
_ERROR_IN_200 = gateway_error(200, "upstream error: do request failed", reason="do_request_failed")
_NOT_JSON = bytes_response(200, "text/html", _PAGE.format("Down for maintenance").encode())


def _blocked(job: Job) -> Response:
    return job.send(replies.build_blocked_reply(job.request, job.model, reason="PROHIBITED_CONTENT"))


def _blocked_image(job: Job) -> Response:
    message = "Unable to show the generated image. It was filtered out because it violates the policy."
    return job.send_parts([], finishReason="IMAGE_SAFETY", finishMessage=message)


def _no_image(job: Job) -> Response:
    message = (
        "The model could not generate the image based on the prompt provided. Try rephrasing the prompt."
    )
    return job.send_parts([], finishReason="IMAGE_OTHER", finishMessage=message)


def _text_only(job: Job) -> Response:
    text = "I can describe that picture for you, but this time I have not drawn it."
    return job.send_parts([{"text": text}])


def _task(job: Job) -> Response:
    task = {"task_id": f"task-{hashlib.sha256(job.body).hexdigest()[:12]}", "status": "processing"}
    return json_response(202, task)


def _bad_base64(job: Job) -> Response:
    part = job.inline_part(job.paint_image(mime_type="image/jpeg"), "image/jpeg")
    data = part["inlineData"]["data"]
    part["inlineData"]["data"] = f"{data[: len(data) // 2]}*{data[len(data) // 2 + 1 :]}"
    return job.send_parts([part])


def _gone_link(job: Job) -> Response:
    return job.send_parts([{"text": f"![Image]({job.link('0' * 64)})"}])


def _break_off(delivery: Delivery) -> Callable[[Job], Response]:
    return lambda job: replace(job.answer(), delivery=delivery)


def _new_shape(job: Job) -> Response:
    result = base64.b64encode(job.paint_image()).decode("ascii")
    call = {"type": "image_generation_call", "status": "completed", "result": result}
    return json_response(200, {"object": "response", "status": "completed", "output": [call]})


def _keep_alive(job: Job) -> Response:
    whole = replace(job, form="sse").answer()
    return bytes_response(200, "text/event-stream", b"data: : keepalive\r\n\r\n" + whole.body)


def _wrong_type(job: Job) -> Response:
    return job.send_parts([job.inline_part(job.paint_image(mime_type="image/jpeg"), "image/png")])


def _drafts(job: Job) -> Response:
    return _send_images(job, _DRAFT, "")


def _send_images(job: Job, *edits: str) -> Response:
    return job.send_parts([job.image_part(job.paint_image(edit=edit)) for edit in edits])


def _thoughts(job: Job) -> Response:
    thoughts = [{"text": "A draft first."}, job.image_part(job.paint_image(edit=_DRAFT))]
    flagged = [{**thought, "thought": True} for thought in thoughts]
    return job.send_parts(
        [*flagged, job.image_part(job.paint_image()), {"text": replies.remark(job.request)}]
    )


FAULTS = {
    "rate-limit": Fault("429, RetryInfo advises 48 s; as rate-limit-once 0.2 s", _rate_limit),
    "overloaded": Fault("503 without advice how long to wait", _OVERLOADED),
    "quota": Fault("403 in a gateway's words: insufficient_user_quota", _QUOTA),
    "no-quota": Fault("429, a quota of 0 in QuotaFailure, RetryInfo advises 1 s all the same", _NO_QUOTA),
    "firewall": Fault("403 with a firewall's HTML page", _FIREWALL),
    "rate-limit-in-200": Fault(
        "200 with the answer of rate-limit inside", lambda job: replace(_rate_limit(job), status=200)
    ),
    "bad-gateway": Fault("502 with an HTML page", _BAD_GATEWAY),
    "error-in-200": Fault("200 with an error object inside", _ERROR_IN_200),
    "blocked": Fault("200, promptFeedback.blockReason PROHIBITED_CONTENT", _blocked),
    "blocked-image": Fault("200, empty content, finishReason IMAGE_SAFETY", _blocked_image),
    "no-image": Fault("200, empty content, finishReason IMAGE_OTHER and a finishMessage", _no_image),
    "text-only": Fault("200, finishReason STOP, a sentence and no picture", _text_only),
    "task": Fault("202 with the id of a task and no picture yet", _task),
    "not-json": Fault("200 with an HTML page", _NOT_JSON),
    "bad-base64": Fault("inlineData with a character that is no base64", _bad_base64),
    "gone-link": Fault("a Markdown link to a hosted picture that is 404", _gone_link),
    "truncated": Fault("half the body, then the connection is closed", _break_off("truncated")),
    "reset": Fault("half the body, then the connection is reset", _break_off("reset")),
    "stall": Fault("half the body, then nothing until the client leaves", _break_off("stall")),
    "drip": Fault("the body at a byte every 0.1 s, which takes hours", _break_off("drip")),
    "new-shape": Fault("the picture as output[0].result, as OpenAI's Responses API has it", _new_shape),
    "keep-alive": Fault("an event stream, whatever was asked for, and an event that is no JSON", _keep_alive),
    "wrong-type": Fault("inlineData declared image/png whose bytes are JPEG", _wrong_type),
    "several": Fault("three pictures", lambda job: _send_images(job, "", _DRAFT, "blurred")),
    "drafts": Fault("two pictures, the first a draft that is not flagged as one", _drafts),
    "thoughts": Fault("words and a draft flagged thought: true, then picture and text", _thoughts),
}
"""Every fault by its name, as `gemini-nb serve --fault` takes it."""
