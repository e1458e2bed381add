"""The Python that asks for the last picture again: the same digest, so the store answers where it can.

An input picture is written as what gives its very bytes: a path, a variable, or a file of the store. One
that nothing gives any more is left as a name to be set, since without it another picture would be paid for.
"""

from __future__ import annotations

import os
import sys
from base64 import b64decode
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemini_nb.errors import ArgumentError, GeminiError
from gemini_nb.images import inputs, save
from gemini_nb.images.image import SUFFIXES
from gemini_nb.images.inputs import InputImage
from gemini_nb.notebook import variables
from gemini_nb.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gemini_nb.notebook.session import Session
    from gemini_nb.notebook.studio.album import Entry
    from gemini_nb.request import ImageRequest
    from gemini_nb.store.record import Record


_LINE_CHARACTERS = 88
_STREAMED = (
    "for piece in stream:",
    "    if isinstance(piece, str):",
    '        print(piece, end="", flush=True)',
    "generation = stream.generation",
)
_DEFAULTS: dict[str, Any] = {
    "aspect_ratio": None,
    "image_size": None,
    "take": 0,
    "text": False,
    "config": {},
    "extra": {},
}


def code(session: Session, request: ImageRequest | None = None) -> str:
    """Return the source for a request, else for the last picture; raise `ArgumentError` before the first."""
    if request is None:
        if session.last is None:
            raise ArgumentError("There is no picture yet.", hint="Make one with %%gemini_image.")
        request = session.last.request
    script = _Script(session)
    body = script.chat(request) if request.history else script.generate(request)
    return "\n".join(
        ["from gemini_nb import Client", "", *script.missing, script.client(), *body, "generation", ""]
    )


class _Script:
    """The lines of one script; `missing` says which pictures must be set first."""

    def __init__(self, session: Session) -> None:
        self._session = session
        folder = session.store_path()
        self._store = None if folder is None else Store(folder)
        self.missing: list[str] = []

    def client(self) -> str:
        """The line that makes the client that this session uses."""
        session = self._session
        settings = {"base_url": (session.defaults.base_url, ""), "replay": (session.defaults.replay, "auto")}
        given = [f"{name}={_literal(value)}" for name, (value, usual) in settings.items() if value != usual]
        if self._store is not None:
            given.insert(0, f"store={_literal(_near(self._store.folder))}")
        return _call("client = Client", [_literal(session.provider_name()), *given])

    def generate(self, request: ImageRequest) -> list[str]:
        """The lines that ask for a picture by itself."""
        arguments = [_prompt(request.prompt), f"model={_literal(request.model)}"]
        arguments += self._images(request.images) + _settings(_options(request))
        if self._session.last_streamed and request == getattr(self._session.last, "request", None):
            return [_call("stream = client.generate", [*arguments, "stream=True"]), *_STREAMED]
        return [_call("generation = client.generate", arguments)]

    def chat(self, request: ImageRequest) -> list[str]:
        """The lines of a conversation; earlier turns are asked with the settings their records know."""
        lines = [_call("chat = client.chat", [_literal(request.model)])]
        turns = request.history
        for asked, came in zip(turns[::2], turns[1::2], strict=False):
            prompt, images = _turn(asked)
            record = self._record(prompt, came)
            options = _options(request) if record is None else _recorded(record)
            if record is None:
                lines.append("# This turn is not in the store: it is asked for again, and paid for.")
            lines.append(self._send("chat.send", prompt, images, options))
        return [
            *lines,
            self._send("generation = chat.send", request.prompt, request.images, _options(request)),
        ]

    def _send(
        self, target: str, prompt: str, images: Sequence[InputImage], options: Mapping[str, Any]
    ) -> str:
        return _call(target, [_prompt(prompt), *self._images(images), *_settings(options)])

    def _record(self, prompt: str, answer: Any) -> Record | None:
        """The stored record of an earlier turn: the newest with this prompt and this answer of the model."""
        if self._store is None:
            return None
        store = self._store
        same = (one for one in store.records() if one.prompt == prompt and one.content)
        return next((one for one in same if store.content(one.digest) == answer), None)

    def _images(self, images: Sequence[InputImage]) -> list[str]:
        return [f"images=[{', '.join(map(self._image, images))}]"] if images else []

    def _image(self, image: InputImage) -> str:
        found = next(self._holding(image), None)
        if found is not None:
            return found
        name = f"picture_{len(self.missing) + 1}"
        facts = f"{image.mime_type}, {len(image.data):,} bytes, sha256 {image.sha256[:12]}"
        self.missing.append(f"# Set {name} first, to the input picture: {facts}.")
        return name

    def _holding(self, image: InputImage) -> Iterator[str]:
        """Yield expressions whose value is a picture of these very bytes, the best first."""
        for source in self._session.last_sources:
            if not inputs.is_link(source) and _is(image, source):
                yield _literal(source)
        for name, value in self._session.shell.user_ns.items():
            if not name.startswith("_") and _is_picture(value) and _is(image, value):
                yield name
        path = self._store.image_file(image) if self._store is not None else None
        if path is not None:
            yield _literal(_near(path))


def _is(image: InputImage, source: Any) -> bool:
    try:
        return inputs.read(source) == image
    except GeminiError:
        return False


def _is_picture(value: Any) -> bool:
    """Whether a variable is cheap to compare; a figure would be drawn for it."""
    if type(value) is bytes:
        return True
    kind = type(value)
    known = {
        "gemini_nb.generation": "Generation",
        "gemini_nb.images.image": "GeneratedImage",
        "numpy": "ndarray",
    }
    pil = sys.modules.get("PIL.Image")
    return known.get(kind.__module__) == kind.__name__ or (pil is not None and isinstance(value, pil.Image))


def _options(request: ImageRequest) -> dict[str, Any]:
    return {name: getattr(request, name) for name in _DEFAULTS}


def _recorded(record: Record) -> dict[str, Any]:
    return {name: getattr(record, "asked_text" if name == "text" else name) for name in _DEFAULTS}


def _turn(content: Mapping[str, Any]) -> tuple[str, list[InputImage]]:
    """The prompt and the pictures of a user's turn, as `ImageRequest.content` writes it."""
    first, *rest = content["parts"]
    data = [part["inlineData"] for part in rest]
    return first["text"], [InputImage(b64decode(one["data"]), one["mimeType"]) for one in data]


def _settings(options: Mapping[str, Any]) -> list[str]:
    return [f"{name}={_literal(value)}" for name, value in options.items() if value != _DEFAULTS[name]]


def _near(path: Path) -> str:
    """A path as it is written from the current folder, if it lies within it."""
    here = Path.cwd()
    return os.fspath(path.relative_to(here) if path.is_relative_to(here) else path)


def _call(target: str, arguments: Sequence[str]) -> str:
    line = f"{target}({', '.join(arguments)})"
    if len(line) <= _LINE_CHARACTERS and "\n" not in line:
        return line
    return "\n".join([f"{target}(", *(f"    {argument}," for argument in arguments), ")"])


def _prompt(text: str) -> str:
    """A prompt as a literal, a line of source for each of its lines."""
    return "\n    ".join(_literal(line) for line in text.splitlines(keepends=True))


def _literal(value: Any) -> str:
    """A value as Python source, in double quotes where nothing speaks against it."""
    if isinstance(value, str) and not set(value) & {"'", '"'}:
        return f'"{repr(value)[1:-1]}"'
    return repr(dict(value)) if isinstance(value, dict) else repr(value)


def cell_source(session: Session, entry: Entry) -> str:
    """Return the source of the cell for a picture; raise `ArgumentError` where no cell can make it.

    An input image that nothing in the notebook holds is saved beside it, since the cell must name it.
    """
    request = entry.generation.request
    check_whole(entry)
    if request.config or request.extra:
        raise ArgumentError(
            f"Picture {entry.number} was asked for with config or extra, which no cell can say.",
            hint="Python gives the call that makes it.",
        )
    words = entry.sources if len(entry.sources) == len(request.images) else ("",) * len(request.images)
    named = [_named(session, image, word) for image, word in zip(request.images, words, strict=True)]
    is_edit = bool(request.images) and not request.take
    options = ["--new"] if is_edit else []
    options += [f"-m {request.model}"] if request.model != session.defaults.model else []
    options += [f"-a {request.aspect_ratio}"] if request.aspect_ratio else []
    options += [f"-z {request.image_size}"] if request.image_size else []
    options += [f"-i {_quoted(name)}" for name in named]
    options += [f"--take {request.take}"] if request.take else []
    options += ["--text"] if request.text else []
    options += ["--raw"] if "{{" in request.prompt else []
    magic = "%%gemini_edit" if is_edit else "%%gemini_image"
    return f"{' '.join([magic, *options])}\n{request.prompt}"


def check_whole(entry: Entry) -> None:
    """Raise `ArgumentError` for a picture whose request is not known in full."""
    if not entry.is_whole:
        raise ArgumentError(
            f"Picture {entry.number} is a turn of a conversation, or its source picture is not in the store, "
            "so it cannot be asked for again.",
            hint="Edit this goes on from it; the cell that made it makes it again.",
        )


def _named(session: Session, image: InputImage, word: str) -> str:
    """What `-i` may say to get an image: its word, a variable, a file of the store, else a new file."""
    if word and _gives(session, word, image):
        return word
    names: dict[str, Any] = dict(session.shell.user_ns)
    for name, value in names.items():
        if not name.startswith("_") and _holds(value, image):
            return name
    folder = session.store_path()
    stored = Store(folder).image_file(image) if folder is not None else None
    return _near_path(stored or _written(image, SUFFIXES.get(image.mime_type, ".heic")))


def _gives(session: Session, word: str, image: InputImage) -> bool:
    if inputs.is_link(word):
        return True  # it was fetched from there; what it serves next time is not ours to say
    try:
        found = variables.read([word], session.shell.user_ns)
    except GeminiError:
        return False
    return len(found) == 1 and found[0] == image


def _holds(value: object, image: InputImage) -> bool:
    """Whether a variable is a picture of these bytes; only what is compared at no cost is looked at."""
    data = value if isinstance(value, bytes) else None
    if type(value).__module__ in ("gemini_nb.generation", "gemini_nb.images.image"):
        data = getattr(getattr(value, "image", value), "data", None)
    return data == image.data


def _written(image: InputImage, suffix: str) -> Path:
    path = Path("pictures") / f"source-{image.sha256[:12]}{suffix}"
    if not path.exists():
        save.write(image.data, path, mime_type=image.mime_type)
    return path


def _near_path(path: Path) -> str:
    """A path as it is written from the current folder, if it lies within it."""
    here = Path.cwd()
    return os.fspath(path.relative_to(here) if path.is_relative_to(here) else path)


def _quoted(word: str) -> str:
    if not set(word) & set(" \t\"'#") and word:
        return word
    mark = "'" if '"' in word else '"'
    return f"{mark}{word}{mark}"
