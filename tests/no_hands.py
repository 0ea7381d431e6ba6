"""Pictures that show no hand: empty films, noise, a page, a landscape, a chest. All float32 HxW in [0, 1]."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]
_HEIGHT, _WIDTH = 512, 400


def _as_film(levels: NDArray[np.uint8]) -> Picture:
    return levels.astype(np.float32) / np.float32(255)


def black() -> Picture:
    """An unexposed film."""
    return np.zeros((_HEIGHT, _WIDTH), np.float32)


def noise() -> Picture:
    """White noise."""
    return np.random.default_rng(0).random((_HEIGHT, _WIDTH), dtype=np.float32)


def gradient() -> Picture:
    """A ramp from corner to corner."""
    y, x = np.mgrid[0:_HEIGHT, 0:_WIDTH]
    return ((y / _HEIGHT + x / _WIDTH) / 2).astype(np.float32)


def page() -> Picture:
    """Lines of text on white."""
    sheet = np.full((_HEIGHT, _WIDTH), 250, np.uint8)
    for number, y in enumerate(range(30, _HEIGHT - 20, 18)):
        line = "Radiology report: no fracture seen, ossification as expected."[number % 7 :]
        cv2.putText(sheet, line, (18, y), cv2.FONT_HERSHEY_SIMPLEX, 0.36, 15, 1, cv2.LINE_AA)
    return _as_film(sheet)


def landscape() -> Picture:
    """What a holiday photograph looks like: sky, sun, hills, a house, a tree and its leaves."""
    random = np.random.default_rng(1)
    scene = np.tile(np.linspace(150, 220, _HEIGHT)[:, None], (1, _WIDTH)).astype(np.uint8)
    cv2.circle(scene, (310, 90), 34, 252, -1)
    for base, height, tone in ((300, 60.0, 120), (340, 40.0, 95), (390, 25.0, 70)):
        x = np.arange(_WIDTH)
        ridge = base - height * np.sin(x / 70.0 + base) - 8 * np.sin(x / 13.0)
        cv2.fillPoly(
            scene, [np.array([(0, _HEIGHT), *zip(x, ridge.astype(int), strict=True), (_WIDTH, _HEIGHT)])], tone
        )
    cv2.rectangle(scene, (60, 330), (170, 430), 175, -1)
    cv2.fillPoly(scene, [np.array([(50, 330), (115, 270), (180, 330)])], 60)
    cv2.rectangle(scene, (100, 380), (130, 430), 40, -1)
    cv2.rectangle(scene, (280, 320), (300, 450), 50, -1)
    for _ in range(300):
        x, y = random.normal((290, 280), (38, 30))
        cv2.circle(scene, (round(x), round(y)), 6, int(random.integers(40, 120)), -1)
    grainy = cv2.GaussianBlur(scene, (0, 0), 1.2) + random.normal(0, 4, scene.shape)
    return _as_film(np.clip(grainy, 0, 255).astype(np.uint8))


def chest() -> Picture:
    """A chest phantom: trunk, two dark lungs, ribs, spine, collar bones, heart."""
    height, width = 512, 512
    film = np.full((height, width), 25, np.uint8)
    cv2.ellipse(film, (256, 300), (225, 290), 0, 0, 360, 135, -1)
    for x in (160, 352):
        cv2.ellipse(film, (x, 285), (78, 170), 0, 0, 360, 55, -1)
    cv2.rectangle(film, (236, 20), (276, 512), 205, -1)
    for y in range(40, 512, 30):
        cv2.line(film, (236, y), (276, y), 150, 3)
    for number, y in enumerate(range(120, 440, 34)):
        for x in (160, 352):
            cv2.ellipse(film, (x, y), (88, 40 + 2 * number), 0, 190, 350, 120, 9)
    cv2.ellipse(film, (290, 360), (80, 95), 30, 0, 360, 180, -1)
    cv2.line(film, (240, 95), (90, 60), 190, 14)
    cv2.line(film, (272, 95), (422, 60), 190, 14)
    return _as_film(np.asarray(cv2.GaussianBlur(film, (0, 0), 2.5), np.uint8))


NO_HANDS: dict[str, Callable[[], Picture]] = {
    "black": black, "noise": noise, "gradient": gradient, "page": page, "landscape": landscape, "chest": chest,
}  # fmt: skip
