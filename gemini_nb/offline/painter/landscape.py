"""Landscapes: the light, the sky, the weather and the terrain that a sketch names, painted back to front."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from gemini_nb.offline.painter import terrain
from gemini_nb.offline.painter.canvas import Gradient
from gemini_nb.offline.painter.colours import LIGHTS, WHITE, lighter, mix
from gemini_nb.offline.painter.outlines import arc, box, loop, outline, oval, stroke
from gemini_nb.offline.painter.terrain import Stage
from gemini_nb.offline.painter.things import THINGS

if TYPE_CHECKING:
    from random import Random

    from gemini_nb.offline.painter.canvas import Canvas
    from gemini_nb.offline.painter.colours import Colour
    from gemini_nb.offline.painter.outlines import Loop
    from gemini_nb.offline.painter.reading.scene import Sketch

_HORIZON = {
    "sea": 0.6,
    "beach": 0.46,
    "hills": 0.56,
    "forest": 0.48,
    "city": 0.74,
    "desert": 0.56,
    "mountains": 0.74,
}


def paint(canvas: Canvas, sketch: Sketch, rng: Random) -> Stage:
    """Paint the scenery; the stage tells where sun, horizon and ground are."""
    scenery = set(sketch.scenery)
    time = sketch.light
    if sketch.season and not scenery - {"clouds", "sky", "snow", "rain", "stars", "rainbow"}:
        scenery.add("hills")
    if "storm" in scenery and not scenery & _HORIZON.keys():
        scenery.add("sea")
    if time in ("sunset", "dawn") and not scenery - {"clouds", "sky"} and sketch.ground is None:
        scenery.add("sea" if time == "sunset" else "hills")
    stage = replace(_stage(canvas, scenery, time, rng), season=sketch.season, without=sketch.without)
    if "underwater" in scenery:
        _underwater(stage)
        return replace(stage, horizon=canvas.height * 0.12)
    if "space" in scenery:
        _space(stage, planet=not sketch.items and "planet" not in sketch.without)
        return replace(stage, horizon=canvas.height * 0.9)
    _sky(stage, time, scenery)
    _land(stage, scenery)
    if "storm" in scenery:
        paint_storm(canvas, rng)
    elif "rain" in scenery:
        paint_rain(canvas, rng, mix(WHITE, stage.light.haze, 0.4))
    if "snow" in scenery and "snow" not in stage.without:
        _snowfall(stage)
    return stage


def _stage(canvas: Canvas, scenery: set[str], time: str, rng: Random) -> Stage:
    share = min((_HORIZON[part] for part in scenery if part in _HORIZON), default=0.8)
    if "sea" in scenery and scenery & {"mountains", "city"}:
        share = 0.62
    horizon = canvas.height * share
    height = {"sunset": 0.84, "dawn": 0.72, "night": 0.3}.get(time, 0.32)
    if time == "sunset" and scenery & {"mountains", "city", "forest"}:
        height = 0.55
    across = 0.5 if time == "sunset" and "sea" in scenery else rng.choice((0.26, 0.34, 0.68, 0.76))
    return Stage(canvas, LIGHTS[time], rng, horizon, (canvas.width * across, horizon * height))


def _sky(stage: Stage, time: str, scenery: set[str]) -> None:
    canvas, light = stage.canvas, stage.light
    canvas.ground(light.sky[-1])
    canvas.fill((box(0, 0, canvas.width, stage.horizon + 1),), Gradient(light.sky))
    x, y = stage.sun
    unit = canvas.unit
    if time == "night":
        _stars(stage.showing("star"), round(170 * canvas.width / canvas.height))
        if "moon" not in stage.without:
            THINGS["moon"].draw(canvas.pen(x, y, unit * 0.075), THINGS["moon"].colour)
    elif time not in ("grey", "storm") and "sun" not in stage.without:
        low = time in ("sunset", "dawn")
        canvas.glow(x, y, unit * (0.62 if low else 0.4), light.sun, opacity=0.75)
        canvas.fill((oval(x, y, unit * (0.1 if low else 0.065)),), lighter(light.sun, 0.25 if low else 0.5))
    if "rainbow" in scenery:
        _rainbow(stage)
    stage = stage.showing("cloud")
    if "storm" in scenery:
        _clouds(stage, 9)
    elif "clouds" in scenery or scenery & {"sky", "rain", "rainbow"}:
        _clouds(stage, 4 if "rainbow" in scenery else 6)
    elif time in ("sunset", "dawn"):
        _streaks(stage)
    elif time == "day":
        _clouds(stage, 3)


def _stars(stage: Stage, count: int, *, everywhere: bool = False) -> None:
    canvas = stage.canvas
    foot = canvas.height if everywhere else stage.horizon
    for _ in range(count):
        x, y = stage.rng.uniform(0, canvas.width), stage.rng.uniform(0, foot)
        size = canvas.unit * 0.0012 * (0.8 + 3 * stage.rng.random() ** 4)
        tint = mix(WHITE, stage.rng.choice(((255, 220, 180), (180, 205, 255))), stage.rng.random() * 0.6)
        canvas.fill((oval(x, y, max(0.7, size)),), tint, opacity=stage.rng.uniform(0.45, 1))
        if size > canvas.unit * 0.0038:
            canvas.glow(x, y, size * 5, tint, opacity=0.45)


def _clouds(stage: Stage, count: int) -> None:
    canvas, light = stage.canvas, stage.light
    colour = mix(lighter(light.sky[1], 0.75), light.haze, light.strength)
    for index in range(count):
        x = (index + stage.rng.uniform(0.2, 0.8)) / count * canvas.width
        y = stage.horizon * stage.rng.uniform(0.1, 0.5)
        pen = canvas.pen(x, y, canvas.unit * stage.rng.uniform(0.06, 0.13))
        if math.hypot(x - stage.sun[0], y - stage.sun[1]) < canvas.unit * 0.2:
            continue
        pen.fill(outline("cloud"), colour, opacity=0.96)


def _streaks(stage: Stage) -> None:
    canvas, light = stage.canvas, stage.light
    for _ in range(9):
        x, y = stage.rng.uniform(0, canvas.width), stage.horizon * stage.rng.uniform(0.25, 0.75)
        half = canvas.unit * stage.rng.uniform(0.1, 0.34)
        colour = mix(light.sky[1], light.sun, stage.rng.uniform(0.1, 0.5))
        canvas.fill((oval(x, y, half, half * 0.05),), colour, opacity=0.4)


def _rainbow(stage: Stage) -> None:
    canvas = stage.canvas
    bands = ((226, 84, 84), (242, 150, 72), (248, 214, 92), (110, 190, 110), (84, 150, 220), (140, 106, 196))
    radius, x, y = canvas.unit * 0.46, canvas.width / 2, stage.horizon
    thick = radius * 0.045
    for index, colour in enumerate(bands):
        outer = radius - index * thick
        hole = loop(arc(x, y, outer - thick, outer - thick, 175, 365), hole=True)
        canvas.fill((loop(arc(x, y, outer, outer, 175, 365)), hole), colour, opacity=0.7)


def _land(stage: Stage, scenery: set[str]) -> None:
    snowy = "snow" in scenery and "snow" not in stage.without
    if "mountains" in scenery:
        terrain.mountains(stage, snowy=snowy)
        if not scenery & set(_HORIZON) - {"mountains"}:
            terrain.foothills(stage, snowy=snowy)
    if "city" in scenery:
        terrain.city(stage)
    if "desert" in scenery:
        terrain.desert(stage)
    if "forest" in scenery:
        terrain.forest(stage, snowy=snowy)
    elif "hills" in scenery or (snowy and not scenery & {"mountains", "city", "desert"}):
        terrain.hills(stage, snowy=snowy)
        if not snowy:
            terrain.meadow_flowers(stage.showing("flower"))
    if "beach" in scenery:
        terrain.beach(stage)
    elif "sea" in scenery:
        terrain.sea(stage)


def paint_rain(canvas: Canvas, rng: Random, colour: Colour, *, drops: int = 150) -> None:
    """Let it rain over the whole canvas."""
    streaks: list[Loop] = []
    for _ in range(drops):
        x, y = rng.uniform(0, canvas.width * 1.1), rng.uniform(0, canvas.height)
        long = canvas.unit * rng.uniform(0.02, 0.05)
        streaks += stroke([(x, y), (x - long * 0.28, y + long)], canvas.unit * 0.0022)
    canvas.fill(streaks, colour, opacity=0.5)


def paint_storm(canvas: Canvas, rng: Random) -> None:
    """Let it rain hard, with a flash of lightning in the sky."""
    x, y, tall = canvas.width * rng.choice((0.22, 0.78)), canvas.height * 0.24, canvas.unit * 0.22
    canvas.glow(x, y, tall * 1.5, (236, 240, 255), opacity=0.5)
    canvas.pen(x, y, tall, turn=8).fill(outline("bolt"), (255, 246, 190))
    paint_rain(canvas, rng, (214, 222, 232), drops=260)


def _snowfall(stage: Stage) -> None:
    canvas, rng = stage.canvas, stage.rng
    flakes = [
        oval(
            rng.uniform(0, canvas.width),
            rng.uniform(0, canvas.height),
            canvas.unit * rng.uniform(0.002, 0.007),
        )
        for _ in range(150)
    ]
    canvas.fill(flakes, WHITE, opacity=0.9)


def _space(stage: Stage, *, planet: bool) -> None:
    canvas, rng = stage.canvas, stage.rng
    canvas.ground(Gradient(((8, 8, 28), (22, 16, 58), (12, 14, 40)), 45))
    for colour in ((150, 60, 170), (40, 110, 190), (210, 80, 120), (70, 60, 190)):
        for _ in range(3):
            x, y = rng.gauss(0.5, 0.24) * canvas.width, rng.gauss(0.5, 0.2) * canvas.height
            canvas.glow(x, y, canvas.unit * rng.uniform(0.25, 0.5), colour, opacity=0.32)
    _stars(stage, round(260 * max(canvas.width, canvas.height) / canvas.unit), everywhere=True)
    if planet:
        pen = canvas.pen(canvas.width * 0.24, canvas.height * 0.26, canvas.unit * 0.13)
        THINGS["planet"].draw(pen, THINGS["planet"].colour)


def _underwater(stage: Stage) -> None:
    canvas, rng = stage.canvas, stage.rng
    canvas.ground(Gradient(((120, 214, 222), (34, 138, 180), (12, 66, 116))))
    for index in range(5):
        x = canvas.width * (0.1 + 0.2 * index)
        surface = [(x, 0), (x + canvas.unit * 0.06, 0)]
        ground = [(x + canvas.unit * 0.2, canvas.height), (x - canvas.unit * 0.1, canvas.height)]
        canvas.fill((loop(surface + ground),), WHITE, opacity=0.06)
    for _ in range(26):
        x, y = rng.uniform(0, canvas.width), rng.uniform(0, canvas.height * 0.9)
        canvas.fill((oval(x, y, canvas.unit * rng.uniform(0.004, 0.014)),), WHITE, opacity=0.35)
    canvas.fill_below(terrain.swell(stage, canvas.height * 0.9, canvas.unit * 0.02), (206, 186, 140))
    for index in range(11):
        _weed(stage, canvas.width * (index + rng.uniform(0.1, 0.9)) / 11, index)


def _weed(stage: Stage, x: float, index: int) -> None:
    canvas = stage.canvas
    tall = canvas.unit * stage.rng.uniform(0.08, 0.24)
    colour = ((46, 130, 104), (226, 110, 110), (80, 160, 110), (232, 160, 90))[index % 4]
    line = [
        (x + canvas.unit * 0.014 * math.sin(t * 7 + index), canvas.height * 0.95 - tall * t)
        for t in (i / 24 for i in range(25))
    ]
    canvas.fill(stroke(line, canvas.unit * 0.016), colour)
