"""Files of marks that people made on films, for tests."""

from pathlib import Path

import pandas as pd


def box_rows(film: str, annotator: str, mirrored: bool = False, shift: float = 0.0) -> list[tuple[object, ...]]:
    """17 boxes of 6 x 8 pixels, of a hand whose finger f lies at x = 100 - 10 f, numbered from right to left."""
    rows: list[tuple[object, ...]] = []
    for region, y, fingers in (("DIP", 10, (2, 3, 4, 5)), ("PIP", 30, (1, 2, 3, 4, 5)), ("MCP", 50, (1, 2, 3, 4, 5))):
        for finger in fingers:
            x = 10 * finger if mirrored else 100 - 10 * finger
            order = sum((fingers[0], fingers[-1])) - finger if mirrored else finger
            rows.append((film, annotator, region, order, x - 3 + shift, y - 4, x + 3 + shift, y + 4))
    for region, x in (("Radius", 80), ("Ulna", 60), ("Wrist", 70)):
        x = 100 - x if mirrored else x
        rows.append((film, annotator, region, None, x - 3 + shift, 86, x + 3 + shift, 94))
    return rows


def write_boxes17(folder: Path, rows: list[tuple[object, ...]]) -> None:
    """boxes_ossification17.csv in the folder."""
    columns = ["id", "annotator", "region", "finger_by_x_order", "xmin", "ymin", "xmax", "ymax"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "boxes_ossification17.csv", index=False)


def write_keypoints(folder: Path, film: str, places: dict[str, tuple[float, float]], hidden: str = "") -> None:
    """keypoints21.csv of one film in the folder. hidden: the point that cannot be seen."""
    rows = [(film, "left", name, x, y, 1 if name == hidden else 2, 0, 0, 50, 200) for name, (x, y) in places.items()]
    columns = ["id", "side", "keypoint", "x", "y", "v", "hand_x", "hand_y", "hand_w", "hand_h"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "keypoints21.csv", index=False)
