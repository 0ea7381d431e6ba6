"""What can go wrong with a film, as sentences that a radiographer can act on."""


class BoneGradeError(Exception):
    """Base of all errors whose message is meant for the person at the screen."""


class FilmRefused(BoneGradeError):
    """The film cannot be assessed.

    `reason` is one word for scripts ("unreadable", "not_a_hand", "outside_film", ...); the message is one sentence that
    says what is wrong and what to do.
    """

    def __init__(self, reason: str, message: str):
        super().__init__(message)
        self.reason = reason


class UnreadableFilm(FilmRefused):
    """The file is not a picture that can be read."""

    def __init__(self, message: str):
        super().__init__("unreadable", message)


class AgeRefused(BoneGradeError, ValueError):
    """An age at the time of the film cannot be used; the message says why."""


class BoxRefused(BoneGradeError, ValueError):
    """A box cannot be used; the message says why."""
