"""Tables of the phrases that a prompt may hold, by what they mean. A new word is an entry here."""

from __future__ import annotations

from typing import Literal

Kind = Literal[
    "absent", "and", "angle", "break", "colour", "count", "ground", "lacking", "not", "noun", "on", "other",
    "pattern", "place", "relation", "scenery", "season", "shade", "size", "skip", "style", "time",
]  # fmt: skip

NOUNS = {
    "circle": "circle, dot, disc, disk, ball, sphere, round, orb, point, bubble, spot",
    "square": "square, box, cube, tile",
    "rectangle": "rectangle, bar, block, brick",
    "triangle": "triangle, pyramid",
    "star": "star",
    "heart": "heart",
    "diamond": "diamond, rhombus, lozenge, gem",
    "pentagon": "pentagon",
    "hexagon": "hexagon",
    "octagon": "octagon",
    "oval": "oval, ellipse",
    "egg": "egg",
    "semicircle": "semicircle, half circle, dome",
    "ring": "ring, donut, doughnut, torus, hoop",
    "cross": "cross, plus, plus sign",
    "saltire": "letter x, x mark",
    "arrow": "arrow",
    "line": "line, stripe",
    "crescent": "crescent, crescent moon, half moon, moon crescent",
    "cloud": "cloud",
    "drop": "drop, droplet, raindrop, teardrop",
    "bolt": "bolt, lightning bolt, lightning, thunderbolt",
    "spiral": "spiral, swirl",
    "leaf": "leaf",
    "smiley": "smiley, smiley face, smiling face, happy face, emoji",
    "cat": "cat, kitten, kitty, cat face",
    "dog": "dog, puppy, corgi, dog face, labrador, retriever",
    "bird": "bird, parrot, sparrow, robin, seagull, canary, pigeon",
    "duck": "duck, duckling, rubber duck",
    "fish": "fish, goldfish",
    "butterfly": "butterfly",
    "tree": "tree, oak",
    "pine": "pine, fir, christmas tree, pine tree, fir tree",
    "palm": "palm, palm tree",
    "flower": "flower, daisy, blossom, sunflower, tulip",
    "mushroom": "mushroom, toadstool",
    "apple": "apple",
    "banana": "banana, nano banana",
    "lemon": "lemon",
    "pear": "pear",
    "cherry": "cherry",
    "sun": "sun",
    "moon": "moon, full moon",
    "planet": "planet, saturn",
    "house": "house, home, cottage, cabin, hut",
    "boat": "boat, sailboat, ship, sailing boat, yacht",
    "balloon": "balloon, red balloon",
    "hot air balloon": "hot air balloon",
    "lighthouse": "lighthouse, lighthouse on a rock, lighthouse on a cliff",
    "kite": "kite",
    "car": "car, automobile, taxi",
    "rocket": "rocket, spaceship, rocket ship",
    "robot": "robot, android",
    "cup": "cup, mug, coffee, cup of coffee, cup of tea, coffee cup, teacup, tea",
    "umbrella": "umbrella, parasol",
    "snowman": "snowman",
    "person": "person, portrait, woman, man, girl, boy, child, face, "
    "teacher, scientist, student, lady, kid, baby, mother, "
    "father, grandmother, grandfather",
    "snowflake": "snowflake",
    "gift": "gift, present",
}
IRREGULAR = {"leaves": "leaf", "boxes": "square", "fishes": "fish", "butterflies": "butterfly",
              "puppies": "dog", "kitties": "cat", "babies": "person", "people": "person", "women": "person",
              "men": "person", "children": "person", "crosses": "cross", "snowmen": "snowman",
              "rhombuses": "diamond", "torches": "bolt", "boxen": "square", "daisies": "flower"}  # fmt: skip
COUNTS = {
    1: "a, an, one, single",
    2: "two, pair, couple, a pair of, a couple of, both",
    3: "three, few, a few, some",
    4: "four", 5: "five, several", 6: "six, half a dozen", 7: "seven", 8: "eight", 9: "nine", 10: "ten",
    11: "eleven", 12: "twelve, dozen, a dozen, many, lots of", 15: "fifteen", 16: "sixteen",
    20: "twenty", 24: "two dozen", 30: "thirty", 40: "forty", 50: "fifty",
}  # fmt: skip
SIZES = {
    0.3: "tiny, minuscule",
    0.58: "small, little, mini, miniature",
    1.35: "large, big",
    1.7: "huge, giant, enormous, gigantic, massive",
}
PLACES = {
    (None, -1): "top, upper, at the top",
    (None, 1): "bottom, lower, at the bottom",
    (-1, None): "left, on the left, to the left, left hand",
    (1, None): "right, on the right, to the right, right hand",
    (0, 0): "center, centre, middle, centered, centred, in the middle, in the middle of, in the center of, "
    "in the centre of",
}
RELATIONS = {
    "inside": "inside, inside of, within, in",
    "outside": "around, surrounding, containing, enclosing, surrounded by",
    "above": "above, over, on top of, atop",
    "below": "below, under, beneath, underneath",
    "left": "left of, to the left of, on the left of",
    "right": "right of, to the right of, on the right of",
    "beside": "next to, beside, near, alongside, by",
    "behind": "in front of",
    "before": "behind",
}
SCENERY = {
    "sea": "sea, ocean, water, waves, seascape, lake, river, harbour, harbor, bay, fjord",
    "mountains": "mountain, mountains, peak, peaks, alps, alpine, volcano, cliff, cliffs",
    "hills": "hill, hills, meadow, field, fields, grass, countryside, valley, farm, garden, park, landscape",
    "forest": "forest, woods, woodland, jungle, pines, trees in the distance",
    "city": "city, skyline, cityscape, skyscrapers, skyscraper, town, buildings, street, downtown, tokyo, "
    "new york, london, paris, berlin, metropolis",
    "desert": "desert, dune, dunes, sahara",
    "beach": "beach, shore, coast, seaside, tropical island",
    "space": "space, galaxy, outer space, cosmos, nebula, universe, milky way",
    "underwater": "underwater, under water, coral reef, reef, aquarium, under the sea",
    "clouds": "cloudy, clouds in the sky",
    "sky": "sky, blue sky",
    "snow": "snow, snowy, winter, snow covered, snow capped, blizzard",
    "rain": "rain, rainy, raining",
    "storm": "storm, stormy, thunderstorm, tempest",
    "rainbow": "rainbow",
}
# a time of day, and the scenery that comes with it
TIMES = {
    ("sunset", None): "sunset, dusk, evening, golden hour, twilight",
    ("dawn", None): "dawn, sunrise, morning, daybreak, misty, mist, fog, foggy",
    ("night", None): "night, midnight, moonlit, moonlight, nighttime, at night",
    ("day", None): "day, daytime, noon, sunny",
    ("night", "stars"): "starry, starry sky, night sky, stars in the sky",
}
PATTERNS = {
    "checkerboard": "checkerboard, chessboard, chequered, checkered, checkerboard pattern",
    "stripes": "striped, stripes, stripe pattern",
    "dots": "polka dots, polka dot, polka dotted, dotted",
    "gradient": "gradient, ombre, colour gradient, color gradient, fade",
}
SEASONS = {
    "spring": "in spring, in the spring, springtime, spring day, spring landscape, spring meadow",
    "summer": "in summer, in the summer, summer, summertime",
    "autumn": "autumn, autumnal, in autumn, in fall, in the fall, fall foliage, fall landscape, fall day, "
    "fall colors, fall colours",
}
# what is done to a picture once it is painted
STYLES = {
    "grey": "black and white, monochrome, grayscale, greyscale, grey scale, gray scale, in grayscale",
    "sepia": "sepia, sepia toned, sepia tone",
    "pixels": "pixel art, pixelated, pixelart, 8bit, 8 bit, pixel style",
    "poster": "pop art",
    "pencil": "pencil drawing, pencil sketch, sketch, line art, line drawing, pencil",
}
# what a word says is not there
LACKING = {"cloud": "cloudless", "star": "starless", "moon": "moonless", "sun": "sunless"}
ANGLES = {90: "horizontal, left to right", 0: "vertical, top to bottom", 45: "diagonal"}
SKIPPED = (
    "square format, square image, square picture, square aspect, cross section, "
    "heart of, point of view, sun like, gift shop, starting point, point out, data point, "
    "data points"
)
NEGATIONS = (
    "no, without, not, neither, isn t, aren t, minus, excluding, except, free of, devoid of, don t, do not, "
    "avoid, zero, nor"
)
GRAMMAR: tuple[tuple[Kind, str], ...] = (
    ("not", NEGATIONS),
    ("absent", "free"),
    ("and", "and, plus a, with, also, as well as"),
    ("on", "on, against, upon, over a background of, on a background of"),
    ("ground", "background, backdrop, canvas, background colour, background color"),
    ("skip", "the, of, is, are, in the, corner, side, edge, coloured, colored, color, colour, to, from, "
     "solid, flat, plain, simple, filled, it, its, that, which, as, at, image, picture, photo, there"),
)  # fmt: skip

# what joins words
_JOINING = """
    a ain all almost along also am an any anything anywhere appears are aren as at away be because been
    being both but by can d did do does doesn don each either else every everything for from had has
    have having he her here hers him his how i if in into isn it its just kind ll lot lots m maybe me
    more most much my near need of off on onto or other our out over own part per perhaps piece plus
    quite rather re s same say says see seen several she should so some somebody someone something
    somewhere sort standing stands such sitting sits sit stand placed located lying set t than that the
    their them then there these they thing things this those though through thus to too toward towards
    type up upon us ve very via was we were what when where which while who whose why will with would
    yet you your only really simply like get got go goes let lets please whatever inside
"""
# what asks for a picture
_ASKING = """
    picture pictures pic image images img photo photos photograph photographs photography drawing
    drawings painting paintings illustration illustrations artwork art graphic graphics scene scenery
    view shot render rendering rendered depiction depicting depicts featuring features feature showing
    shows show showcasing generate generated generates create created creates creating make makes made
    making draw draws drawn paint paints painted produce design designed give want wanted wants wish
    could imagine imagined return output input visualize visualise prompt help hi hello hey thanks thank
    thx ok okay pls plz kindly look looks looking background foreground format style styled subject
    place mood light lighting setting theme object objects composition colour color colours colors
    coloured colored full whole entire
"""
# what the painter's pictures are anyway, and praise
_ANYWAY = """
    simple minimal minimalist minimalistic minimalism flat vector clean clear plain basic geometric
    clipart clip icon stylized stylised digital cartoon cartoonish graphic bold smooth calm quiet
    peaceful serene tranquil still beautiful empty nobody nice lovely cute pretty great amazing stunning
    good perfect wonderful gorgeous awesome cool best fine interesting fancy sweet little adorable new
    typical normal regular average standard medium sized mid abstract pattern patterns shape shapes random
    square number numbers visible distant faraway bit
"""
FILLERS = frozenset((_JOINING + _ASKING + _ANYWAY).split())
"""Words that are never named as left out: they join others, ask for a picture, or say what it is anyway."""

_ABSENT_WORDS = """
    text texts word words letter letters lettering writing caption captions watermark watermarks logo
    logos signature signatures human humans anyone anybody nobody shadow shadows blur noise border
    borders frame frames animal animals vehicle vehicles distortion artifacts artefacts clutter anything
    else other others extra more gradients effects realism photo photos
"""
SURELY_ABSENT = frozenset(_ABSENT_WORDS.split())
"""What no picture of the painter has: "without text" is done, whatever else is asked."""
