"""Source code for a picture: the Python of `%gemini code`, and the cell that `%gemini cell` inserts.

Run again, it makes the same request, so that the store answers where it can. An input picture is written as
something that holds exactly its bytes: a word of `-i`, a variable, or a file of the store. For Python, one
that nothing holds any more is left as a name to be set, since without it another picture would be paid for.
"""

from __future__ import annotations

import os
import re
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemini_nb import files, models
from gemini_nb.errors import ArgumentError, GeminiError
from gemini_nb.event_loop import call_in_daemon_thread
from gemini_nb.generation import Generation
from gemini_nb.images import inputs
from gemini_nb.images.header import SUFFIXES
from gemini_nb.images.image import GeneratedImage
from gemini_nb.images.inputs import InputImage, ReferencedImage
from gemini_nb.images.sources import list_sources
from gemini_nb.reply.content import with_role
from gemini_nb.request import ImageRequest
from gemini_nb.settings.options import NAMES as OPTION_NAMES
from gemini_nb.settings.options import from_settings
from gemini_nb.settings.words import write_config, write_safety

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from gemini_nb.images.mask import Mask
    from gemini_nb.notebook.session import Session
    from gemini_nb.notebook.studio.album import Entry
    from gemini_nb.store.record import Record


_LINE_CHARACTERS = 88
_IN_PYTHON = "Python gives the call that makes it."
_READ_SECONDS = 10
_PICTURE_TYPES = (bytes, Generation, GeneratedImage)
_STREAMED = (
    "for piece in stream:",
    "    if isinstance(piece, str):",
    '        print(piece, end="", flush=True)',
    "generation = stream.generation",
)
_NAMES = ("aspect_ratio", "image_size", "take", "text", *OPTION_NAMES)
_DEFAULTS: dict[str, Any] = {name: getattr(ImageRequest, name) for name in _NAMES}
_DEFAULTS |= {"config": {}, "extra": {}}


def python_source(session: Session, request: ImageRequest | None = None) -> str:
    """Return the Python for a request, else for the last picture; raise `ArgumentError` before the first."""
    if request is None:
        if session.last is None:
            raise ArgumentError("There is no picture yet.", hint="Make one with %%gemini_image.")
        request = session.last.request
    script = _Script(session)
    body = script.chat_lines(request) if request.history else script.generate_lines(request)
    return "\n".join(
        ["from gemini_nb import Client", "", *script.missing, script.client_line(), *body, "generation", ""]
    )


class _Script:
    """The lines of one script; `missing` says which pictures must be set first."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._store = session.open_store()
        self.missing: list[str] = []

    def client_line(self) -> str:
        """Return the line that makes the client that this session uses."""
        defaults = self._session.defaults
        arguments = [_literal(self._session.provider_name())]
        if self._store is not None:
            arguments.append(f"store={_literal(_relative_path(self._store.folder))}")
        if defaults.base_url:
            arguments.append(f"base_url={_literal(defaults.base_url)}")
        if defaults.replay != "auto":
            arguments.append(f"replay={_literal(defaults.replay)}")
        return _format_call("client = Client", arguments)

    def generate_lines(self, request: ImageRequest) -> list[str]:
        """Return the lines that ask for a picture by itself."""
        arguments = [_prompt_literal(request.prompt), f"model={_literal(request.model)}"]
        arguments += self._images(request.images) + self._mask(request.mask) + _keywords(_options(request))
        if self._session.last_streamed and request == getattr(self._session.last, "request", None):
            return [_format_call("stream = client.generate", [*arguments, "stream=True"]), *_STREAMED]
        return [_format_call("generation = client.generate", arguments)]

    def chat_lines(self, request: ImageRequest) -> list[str]:
        """Return the lines of a conversation; each earlier turn is asked with the settings of its record."""
        lines = [_format_call("chat = client.chat", [_literal(request.model)])]
        turns = request.history
        for question, answer in zip(turns[::2], turns[1::2], strict=False):
            text, *blobs = question["parts"]  # as `ImageRequest.content` writes them
            prompt, images = text["text"], list(map(inputs.from_part, blobs))
            record = self._find_record(prompt, answer)
            if record is None:
                lines.append("# This turn is not in the store: it is requested, and paid for, again.")
            lines.append(self._format_send("chat.send", prompt, images, _options(record or request)))
        send = "generation = chat.send"
        return [*lines, self._format_send(send, request.prompt, request.images, _options(request))]

    def _format_send(
        self, target: str, prompt: str, images: Sequence[InputImage], options: Mapping[str, Any]
    ) -> str:
        return _format_call(target, [_prompt_literal(prompt), *self._images(images), *_keywords(options)])

    def _find_record(self, prompt: str, answer: Any) -> Record | None:
        """Return the stored record of a turn: the newest with this prompt and this answer of the model."""
        if self._store is None:
            return None
        for record in self._store.records():
            is_asked = record.prompt == prompt and record.content
            if is_asked and with_role(self._store.content(record.digest)) == with_role(answer):
                return record
        return None

    def _images(self, images: Sequence[InputImage]) -> list[str]:
        return [f"images=[{', '.join(map(self._image, images))}]"] if images else []

    def _mask(self, mask: Mask | None) -> list[str]:
        """Return the arguments for a mask: a box where it is one, else as for an input picture."""
        if mask is None:
            return []
        name = None if mask.region else _find_mask_variable(self._session, mask)
        feather = [f"feather={mask.feather}"] if mask.feather else []
        return [f"mask={mask.region or name or self._file_or_name(mask.image)}", *feather]

    def _image(self, image: InputImage) -> str:
        """Return an expression for an input picture: a path, a variable, or a name that must be set first."""
        if isinstance(image, ReferencedImage):
            return _literal(image.uri)
        session = self._session
        word = _find_word(session.last_sources, image, {})
        if word is not None:
            return _literal(word)
        name = _find_variable(session, _compared_types(), partial(_is_source, image=image))
        return self._file_or_name(image) if name is None else name

    def _file_or_name(self, image: InputImage) -> str:
        """Return the path of an input picture that the store has, or a name that must be set first."""
        path = self._store.input_file(image) if self._store is not None else None
        if path is not None:
            return _literal(_relative_path(path))
        name = f"picture_{len(self.missing) + 1}"
        facts = f"{image.mime_type}, {len(image.data):,} bytes, sha256 {image.sha256[:12]}"
        self.missing.append(f"# First set {name} to the input image: {facts}.")
        return name


def _options(source: ImageRequest | Record) -> dict[str, Any]:
    options, config, extra = from_settings(source.config, source.extra)
    given = {name: getattr(source, name, None) for name in _DEFAULTS} | options
    text = source.text if isinstance(source, ImageRequest) else source.asked_text
    return {**given, "text": text, "config": config, "extra": extra}


def _keywords(options: Mapping[str, Any]) -> list[str]:
    given = {name: value for name, value in options.items() if value != _DEFAULTS[name]}
    return [
        f"{name}={_prompt_literal(value) if name == 'system' else _literal(value)}"
        for name, value in given.items()
    ]


def _format_call(target: str, arguments: Sequence[str]) -> str:
    line = f"{target}({', '.join(arguments)})"
    if len(line) <= _LINE_CHARACTERS and "\n" not in line:
        return line
    return "\n".join([f"{target}(", *(f"    {argument}," for argument in arguments), ")"])


def _prompt_literal(text: str) -> str:
    """Write a prompt as a literal, a line of source for each of its lines."""
    return "\n    ".join(_literal(line) for line in text.splitlines(keepends=True))


def _literal(value: Any) -> str:
    """Write a value as Python source, in double quotes unless it holds quotes itself."""
    if isinstance(value, str) and not set(value) & {"'", '"'}:
        return f'"{repr(value)[1:-1]}"'
    return repr(dict(value)) if isinstance(value, dict) else repr(value)


def cell_source(session: Session, entry: Entry) -> str:
    """Return the source of the cell for a picture; raise `ArgumentError` where no cell can make it.

    An input image that nothing in the notebook holds is saved beside it, since the cell must name it.
    """
    request = entry.generation.request
    entry.check_whole()
    if request.extra:
        raise ArgumentError(
            f"Picture {entry.number} was made with extra, which a cell cannot express.", hint=_IN_PYTHON
        )
    words = entry.sources if len(entry.sources) == len(request.images) else ("",) * len(request.images)
    sources = [_cell_word(session, image, word) for image, word in zip(request.images, words, strict=True)]
    is_edit = bool(request.images) and not request.take
    default = models.find(session.defaults.model, session.find_provider().name)
    options = ["--new"] if is_edit else []
    is_default = request.model == (default.id if default else session.defaults.model)
    options += [] if is_default else [f"-m {request.model}"]
    options += [f"-a {request.aspect_ratio}"] if request.aspect_ratio else []
    options += [f"-z {request.image_size}"] if request.image_size else []
    options += [f"-i {_quote(source)}" for source in sources]
    options += _mask_words(session, request.mask)
    options += [f"--take {request.take}"] if request.take else []
    options += ["--text"] if request.text else []
    options += _option_words(session, request)
    options += ["--raw"] if "{{" in request.prompt else []
    magic = "%%gemini_edit" if is_edit else "%%gemini_image"
    return f"{' '.join([magic, *options])}\n{request.prompt}"


def _cell_word(session: Session, image: InputImage, word: str) -> str:
    """Return what `-i` may say to get an image: its word, a variable, a stored file, else a new one."""
    if isinstance(image, ReferencedImage):
        return image.uri
    if inputs.is_link(word):
        return word  # it was fetched from there; what it serves next time is not ours to say
    return (
        _find_word([word], image, session.shell.user_ns)
        or _find_variable(session, _PICTURE_TYPES, partial(_is_source, image=image))
        or _file_word(session, image)
    )


def _file_word(session: Session, image: InputImage, *, stem: str = "source") -> str:
    """Return the path of an input picture in the store, or else of a file beside the notebook."""
    store = session.open_store()
    path = store.input_file(image) if store is not None else None
    if path is None:
        path = Path("pictures") / f"{stem}-{image.sha256[:12]}{SUFFIXES.get(image.mime_type, '.heic')}"
        if not path.exists():
            files.write_new(path, lambda _: image.data, what="The input picture")
    return _relative_path(path)


def _mask_words(session: Session, mask: Mask | None) -> list[str]:
    """Return the options that say an edit's mask: a region where it is one, else what `--mask` may say."""
    if mask is None:
        return []
    if region := mask.region:
        words = [f"--region {','.join(map(str, region))}"]
    else:
        source = _find_mask_variable(session, mask) or _file_word(session, mask.image, stem="mask")
        words = [f"--mask {_quote(source)}"]
    return [*words, *([f"--feather {mask.feather}"] if mask.feather else [])]


def _option_words(session: Session, request: ImageRequest) -> list[str]:
    """Return the options of a request and its config as words of a line."""
    words: dict[str, Sequence[str | int | None]] = {
        "--search": [request.search],
        "--thinking": [request.thinking],
        "--system": [_system_word(session, request.system)],
        "--seed": [request.seed],
        "--safety": write_safety(request.safety),
        "-c": write_config(request.config),
    }
    given = [(name, str(value)) for name, values in words.items() for value in values if value is not None]
    return [f"{name}{'=' if word.startswith('-') else ' '}{_quote(word)}" for name, word in given]


def _system_word(session: Session, text: str | None) -> str | None:
    """Return what `--system` may say to get a text: the text, or a variable where a line cannot hold it."""
    if text is None or (len(text.splitlines()) == 1 and text not in session.shell.user_ns):
        return text
    if name := _find_variable(session, (str,), lambda value: value == text):
        return name
    raise ArgumentError(
        "The picture's system instruction has several lines, and no variable holds it.", hint=_IN_PYTHON
    )


def _quote(word: str) -> str:
    """Write a word as `options.split_words` reads it, where quoted pieces that touch are one word."""
    if word and not any(character.isspace() or character in "\"'#" for character in word):
        return word
    pieces = re.split("('+)", word) if '"' in word else [word]
    marks = ("'" if '"' in piece else '"' for piece in pieces)
    return "".join(
        f"{mark}{piece}{mark}" for mark, piece in zip(marks, pieces, strict=True) if piece or not word
    )


def _compared_types() -> tuple[type, ...]:
    """Return the types of pictures that are compared, some of them encoded for it; a figure is not drawn."""
    types = (("numpy", "ndarray"), ("PIL.Image", "Image"))
    encoded = (getattr(sys.modules[module], name) for module, name in types if module in sys.modules)
    return *_PICTURE_TYPES, *encoded


def _find_word(words: Iterable[str], image: InputImage, names: Mapping[str, Any]) -> str | None:
    """Return the word of `-i` that gives exactly this picture, as a variable of `names` or as a file."""
    return next((word for word in words if _is_source(names.get(word, word), image)), None)


def _find_variable(session: Session, types: tuple[type, ...], fits: Callable[[Any], bool]) -> str | None:
    """Return the name of a variable of one of these types whose value fits."""
    names: dict[str, Any] = dict(session.shell.user_ns)
    for name, value in names.items():
        if not name.startswith("_") and issubclass(type(value), types) and fits(value):
            return name
    return None


def _find_mask_variable(session: Session, mask: Mask) -> str | None:
    """Return the name of a variable that gives a mask."""
    return _find_variable(
        session, _compared_types(), lambda value: mask.is_given_by(getattr(value, "image", value))
    )


def _is_source(source: Any, image: InputImage) -> bool:
    """Whether a source gives exactly this picture; a file that does not answer in time counts as another."""
    reading = call_in_daemon_thread(lambda: list(map(inputs.read, list_sources(source))))
    try:
        return reading.result(timeout=_READ_SECONDS) == [image]
    except (GeminiError, TimeoutError):
        return False


def _relative_path(path: Path) -> str:
    """Write a path as seen from the current folder, if it lies within it."""
    here = Path.cwd()
    return os.fspath(path.relative_to(here) if path.is_relative_to(here) else path)
