"""What the terms on the page mean, each explained in one place; a "?" beside a term opens its explanation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Term:
    """title: as it stands on the page. means: for somebody who meets it for the first time."""

    title: str
    means: str


GLOSSARY: Final[Mapping[str, Term]] = {
    "bone_age": Term(
        "Bone age",
        "How far the bones of the hand have matured, as the age at which the average child is this far on. Two healthy "
        "children of the same age may differ by a year or two.",
    ),
    "interval": Term(
        "90 % interval",
        "If a radiologist read this film, the reading would lie in this range nine times in ten. It was set and tested "
        "on hands that the model had not learned from.",
    ),
    "error": Term(
        "Mean error, in months",
        "The mean absolute error: how far the ages of such hands were from one radiologist's reading, whether too old "
        "or too young. The 95 % interval says how precisely so few hands can measure it.",
    ),
    "greulich_pyle": Term(
        "Greulich-Pyle",
        "An atlas of hand radiographs (1959): the reader looks for the picture most like the film. Most radiologists "
        "read bone age this way, so the headline is on this scale.",
    ),
    "rus": Term(
        "RUS",
        "Radius, ulna and short bones: the 13 bones of the hand and wrist whose epiphyses are graded, one by one.",
    ),
    "rus_chn": Term(
        "RUS-CHN",
        "China's standard (2006): each of the 13 bones gets a grade of 0 to 14 at most, grades become scores, and the "
        "total is looked up in a table for the sex.",
    ),
    "tw3": Term(
        "TW3-RUS and TW3-C RUS",
        "The third edition of Tanner and Whitehouse's method (2001): stages B to I of the same bones, added as scores. "
        "TW3-C RUS is its version for Chinese children.",
    ),
    "grade": Term(
        "Grade",
        "How far one epiphysis has grown and closed, from 0 (not visible yet) up. In 5(2) the 5 is the stage, and the "
        "number in brackets a step within it.",
    ),
    "score": Term(
        "Score", "The points that a standard gives for a grade; all 13 together are the total, at most 1000."
    ),
    "epiphysis": Term(
        "Epiphysis",
        "The end of a growing bone. It appears as a small spot, widens, caps the shaft, and joins it when growth is "
        "over.",
    ),
    "localised": Term("Localised", "How sure the first network is that the box holds this bone, from 0 to 100 %."),
    "grad_cam": Term(
        "Grad-CAM",
        "A map of where a change would move the network's grade most. Bright is more, within this crop; it shows what "
        "the grade rests on, not whether the grade is right.",
    ),
    "shuffle_attention": Term(
        "Shuffle Attention",
        "Gates inside the network (SA), which let through some channels and some places and hold back others. The map "
        "shows how much passes at each place.",
    ),
    "attention_residual": Term(
        "Attention residual",
        "A small path beside each residual branch that looks at a coarser picture and weighs what the branch adds.",
    ),
    "stage": Term(
        "Stage of the network",
        "The network works in four stages, each coarser than the one before: 24, 12, 6 and 3 places across a crop. Not "
        "to be confused with a bone's TW3 stage.",
    ),
    "gold": Term(
        "Gold reading",
        "The reading that a reviewer has set as the right one for a film. Readers are measured against it and are not "
        "told which films have one.",
    ),
    "kappa": Term(
        "Weighted kappa",
        "How far two readers agree beyond chance: 1 is always, 0 no more than by chance. Grades further apart count as "
        "worse (quadratic weights).",
    ),
    "confusion": Term(
        "Confusion",
        "Which grade one reader gave for each grade of the other: films on the diagonal were graded alike.",
    ),
    "bias": Term("Mean difference", "Whether one side reads older or younger than the other on the whole, in months."),
    "order": Term(
        "What is read next",
        "Films whose bones contradict one another come first, because most is learned from them; gold films are mixed "
        "in unmarked.",
    ),
    "consent": Term(
        "Consent",
        "Whether a film's pixels may be kept, and for what: to be read again, to train, to be shared. Without it only "
        "the labels stay.",
    ),
    "revision": Term(
        "Revision", "The number of the last entry in the ledger: the same revision makes the same export."
    ),
    "split": Term(
        "Split by patient",
        "All films of one child go to the same part, so that a model is never tested on a child that it learned from.",
    ),
    "candidate": Term(
        "Candidate", "The weights that a run leaves. They are used for nobody's film until they pass the gate."
    ),
    "gate": Term(
        "Gate",
        "The comparison that a candidate must pass on the gold films: nothing worse than the live model, and something "
        "better.",
    ),
}
