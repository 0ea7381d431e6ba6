"""A monotone cubic through the rows of a table (PCHIP), in NumPy alone: SciPy's, with all that it imports, costs every running
app 29 MiB and a tenth of a second at its start. A test compares the two."""

import numpy as np
from numpy.typing import NDArray


class MonotoneCubic:
    """Fritsch and Butland, SIAM J. Sci. Stat. Comput. 5 (1984) 300: through every row, and never falling between two."""

    def __init__(self, x: NDArray[np.float64], y: NDArray[np.float64]):
        """x, y: at least three rows, both strictly increasing."""
        widths, rises = np.diff(x), np.diff(y)
        if len(x) < 3 or len(x) != len(y) or widths.min() <= 0 or rises.min() <= 0:
            raise ValueError("A monotone cubic takes at least three rows, whose x and y both rise.")
        slopes = rises / widths
        left, right = 2 * widths[1:] + widths[:-1], widths[1:] + 2 * widths[:-1]
        inner = (left + right) / (left / slopes[:-1] + right / slopes[1:])  # a weighted harmonic mean
        ends = [_end(*widths[:2], *slopes[:2]), _end(*widths[:-3:-1], *slopes[:-3:-1])]
        self._x, self._y, self._widths, self._slopes = x, y, widths, slopes
        self._derivatives = np.concatenate([ends[:1], inner, ends[1:]])

    def __call__(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """y at x, of any shape, from the first row to the last."""
        row = np.clip(np.searchsorted(self._x, x, side="right") - 1, 0, len(self._widths) - 1)
        width, slope = self._widths[row], self._slopes[row]
        here, there = self._derivatives[row], self._derivatives[row + 1]
        step = x - self._x[row]
        bend = (here + there - 2 * slope) / width
        return np.asarray(self._y[row] + step * (here + step * ((slope - here) / width - bend * (1 - step / width))))


def _end(width: float, next_width: float, slope: float, next_slope: float) -> float:
    """The derivative at an end: that of the parabola through the three rows there, if it rises."""
    return max(0.0, ((2 * width + next_width) * slope - width * next_slope) / (width + next_width))
