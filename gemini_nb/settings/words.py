"""Options as words of a line, such as `--search web` or `-c KEY=VALUE`: magics, command line and studio."""

from __future__ import annotations

import difflib
import json
import re
import warnings
from argparse import ArgumentTypeError
from typing import TYPE_CHECKING, Any

from gemini_nb.errors import ArgumentError, GeminiWarning
from gemini_nb.settings.options import CATEGORIES, SEARCHES, THINKING_LEVELS, THRESHOLDS
from gemini_nb.text import one_line

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

CONFIG_KEYS: dict[str, tuple[str, ...]] = {
    "temperature": (),
    "topP": (),
    "topK": (),
    "seed": (),
    "candidateCount": (),
    "maxOutputTokens": (),
    "stopSequences": (),
    "presencePenalty": (),
    "frequencyPenalty": (),
    "mediaResolution": tuple(f"MEDIA_RESOLUTION_{name}" for name in ("LOW", "MEDIUM", "HIGH")),
    "responseModalities": ('["IMAGE"]', '["TEXT","IMAGE"]'),
    "responseMimeType": (),
    "responseSchema": (),
    "responseJsonSchema": (),
    "responseLogprobs": ("true", "false"),
    "logprobs": (),
    "imageConfig.aspectRatio": (),
    "imageConfig.imageSize": (),
    "imageConfig.personGeneration": ("ALLOW_ALL", "ALLOW_ADULT", "DONT_ALLOW"),
    "imageConfig.imageOutputOptions.mimeType": ("image/png", "image/jpeg"),
    "imageConfig.imageOutputOptions.compressionQuality": (),
    "thinkingConfig.thinkingLevel": tuple(level.upper() for level in THINKING_LEVELS),
    "thinkingConfig.thinkingBudget": (),
    "thinkingConfig.includeThoughts": ("true", "false"),
    "speechConfig": (),
}
"""Keys of `generationConfig` and values they are known to take; google-genai 3.6.1, read on 2026-11-29."""

_PLAIN_KEY = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_WHOLE_NUMBER = re.compile(r"\d{1,6}", re.ASCII)
_JSON_BEGINNINGS = ("[", "{", '"')
_MAX_STEPS = 8
_SHOWN_CHARACTERS = 60


def add_options(add: Callable[..., Any], *, system: str = "system instruction") -> None:
    """Add the options to a parser, or a group of one, by its `add_argument`."""
    add("--search", metavar="WHAT", help=f"let the model search Google: {', '.join(SEARCHES)}, where it can")
    levels = f"{', '.join(THINKING_LEVELS)}, where the model has a choice; or a number of tokens"
    add("--thinking", metavar="LEVEL", help=levels)
    add("--system", metavar="TEXT", help=system)
    add("--seed", metavar="N", help="seed of the model's random choices, a whole number")
    safety = f"how much to block as harmful: {', '.join(THRESHOLDS)}; for one category "
    safety += f"CATEGORY=THRESHOLD ({', '.join(CATEGORIES)}); may be repeated"
    add("--safety", metavar="THRESHOLD", action="append", default=[], help=safety)
    config = "a setting of generationConfig, such as temperature=0.4; dots lead into objects, as in "
    config += "imageConfig.personGeneration=ALLOW_ALL; the value is JSON, or else text; may be repeated"
    add("-c", "--config", metavar="KEY=VALUE", action="append", default=[], help=config)


def add_mask_options(add: Callable[..., Any], *, about: str) -> None:
    """Add the options for an edit's mask by a parser's `add_argument`; `about` says what `--mask` takes."""
    add("--mask", metavar="SOURCE", help=about)
    region = "the box that may change, in pixels from the upper left corner: --region 40,60,200,120"
    add("--region", metavar="X,Y,W,H", type=_parse_region, help=region)
    feather = "width in pixels of a soft edge inside the mask or region"
    add("--feather", metavar="PX", type=_parse_feather, default=0, help=feather)


def parse_dollars(text: str) -> float:
    """Return an amount in US dollars; raise `ArgumentTypeError` for what is none, NaN included."""
    try:
        amount = float(text.removeprefix("$"))
    except ValueError:
        amount = -1.0
    if not 0 <= amount < 1e6:
        raise ArgumentTypeError(f"{text[:_SHOWN_CHARACTERS]!r} is not an amount in US dollars")
    return amount


def check_mask_options(args: Namespace) -> None:
    """Raise `ArgumentError` where a line gives both a mask and a region."""
    if args.mask is not None and args.region is not None:
        raise ArgumentError("--mask and --region both say what may change.", hint="Leave one of them out.")


def _parse_region(text: str) -> tuple[int, ...]:
    numbers = text.replace(" ", "").split(",")
    if len(numbers) != 4 or not all(_WHOLE_NUMBER.fullmatch(number) for number in numbers):
        shown = one_line(text, _SHOWN_CHARACTERS)
        raise ArgumentTypeError(f"{shown!r} is not X,Y,W,H in whole pixels, such as 40,60,200,120")
    return tuple(map(int, numbers))


def _parse_feather(text: str) -> int:
    if not _WHOLE_NUMBER.fullmatch(text):
        shown = one_line(text, _SHOWN_CHARACTERS)
        raise ArgumentTypeError(f"{shown!r} is not a whole number of pixels")
    return int(text)


def read_options(args: Namespace) -> dict[str, Any]:
    """Return the keywords of an `ImageRequest` for the options of a parsed line; raise `ArgumentError`."""
    config = parse_config(args.config)
    for option, key in (("aspect_ratio", "aspectRatio"), ("image_size", "imageSize")):
        if getattr(args, option) and key in _as_dict(config.get("imageConfig")):
            raise ArgumentError(
                f"--{option.replace('_', '-')} and -c imageConfig.{key} both say what to make.",
                hint="Leave one of them out.",
            )
    names = ("search", "thinking", "system", "seed", "safety")
    return {**{name: getattr(args, name) for name in names}, "config": config}


def parse_config(words: Iterable[str]) -> dict[str, Any]:
    """Return the settings that words of `-c` say; dots lead into objects.

    >>> parse_config(["temperature=0.4", "imageConfig.personGeneration=ALLOW_ALL"])
    {'temperature': 0.4, 'imageConfig': {'personGeneration': 'ALLOW_ALL'}}
    """
    config: dict[str, Any] = {}
    for word in words:
        key, equals, text = word.partition("=")
        shown = one_line(word, _SHOWN_CHARACTERS)
        *path, last = steps = [step.strip() for step in key.split(".")]
        if not equals or not all(steps) or len(steps) > _MAX_STEPS:
            raise ArgumentError(
                f"-c {shown}: this is not KEY=VALUE.", hint="Write it like -c temperature=0.4"
            )
        _warn_if_unknown(".".join(steps))
        holder = config
        for step in path:
            holder = holder.setdefault(step, {})
            if not isinstance(holder, dict):
                raise ArgumentError(f"-c {shown}: {step} has a value already, so it is not an object.")
        if last in holder:
            raise ArgumentError(
                f"-c {shown}: {'.'.join(steps)} is given twice.", hint="Leave one of them out."
            )
        holder[last] = _read_value(text)
    return config


def write_config(config: Mapping[str, Any]) -> list[str]:
    """Return words of `-c` that say these settings; raise `ArgumentError` for a name that none can say.

    >>> write_config({"temperature": 0.4, "imageConfig": {"imageOutputOptions": {"mimeType": "image/png"}}})
    ['imageConfig.imageOutputOptions.mimeType=image/png', 'temperature=0.4']
    """
    return [f"{'.'.join(path)}={_write_value(value)}" for path, value in _find_leaves(config, ())]


def write_safety(thresholds: Mapping[str, str] | None) -> list[str]:
    """Return words of `--safety` that say these thresholds, as few as can be."""
    given = dict(thresholds or {})
    common = {given.get(category) for category in CATEGORIES}
    shared = common.pop() if len(common) == 1 else None
    rest = [f"{name}={value}" for name, value in given.items() if shared is None or name not in CATEGORIES]
    return [*([shared] if shared else []), *rest]


def _find_leaves(config: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in sorted(config.items(), key=lambda item: str(item[0])):  # as a record has them
        if not isinstance(key, str) or not _PLAIN_KEY.fullmatch(key):
            raise ArgumentError(f"{one_line(repr(key), _SHOWN_CHARACTERS)} is a name that -c cannot express.")
        inner = _as_dict(value)
        if inner and len(path) + 2 <= _MAX_STEPS and all(map(_PLAIN_KEY.fullmatch, map(str, inner))):
            yield from _find_leaves(inner, (*path, key))
        else:
            yield (*path, key), value


def _as_dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _read_value(text: str) -> Any:
    """Return the value of a text: JSON, else the text as it stands; NaN and the like are no JSON."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except ValueError:
        if not text.startswith(_JSON_BEGINNINGS):
            return text
        problem = "is not JSON"
    except RecursionError:
        problem = "is nested too deeply"
    raise ArgumentError(
        f"-c: {one_line(text, _SHOWN_CHARACTERS)} {problem}.",
        hint="""Put the whole word into 'single quotes', as in -c 'stopSequences=["a", "b"]'.""",
    )


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _write_value(value: Any) -> str:
    is_plain = isinstance(value, str) and value.isprintable() and not value.startswith(_JSON_BEGINNINGS)
    if is_plain and _read_value(value) is value:
        return str(value)
    return json.dumps(value, separators=(",", ":"))


def _warn_if_unknown(key: str) -> None:
    """Warn of a key that is not known, since the server ignores a misspelt one, or refuses it."""
    if any(f"{key}.".startswith(f"{known}.") or known.startswith(f"{key}.") for known in CONFIG_KEYS):
        return
    near: Sequence[str] = difflib.get_close_matches(key, CONFIG_KEYS, n=1)
    guess = f" Did you mean {near[0]}?" if near else ""
    message = f"{one_line(key, _SHOWN_CHARACTERS)} is not a known setting of generationConfig."
    warnings.warn(f"{message} It is passed on.{guess}", GeminiWarning, stacklevel=4)
