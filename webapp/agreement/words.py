"""The Agreement tab in words: a sentence under each heading, and how its numbers are put."""

from collections.abc import Mapping, Sequence
from typing import Final

from core.access.roles import Reader
from core.agreement import (
    LEAST_FILMS,
    LONGEST_FILM_SECONDS,
    SITTING_FILMS,
    AgePairs,
    BoneAgreement,
    BoneBeside,
    Comparison,
    GoldScore,
    Kappa,
    LookBack,
    ReadingTimes,
    Voice,
    mean_kappa,
)
from core.agreement.choices import Choice
from core.bones import BONE_TITLES
from webapp.shared.words import NO_VALUE, counted, percent

_MINUS: Final = "\N{MINUS SIGN}"
_SECONDS_A_MINUTE: Final = 60

#: Films in the figure of age differences; more points are a blot, and slow to draw.
POINTS_DRAWN: Final = 2000

#: How a kappa is to be read.
_KAPPA_IN_A_WORD: Final = (
    "1 is the same grade every time, 0 what chance would give; a large disagreement counts more than a small one."
)


def short_count(number: int) -> str:
    """A number that fits a small cell: 999, 5.2k, 13k."""
    if number < 1000:
        return str(number)
    return f"{number / 1000:.1f}k" if number < 9950 else f"{number / 1000:.0f}k"


def duration(seconds: float) -> str:
    """Seconds as they are said: "9.5 s", "75 s", "5 min 20 s"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 2 * _SECONDS_A_MINUTE:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), _SECONDS_A_MINUTE)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def signed(value: float) -> str:
    """A difference with its sign, to a tenth: "+1.2", "−0.3", "0.0"."""
    text = f"{value:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", _MINUS)


def higher_or_lower(months: float, than: str) -> str:
    """A difference in age as it is said: "2.5 months higher than ben"."""
    if signed(months) == "0.0":
        return f"the same as {than}"
    return f"{abs(months):.1f} months {'higher' if months > 0 else 'lower'} than {than}"


def voice_name(voice: Voice) -> str:
    """A reader's name, "the model" or "gold"."""
    return voice.name if voice.kind == "reader" else {"model": "the model", "gold": "gold"}[voice.kind]


def choice_title(choice: Choice, reader: Reader) -> str:
    """An entry of the list of comparisons, as this reader sees it."""
    pair = choice.pair
    if pair is None:
        return "All readers among themselves, without names"
    names = [f"{voice_name(v)} (you)" if v.name == reader.name else voice_name(v) for v in (pair.first, pair.second)]
    return f"{' and '.join(names)} \N{MIDDLE DOT} {counted(pair.films, 'film')}"


def kappa_words(kappa: Kappa) -> str:
    """Kappa with its interval, or why there is none."""
    films = counted(kappa.films, "film")
    if kappa.value is None:
        return f"one grade only ({films})" if kappa.missing == "one_grade" else f"too few films ({kappa.films})"
    if kappa.interval90 is None:
        return f"{kappa_number(kappa.value)}, always the same grade ({films})"
    return f"{kappa_number(kappa.value)}, 90 % interval {kappa_range(kappa.interval90)} ({films})"


def kappa_sentence(kappas: Mapping[str, Kappa], first: str, second: str) -> str:
    """What the kappa figure shows. first, second: the voices; both empty for all readers pooled."""
    values = {bone: kappa.value for bone, kappa in kappas.items() if kappa.value is not None}
    who = f"{first} and {second}" if first else "Readers"
    few = [bone for bone, kappa in kappas.items() if kappa.missing == "too_few"]
    if not values:
        most = max(kappa.films for kappa in kappas.values())
        if not few:
            return f"{who} gave each bone one grade only, which says nothing about how well they agree: more films are needed."
        shared = "films read by two readers" if not first else "films graded by both"
        return f"Too few films for a kappa: it takes {LEAST_FILMS} {shared}, and so far there are at most {most}."
    best, least = max(values, key=lambda bone: values[bone]), min(values, key=lambda bone: values[bone])
    mean = kappa_number(mean_kappa(kappas.values()))
    if len(values) == 1:
        text = f"{who} reach {mean} on {BONE_TITLES[best]}."
    elif values[best] == values[least]:
        text = f"{who} reach {mean} on each bone."
    else:
        text = (
            f"{who} agree least on {BONE_TITLES[least]} ({kappa_number(values[least])}) and best on "
            f"{BONE_TITLES[best]} ({kappa_number(values[best])}); the mean is {mean}."
        )
    left_out = f" {counted(len(few), 'bone')} with fewer than {LEAST_FILMS} films left out." if few else ""
    return f"{text} {_KAPPA_IN_A_WORD}{left_out}"


def model_note(comparison: Comparison) -> str:
    """Why agreement with the model is to be read with care."""
    taken = comparison.accepted
    over = "" if taken is None else f", and {percent(taken)} of the grades were accepted unchanged"
    return (
        f"Readers see the model's grades while they read{over}: this agreement is higher than it would be without the "
        "model. Each film is compared with the prediction that its reader saw, so that no model is measured on "
        "what it has learned since."
    )


def confusion_sentence(agreement: BoneAgreement, first: str, second: str) -> str:
    """What the confusion figure shows."""
    title, films = BONE_TITLES[agreement.bone], agreement.kappa.films
    unreadable = f" Called unreadable on {counted(agreement.unreadable, 'film')}." if agreement.unreadable else ""
    if agreement.exact is None or agreement.within_one is None:
        return f"{title}: no film that both {first} and {second} graded.{unreadable} Choose another bone."
    if films < LEAST_FILMS:
        return f"{title}: too few films graded by both ({films} of {LEAST_FILMS}).{unreadable}"
    return (
        f"{title}: the same grade on {percent(agreement.exact)} of {counted(films, 'film')}, at most one grade apart "
        f"on {percent(agreement.within_one)}; the outlined cells are the same grade.{unreadable}"
    )


def ages_sentence(ages: AgePairs, first: str, second: str, scale_name: str) -> str:
    """What the figure of age differences shows, and which films it leaves out."""
    differences, left_out = ages.differences, _left_out(ages)
    if differences.films == 0:
        return f"No film on which both have a {scale_name} age: that takes a grade on all 13 bones.{left_out}"
    if differences.mean is None or differences.limits is None:
        return (
            f"{too_few_films(differences.films)}: mean and limits of the {scale_name} ages take {LEAST_FILMS} films "
            f"with all 13 bones graded by both.{left_out}"
        )
    lower, upper = (signed(limit) for limit in differences.limits)
    sample = f" {POINTS_DRAWN:,} of them are drawn." if differences.films > POINTS_DRAWN else ""
    return (
        f"By {scale_name} age, {first} reads on average {higher_or_lower(differences.mean, second)}; 95 % of the "
        f"differences lie between {lower} and {upper} months ({counted(differences.films, 'film')}).{sample}{left_out}"
    )


def times_sentence(readers: Sequence[ReadingTimes]) -> str:
    """What the figure of times shows, and what it leaves out."""
    timed = {one.reader: one.films for one in readers if one.films.quartiles is not None}
    if not timed:
        return (
            "No film has been read completely with the clock running yet: time is taken on the Annotate tab, for films on "
            "which all 13 bones are judged."
        )
    most = max(times.counted for times in timed.values())
    if most < LEAST_FILMS:
        return (
            f"{too_few_films(most)}: the time per film needs {LEAST_FILMS} films that one reader has read completely with the "
            "clock running."
        )
    medians = {reader: times.quartiles[1] for reader, times in timed.items() if times.quartiles is not None}
    quick, slow = min(medians, key=lambda r: medians[r]), max(medians, key=lambda r: medians[r])
    text = f"{quick} takes {duration(medians[quick])} per film (median)"
    text += f", the slowest, {slow}, {duration(medians[slow])}." if quick != slow else "."
    away = sum(one.films.interrupted for one in readers)
    text += " Only films with all 13 bones judged count; the whiskers hold 90 % of them."
    if away:
        text += f" {counted(away, 'film')} open for more than {duration(LONGEST_FILM_SECONDS)} left out: the reader was away."
    return text


def gold_sentence(scores: Sequence[GoldScore], names_seen: bool) -> str:
    """What the table of gold scores shows, or how to come by one."""
    if not scores:
        return (
            "No gold film has been read blind yet. A reviewer sets a film's gold reading on the Annotate tab, or here "
            "where its readers agree; the queue then mixes it in among the others, for every reader who has not read "
            "it."
        )
    whose = "Each reader's" if names_seen else "Your"
    return (
        f"{whose} readings of films that were mixed into the queue unmarked, against the gold reading. A film does not "
        f"count for the reader who set its gold reading. Kappa and age take {LEAST_FILMS} films."
    )


def look_back_sentence(seen: LookBack) -> str:
    """What the reader sees of their own gold films, or when they will."""
    rule = (
        f"After every {SITTING_FILMS} films on which you have judged all 13 bones, and when none is left for you to "
        "read, you see here how you did on those with a gold reading, which were not marked."
    )
    more = f"{counted(seen.to_go, 'more film')} to go."
    if not seen.films:
        return f"{rule} {more}"
    were = "was gold" if len(seen.films) == 1 else "were gold"
    return (
        f"{rule} Your grades count as they were when you first had all 13 bones judged; changing them now changes nothing "
        f"here. So far {len(seen.films):,} of {counted(seen.whole, 'film')} {were}; {more} Kappa takes {LEAST_FILMS} "
        "films."
    )


def difference_words(one: BoneBeside) -> str:
    """Own grade against gold's, in grades: "same", "+1", "−2", or a dash where there is none."""
    if one.difference is None:
        return NO_VALUE
    return "same" if one.difference == 0 else f"{one.difference:+d}".replace("-", _MINUS)


def _left_out(ages: AgePairs) -> str:
    reasons = (
        (ages.incomplete, "with a bone not graded"),
        (ages.mature, "mature, which is not an age"),
        (ages.below, "below the table"),
    )
    parts = [f"{number:,} {reason}" for number, reason in reasons if number]
    return f" Left out: {', '.join(parts)}." if parts else ""


def too_few_films(films: int) -> str:
    """How many films there are of those that are needed."""
    return f"Too few films ({films} of {LEAST_FILMS})"


def kappa_number(value: float | None) -> str:
    """A kappa to two digits, a dash where there is none."""
    return NO_VALUE if value is None else f"{value:.2f}".replace("-", _MINUS)


def share_words(value: float | None) -> str:
    """A share in per cent, a dash where there is none."""
    return NO_VALUE if value is None else percent(value)


def kappa_range(ends: tuple[float, float]) -> str:
    """An interval of kappa."""
    return " to ".join(kappa_number(end) for end in ends)


def months_range(ends: tuple[float, float]) -> str:
    """An interval of signed months."""
    return " to ".join(signed(end) for end in ends)
