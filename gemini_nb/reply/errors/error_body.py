"""What a body says about an error: the server's words, its codes, the wait it advises and the quota it names.

Google: `{"error": {"code", "message", "status", "details"}}`, sometimes inside an array. new-api and
OpenAI: `{"error": {"message", "type", "param", "code"}}`. OpenRouter: `error.metadata.raw`, what its own
upstream said. Others: `msg`, `detail`, `errors`, `base_resp`, in any case and at any depth; pages of HTML.
"""

from __future__ import annotations

import html
import json
import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from gemini_nb.errors import GeminiError
from gemini_nb.reply.errors.quota import UsedUp, find_used_up, plain_name
from gemini_nb.reply.shapes import dicts
from gemini_nb.reply.sse import parse_values
from gemini_nb.text import one_line, replace_surrogates

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from gemini_nb.providers.secret import Secret

MAX_MESSAGE_CHARS = 300

_MAX_CODE_CHARS = 80
_MAX_PAGE_CHARS = 65536
_BEGINNING_BYTES = 4096
_MAX_STEPS = 2000  # of hostile JSON
_MAX_DEPTH = 20
_MAX_FIELDS = 200
_MAX_ITEMS = 8
_MAX_WRAPPERS = 3

# Names of fields, as `plain_name` writes them.
_WORDS = (
    *("title", "message", "msg", "errormessage", "errormsg", "errmsg", "errordescription", "errordetail"),
    *("detail", "failreason", "failurereason", "failmsg", "failmessage", "statusmessage", "statusmsg"),
    *("taskstatusmsg", "retmsg", "resultmsg", "faultstring", "refusal", "description", "info"),
)
_LAST_WORDS = ("reason", "details")  # where no other field says anything
_CAUSES = ("error", "errors", "err", "fault", "failure", "innererror", "cause", "exception")
_NUMBERS = ("code", "errorcode", "errcode", "statuscode", "failcode", "retcode")
_CODES = (*_NUMBERS, "status", "type", "errortype")
# What may be around the object that says what went wrong.
_WRAPPERS = ("response", "result", "output", "data", "body", "task", "baseresp", "choices", "candidates")
_AROUND_REFUSALS = {*_WRAPPERS, "message", "delta", "content"}
_ASIDES = {"success", "ok", "state", "taskstatus", "param", "requestid", "traceid", "timestamp", "path"}
_REPORTS = {*_WORDS, *_LAST_WORDS, *_CAUSES, *_CODES, *_ASIDES, "metadata"}
# Fields of a reply in which words of others, or the model's for a tool, may stand.
_NOT_ABOUT_ERRORS = {
    *("annotations", "citationmetadata", "functioncall", "groundingmetadata", "toolcalls", "usage"),
    "usagemetadata",
}
_PAGE = re.compile(r"<(?:!doctype html|html|head|body|title|center|h[1-6]|div|p)\b", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{1,300})", re.IGNORECASE)
_TAG = re.compile(r"/?[a-zA-Z0-9]*")
_SUCCESS_CODES = {"", "0", "ok", "success", "succeeded", "successful"}
_SUCCESS_WORDS = re.compile(
    r"\b(?:succe[a-z]*|ok|accepted|created|submitted|queued?|pending|processing)\b|成功|已提交|排队|处理中",
    re.IGNORECASE,
)
_FAILED = {"failed", "failure", "fail", "error", "rejected", "cancelled", "canceled", "expired"}
_RATE_LIMIT = re.compile("^(?:(?:api|requests?|tokens?)?rate(?:limit|quota)|toomanyrequests|throttl)")
_STATUS_BY_NAME = {
    "invalidargument": 400,
    "unauthenticated": 401,
    "unauthorized": 401,
    "permissiondenied": 403,
    "notfound": 404,
    "resourceexhausted": 429,
    "internal": 500,
    "internalerror": 500,
    "internalservererror": 500,
    "servererror": 500,
    "serviceunavailable": 503,
    "unavailable": 503,
    "deadlineexceeded": 504,
}


@dataclass(frozen=True)
class ErrorBody:
    """What an error body says: all text is the server's own, `retry_delay` is in seconds."""

    message: str = ""
    codes: tuple[str, ...] = ()
    retry_delay: float | None = None
    used_up: UsedUp | None = None
    is_page: bool = False  # HTML, which no API answers with

    @property
    def code(self) -> str | None:
        """The first code, by preference one that is a name."""
        return self.codes[0] if self.codes else None

    @property
    def status(self) -> int | None:
        """The HTTP status of an error that is among the codes, by number or by name, if there is one."""
        numbers = (int(code[:3]) for code in self.codes if re.match(r"[45][0-9]{2}(?!\S)", code))
        names = (status for code in self.codes if (status := _status_by_name(code)))
        return next(chain(numbers, names), None)

    def first_of(self, plain_codes: set[str]) -> str | None:
        """Return the first of its codes that is among `plain_codes`, which `plain_name` gave."""
        return next((code for code in self.codes if plain_name(code) in plain_codes), None)

    def redact(self, key: Secret | None) -> ErrorBody:
        """Return the same with the key masked, which comes before any cutting, short enough to be shown."""
        mask = key.redact if key else str
        codes = (one_line(mask(code), _MAX_CODE_CHARS) for code in self.codes)
        return replace(
            self, message=one_line(mask(self.message), MAX_MESSAGE_CHARS), codes=tuple(filter(None, codes))
        )


def read_error(body: bytes) -> ErrorBody:
    """Read an error body of any dialect; HTML gives its title, what says nothing in words its beginning."""
    with suppress(ValueError, RecursionError):
        return parse_error(json.loads(body))
    with suppress(GeminiError, RecursionError):
        values = parse_values(body).values  # of events, or of lines
        error = parse_error(values)
        if server_words(values) or error.codes or error.retry_delay:
            return error
    text = body[:_MAX_PAGE_CHARS].decode("utf-8", "replace")
    message = _page_words(text) or text[:_BEGINNING_BYTES].strip()
    return ErrorBody(message, used_up=find_used_up(message), is_page=_is_page(text))


def parse_error(value: Any) -> ErrorBody:
    """Read what a JSON value says about an error, wherever in it that stands."""
    facts = _Facts()
    message = _join(facts.words(value), ": ") or _dump_beginning(value)
    return ErrorBody(
        message,
        tuple(dict.fromkeys(facts.codes)),
        max(facts.delays, default=None),
        find_used_up(message, facts.codes, facts.violations),
    )


def server_words(value: Any) -> str:
    """Return what the server says in a JSON value, "" where it says nothing in words."""
    return _join(_Facts().words(value), ": ")


def body_beginning(body: bytes) -> str:
    """Return a body's beginning for a person to read; a page of HTML gives its title or its text."""
    if len(body) <= _MAX_PAGE_CHARS:
        return read_error(body).message
    text = body[:_BEGINNING_BYTES].decode("utf-8", "replace").strip()
    return _page_words(text) or text


def find_error(reply: dict[str, Any]) -> dict[str, Any] | None:
    """Return what says in a reply that the request failed, None where nothing does."""
    for holder in _holders(reply, _WRAPPERS):
        given = [(name, value) for name, value in _fields(holder) if value not in (None, "", [], {})]
        report = {name: value for name, value in given if plain_name(name) in _REPORTS}
        error = report.get("error")
        if isinstance(error, dict):
            return {**{name: value for name, value in report.items() if name != "error"}, **error}
        if report and _has_failed(report, is_all=holder is reply and len(report) == len(given)):
            return report
    return None


def find_refusal(reply: dict[str, Any]) -> str | None:
    """Return the words of a model that refused, in OpenAI's `refusal`, None where it did not."""
    refusals = (holder.get("refusal") for holder in _holders(reply, _AROUND_REFUSALS))
    return next((refusal for refusal in refusals if isinstance(refusal, str) and refusal), None)


def _holders(reply: dict[str, Any], wrappers: Container[str]) -> Iterator[dict[str, Any]]:
    """Yield a reply and the objects in its `wrappers`, from the outside in."""
    pending = [(reply, 0)]
    for holder, depth in islice(pending, _MAX_STEPS):  # the list grows while it is read
        yield holder
        for name, value in _fields(holder):
            if depth < _MAX_WRAPPERS and plain_name(name) in wrappers:
                pending += [(item, depth + 1) for item in islice(dicts(value), _MAX_ITEMS)]


def _has_failed(report: dict[str, Any], *, is_all: bool) -> bool:
    """Whether an object says that the request failed; `is_all`: the whole reply says nothing but this."""
    fields = {plain_name(name): value for name, value in report.items()}
    causes = [fields[name] for name in _CAUSES if name in fields]
    if any(isinstance(cause, str | list | dict) for cause in causes):
        return True
    if fields.get("success") is False or fields.get("ok") is False:
        return True
    states = (fields.get(name) for name in ("status", "state", "taskstatus", "type"))
    if any(isinstance(state, str) and state.strip().lower() in _FAILED for state in states):
        return True
    words = server_words(report)
    codes = [_plain_code(fields[name]) for name in _NUMBERS if name in fields]
    codes += [code for code in [_plain_code(fields.get("status"))] if re.fullmatch("[45][0-9]{2}", code)]
    failures = (code for code in codes if code not in _SUCCESS_CODES and not re.fullmatch("2[0-9]{2}", code))
    if words and (any(causes) or any(failures)):
        return not _SUCCESS_WORDS.search(words)
    return bool(words) and is_all and not codes


def _plain_code(value: Any) -> str:
    return str(value).strip().lower() if isinstance(value, str | int) else ""


@dataclass
class _Facts:
    """Collects what a value of JSON says, the innermost object of an error first."""

    codes: list[str] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    violations: list[dict[str, Any]] = field(default_factory=list)
    _steps: int = 0

    def words(self, value: Any, depth: int = 0) -> list[str]:
        """Return what is said in a value, piece by piece, and note the codes beside it."""
        if value is None:
            return []
        self._steps += 1
        if self._steps > _MAX_STEPS or depth > _MAX_DEPTH:
            return []
        if isinstance(value, str):
            return self._words_of_text(value.strip(), depth)
        if isinstance(value, list):
            pieces = (piece for item in value[:_MAX_ITEMS] for piece in self.words(item, depth + 1))
            return list(filter(None, [_join(pieces, "; ")]))
        return self._words_of_object(value, depth) if isinstance(value, dict) else []

    def _words_of_text(self, text: str, depth: int) -> list[str]:
        if text[:1] in ("{", "[") and len(text) <= _MAX_PAGE_CHARS:
            with suppress(ValueError, RecursionError):
                return self.words(json.loads(text), depth + 1) or [text]
        page = text[:_MAX_PAGE_CHARS]
        return [_page_words(page) if _is_page(page) else text] if text else []

    def _words_of_object(self, value: dict[str, Any], depth: int) -> list[str]:
        fields = {plain_name(name): inner for name, inner in _fields(value)}
        causes = [piece for name in _CAUSES for piece in self.words(fields.get(name), depth + 1)]
        self._note(fields)
        names = (*_WORDS, "details") if isinstance(fields.get("details"), str) else _WORDS
        words = [piece for name in names for piece in self.words(fields.get(name), depth + 1)] + causes
        metadata = fields.get("metadata")
        if isinstance(metadata, dict):
            words += self.words(metadata.get("raw"), depth + 1)
        if words:
            return words
        others = [inner for name, inner in fields.items() if name not in _NOT_ABOUT_ERRORS]
        nested = [fields.get(name) for name in _LAST_WORDS]
        nested += [inner for inner in others if isinstance(inner, dict | list)]
        return next(filter(None, (self.words(inner, depth + 1) for inner in nested)), [])

    def _note(self, fields: dict[str, Any]) -> None:
        """Note an object's codes, and what Google's `details` say."""
        details = list(dicts(fields.get("details")))
        codes = [fields.get(name) for name in _CODES]
        reasons = [fields.get(name) for name in ("reason", *_CAUSES)]
        reasons += [item.get("reason") for item in details]
        codes += [reason for reason in reasons if isinstance(reason, str) and _is_code(reason)]
        texts = [str(code) for code in codes if isinstance(code, str | int) and not isinstance(code, bool)]
        self.codes += sorted(filter(None, texts), key=str.isdigit)
        for item in details:
            delay = item.get("retryDelay")
            if isinstance(delay, str) and re.fullmatch(r"\d{1,9}(\.\d{1,9})?s", delay, re.ASCII):
                self.delays.append(float(delay[:-1]))
            metadata = item.get("metadata")
            if isinstance(metadata, dict) and any(name.startswith("quota") for name in metadata):
                self.violations.append(metadata)  # of an ErrorInfo
            self.violations += islice(dicts(item.get("violations")), _MAX_ITEMS)


def _status_by_name(code: str) -> int | None:
    name = plain_name(code)
    return 429 if _RATE_LIMIT.search(name) else _STATUS_BY_NAME.get(name)


def _is_code(text: str) -> bool:
    """Whether a field that may hold a code or a sentence holds a code."""
    is_name = len(text) < _MAX_CODE_CHARS and _status_by_name(text) is not None
    return is_name or bool(re.fullmatch(r"[\w.:/-]{1,80}", text))


def _fields(value: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    return islice(value.items(), _MAX_FIELDS)


def _join(pieces: Iterable[str], separator: str) -> str:
    """Join what is said, each thing once."""
    distinct: list[str] = []
    for piece in pieces:
        if not any(piece in other for other in distinct):
            distinct.append(piece)
    return separator.join(distinct)


def _dump_beginning(value: Any) -> str:
    """Return the beginning of a JSON value as text, "" where it is empty."""
    text = ""
    if value not in (None, "", [], {}):
        with suppress(RecursionError):
            for piece in json.JSONEncoder(ensure_ascii=False).iterencode(value):
                text += piece
                if len(text) > _BEGINNING_BYTES:
                    break
    return replace_surrogates(text)


def _is_page(text: str) -> bool:
    return bool(re.match(r"\s*<", text) and _PAGE.search(text, 0, 2000))


def _page_words(text: str) -> str:
    """Return the title of an HTML page, else its text; of other markup its text, "" for what is none."""
    if not re.match(r"\s*<[a-z?!/]", text, re.IGNORECASE):
        return ""
    title = _TITLE.search(text)
    if title and title[1].strip():
        return f"an HTML page titled “{html.unescape(title[1]).strip()}”"
    words = " ".join(_texts_between_tags(text))
    if not _is_page(text):
        return words
    return f"an HTML page that says “{words}”" if words else "an HTML page"


def _texts_between_tags(page: str) -> Iterator[str]:
    hidden = ""
    for piece in page.split("<")[1:]:
        name = _TAG.match(piece)
        tag = name[0].lower() if name else ""
        if hidden and tag == f"/{hidden}":
            hidden = ""
        elif tag in ("script", "style"):
            hidden = tag
        text = html.unescape(piece.partition(">")[2]).strip()
        if text and not hidden:
            yield " ".join(text.split())
