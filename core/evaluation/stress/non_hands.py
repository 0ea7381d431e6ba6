"""Pictures that show no hand, drawn at random: what people upload by mistake, to try refusals on.

Every function takes a random generator and returns a picture, HxW float32 in [0, 1].
"""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]

_HEIGHT, _WIDTH = 640, 512


def _as_film(levels: NDArray[np.uint8], random: np.random.Generator) -> Picture:
    """Levels 0..255 as an X-ray film of its own softness, grain, exposure and, one time in five, inverted greys."""
    soft = cv2.GaussianBlur(levels.astype(np.float32) / 255, (0, 0), random.uniform(0.8, 3.0))
    grain = random.normal(0, random.uniform(0.004, 0.02), soft.shape)
    film = np.clip(soft + grain, 0, 1) ** random.uniform(0.6, 1.6)
    return np.asarray(1 - film if random.random() < 0.2 else film, np.float32)


def _tone(random: np.random.Generator, middle: int) -> int:
    return int(np.clip(middle + random.normal(0, 12), 0, 255))


def empty_film(random: np.random.Generator) -> Picture:
    """A film with nothing on it but grain, a gradient and sometimes a collimator's edge."""
    y, x = np.mgrid[0:_HEIGHT, 0:_WIDTH]
    slope = random.normal(0, 0.15, 2)
    film = random.uniform(0.1, 0.9) + slope[0] * y / _HEIGHT + slope[1] * x / _WIDTH
    film = film + random.normal(0, 0.01, film.shape)
    if random.random() < 0.5:
        edge = int(random.integers(20, 120))
        film[:edge], film[:, :edge] = 0.02, 0.02
    return np.asarray(np.clip(film, 0, 1), np.float32)


def noise(random: np.random.Generator) -> Picture:
    """Noise of any coarseness."""
    side = int(random.integers(4, 400))
    coarse = random.random((side, side)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_LINEAR), np.float32)


def page(random: np.random.Generator) -> Picture:
    """A page of writing, dark on bright or the other way round."""
    sheet = np.full((_HEIGHT, _WIDTH), _tone(random, 240), np.uint8)
    step, scale = int(random.integers(14, 34)), random.uniform(0.3, 0.9)
    for y in range(30, _HEIGHT - 10, step):
        line = "".join(chr(c) for c in random.choice([*range(97, 123), 32, 32, 32], int(random.integers(10, 70))))
        cv2.putText(sheet, line, (20, y), cv2.FONT_HERSHEY_SIMPLEX, scale, _tone(random, 20), 1, cv2.LINE_AA)
    return np.asarray((255 - sheet if random.random() < 0.3 else sheet) / np.float32(255), np.float32)


def photo(random: np.random.Generator) -> Picture:
    """What a photograph looks like: a bright sky, ridges, a house and leaves."""
    top, bottom = sorted(random.uniform(90, 250, 2))
    scene = np.tile(np.linspace(bottom, top, _HEIGHT)[:, None], (1, _WIDTH)).astype(np.uint8)
    cv2.circle(scene, tuple(int(v) for v in random.integers(40, 400, 2)), int(random.integers(15, 60)), 252, -1)
    x = np.arange(_WIDTH)
    for base in sorted(random.uniform(250, 560, int(random.integers(1, 5)))):
        ridge = base - random.uniform(10, 70) * np.sin(x / random.uniform(30, 120) + base) - 6 * np.sin(x / 11)
        outline = np.array([(0, _HEIGHT), *zip(x, ridge.astype(int), strict=True), (_WIDTH, _HEIGHT)])
        cv2.fillPoly(scene, [outline], int(random.integers(40, 160)))
    for _ in range(int(random.integers(0, 4))):
        left, up, wide, high = (int(v) for v in random.integers((20, 200, 30, 40), (400, 500, 140, 200)))
        cv2.rectangle(scene, (left, up), (left + wide, up + high), int(random.integers(30, 220)), -1)
        cv2.rectangle(scene, (left + wide // 3, up + high // 2), (left + wide // 2, up + high), 40, -1)
    centre = random.uniform(100, 420, 2)
    for _ in range(int(random.integers(0, 500))):
        leaf = random.normal(centre, (45, 35))
        cv2.circle(scene, (round(leaf[0]), round(leaf[1])), 6, int(random.integers(40, 140)), -1)
    return np.asarray(scene / np.float32(255), np.float32)


def chest(random: np.random.Generator) -> Picture:
    """A chest phantom: trunk, lungs, ribs, spine, collar bones, heart."""
    film = np.full((_HEIGHT, _WIDTH), _tone(random, 25), np.uint8)
    centre = int(random.normal(256, 12))
    lung = int(random.normal(96, 8))
    cv2.ellipse(film, (centre, 340), (235, 350), 0, 0, 360, _tone(random, 135), -1)
    for x in (centre - lung, centre + lung):
        cv2.ellipse(film, (x, 330), (int(random.normal(80, 6)), int(random.normal(200, 15))), 0, 0, 360, 55, -1)
    cv2.rectangle(film, (centre - 20, 20), (centre + 20, _HEIGHT), _tone(random, 205), -1)
    for y in range(40, _HEIGHT, 34):
        cv2.line(film, (centre - 20, y), (centre + 20, y), 150, 3)
    for number, y in enumerate(range(130, 520, 38)):
        for x in (centre - lung, centre + lung):
            cv2.ellipse(film, (x, y), (90, 44 + 2 * number), 0, 190, 350, _tone(random, 120), 9)
    cv2.ellipse(film, (centre + 34, 430), (int(random.normal(84, 8)), 100), 30, 0, 360, _tone(random, 180), -1)
    for side in (-1, 1):
        cv2.line(film, (centre + 16 * side, 105), (centre + 170 * side, 70), 190, 14)
    return _as_film(film, random)


def leg(random: np.random.Generator) -> Picture:
    """A leg phantom: two shafts in soft tissue, a knee at one end or in the middle."""
    film = np.full((_HEIGHT, _WIDTH), _tone(random, 20), np.uint8)
    middle = int(random.normal(256, 20))
    cv2.rectangle(film, (middle - 120, 0), (middle + 120, _HEIGHT), _tone(random, 85), -1)
    knee = int(random.integers(120, 520))
    thigh = int(random.normal(34, 4))
    cv2.rectangle(film, (middle - thigh, 0), (middle + thigh, knee - 40), _tone(random, 190), -1)
    cv2.ellipse(film, (middle, knee - 40), (82, 50), 0, 0, 360, _tone(random, 200), -1)
    cv2.ellipse(film, (middle, knee + 36), (84, 34), 0, 0, 360, _tone(random, 200), -1)
    cv2.rectangle(film, (middle - 46, knee + 40), (middle + 16, _HEIGHT), _tone(random, 185), -1)
    cv2.rectangle(film, (middle + 52, knee + 60), (middle + 76, _HEIGHT), _tone(random, 165), -1)
    return _as_film(np.asarray(np.rot90(film, int(random.integers(4)))), random)


def skull(random: np.random.Generator) -> Picture:
    """A skull phantom from the side: vault, orbit, jaw and teeth."""
    film = np.full((_HEIGHT, _WIDTH), _tone(random, 15), np.uint8)
    cv2.ellipse(film, (256, 250), (200, 180), 0, 0, 360, _tone(random, 190), -1)
    cv2.ellipse(film, (256, 250), (184, 164), 0, 0, 360, _tone(random, 110), -1)
    cv2.ellipse(film, (130, 330), (44, 38), 0, 0, 360, 60, -1)
    cv2.ellipse(film, (180, 460), (120, 60), 15, 0, 180, _tone(random, 180), 34)
    for x in range(90, 220, 18):
        cv2.rectangle(film, (x, 420), (x + 13, 455), _tone(random, 220), -1)
    return _as_film(film, random)


NON_HANDS: Final[dict[str, Callable[[np.random.Generator], Picture]]] = {
    "chest": chest, "leg": leg, "skull": skull, "text": page, "noise": noise, "photo": photo, "empty film": empty_film,
}  # fmt: skip
