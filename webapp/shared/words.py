"""How numbers are put in words on the page and in the report, so that both say the same."""

from collections.abc import Mapping
from typing import Final

from core.bones import Sex

DISCLAIMER: Final = "Research use only; not a medical device."

SEX_WORDS: Final[Mapping[Sex, str]] = {"F": "Female", "M": "Male"}

SIDE_WORDS: Final = {"L": "left hand", "R": "right hand"}

WEIGHT_TITLES: Final = {
    "localizer": "Localiser",
    "grader": "Grader",
    "whole_hand": "Whole hand",
    "whole_hand_2": "Whole hand 2",
    "whole_hand_3": "Whole hand 3",
}

#: What stands in a cell that has no value.
NO_VALUE: Final = "\N{EN DASH}"

_MONTHS_A_YEAR: Final = 12
_SECONDS_A_MINUTE: Final = 60


def years(months: float) -> float:
    """Months as years."""
    return months / _MONTHS_A_YEAR


def months(years: float) -> float:
    """Years as months."""
    return years * _MONTHS_A_YEAR


def years_and_months(months: float) -> str:
    """An age as it is said: "8 years 7 months"."""
    whole_years, rest = divmod(round(months), _MONTHS_A_YEAR)
    return f"{counted(whole_years, 'year')} {counted(rest, 'month')}"


def year_range(low: float, high: float) -> str:
    """An interval of years with a dash between its ends."""
    return f"{low:.1f} \N{EN DASH} {high:.1f}"


def probability(share: float) -> str:
    """A network's probability: never 0 % or 100 %, not even where it is so near that the computer rounds it to that."""
    return percent(min(max(share, 1e-9), 1.0 - 1e-9))


def percent(share: float) -> str:
    """A share without false precision: never 0 % or 100 % unless it is exactly that."""
    if 0.99 < share < 1.0:
        return "> 99 %"
    if 0.0 < share < 0.01:
        return "< 1 %"
    return f"{share * 100:.0f} %"


def short_hash(digest: str) -> str:
    """The first eight characters of a SHA-256, enough to tell two files apart by eye."""
    return digest[:8]


def weights_line(weights: Mapping[str, str]) -> str:
    """Which weights made a picture: "Localiser 1a2b3c4d · Grader 5e6f7a8b"."""
    return " · ".join(f"{WEIGHT_TITLES.get(name, name)} {short_hash(digest)}" for name, digest in weights.items())


def counted(number: int, unit: str) -> str:
    """A number with its unit in the singular or the plural: "1 film", "1,200 films"."""
    return f"{number:,} {unit}" if number == 1 else f"{number:,} {unit}s"


def file_size(size: int) -> str:
    """The size of a file in words, from bytes: "1.2 MB", "34 kB"."""
    return f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{size / 1e3:,.0f} kB"


def time_left(seconds: float) -> str:
    """A time that is left, as roughly as it is known: "about 3 minutes left"."""
    if seconds < _SECONDS_A_MINUTE:
        return "less than a minute left"
    minutes = round(seconds / _SECONDS_A_MINUTE)
    if minutes < 2 * _SECONDS_A_MINUTE:
        return f"about {counted(minutes, 'minute')} left"
    return f"about {counted(round(minutes / _SECONDS_A_MINUTE), 'hour')} left"
