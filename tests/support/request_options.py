"""Every option of a request beside its picture: how each place says it, and what the body then says."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Option:
    """An option as keywords, as a line and as controls of the studio; and what the body says of it."""

    keywords: dict
    line: str
    controls: dict
    body: dict = field(default_factory=dict)
    config: dict = field(default_factory=dict)


def search(name, **types):
    tools = [{"googleSearch": {"searchTypes": types} if types else {}}]
    return Option({"search": name}, f"--search {name}", {"search": name}, {"tools": tools})


HARASSMENT = {"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_ONLY_HIGH"}
ALL_OFF = [
    {"category": f"HARM_CATEGORY_{name}", "threshold": "OFF"}
    for name in ("HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT")
]
SYSTEM = 'Paint as a child\'s "crayon" would # always'
CONFIG = {"temperature": 0.4, "imageConfig": {"personGeneration": "ALLOW_ALL"}, "stopSequences": ["a b"]}
WORDS = "temperature=0.4 imageConfig.personGeneration=ALLOW_ALL 'stopSequences=[\"a b\"]'"

OPTIONS = {
    "search of the web": search("web"),
    "search of images": search("image", imageSearch={}),
    "search of both": search("both", webSearch={}, imageSearch={}),
    "thinking level": Option(
        {"thinking": "high"},
        "--thinking high",
        {"thinking": "high"},
        config={"thinkingConfig": {"thinkingLevel": "HIGH"}},
    ),
    "thinking budget": Option(
        {"thinking": 512},
        "--thinking 512",
        {"config": "thinkingConfig.thinkingBudget=512"},
        config={"thinkingConfig": {"thinkingBudget": 512}},
    ),
    "system": Option(
        {"system": SYSTEM},
        "--system 'Paint as a child'\"'\"'s \"crayon\" would # always'",
        {"system": SYSTEM},
        {"systemInstruction": {"parts": [{"text": SYSTEM}]}},
    ),
    "seed": Option({"seed": -7}, "--seed -7", {"seed": "-7"}, config={"seed": -7}),
    "safety": Option({"safety": "off"}, "--safety off", {"safety": "off"}, {"safetySettings": ALL_OFF}),
    "safety of one category": Option(
        {"safety": {"harassment": "only_high"}},
        "--safety harassment=only_high",
        {"safety": "harassment=only_high"},
        {"safetySettings": [HARASSMENT]},
    ),
    "config": Option(
        {"config": CONFIG},
        " ".join(f"-c {word}" for word in WORDS.split(" ", 2)),
        {"config": WORDS},
        config=CONFIG,
    ),
    "all at once": Option(
        {"search": "web", "thinking": "minimal", "seed": 1, "system": "Be brief.", "config": {"topK": 4}},
        "--search=web --thinking minimal --seed 1 --system 'Be brief.' -c topK=4",
        {"search": "web", "thinking": "minimal", "seed": "1", "system": "Be brief.", "config": "topK=4"},
        {"tools": [{"googleSearch": {}}], "systemInstruction": {"parts": [{"text": "Be brief."}]}},
        {"thinkingConfig": {"thinkingLevel": "MINIMAL"}, "seed": 1, "topK": 4},
    ),
}
