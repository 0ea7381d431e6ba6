"""Measures the whole pipeline on labelled films: where it finds the bones, how it grades them, how far its ages are off."""

from core.evaluation.ages import age_figures, small_children_figures, year_figures
from core.evaluation.boxes import average_precision, iou, localization_figures
from core.evaluation.grades import Quality, agreement_figures, evaluate_graded, graded_as_text, rising_figures
from core.evaluation.intervals import interval_figures, intervals_of, reliability_figures
from core.evaluation.pictures import make_folder, write_pictures
from core.evaluation.places import evaluate_places, place_figures, places_as_text
from core.evaluation.readings import Reading, read_all
from core.evaluation.report import as_text, evaluate

__all__ = [
    "Quality",
    "Reading",
    "age_figures",
    "agreement_figures",
    "as_text",
    "average_precision",
    "evaluate",
    "evaluate_graded",
    "evaluate_places",
    "graded_as_text",
    "interval_figures",
    "intervals_of",
    "iou",
    "localization_figures",
    "make_folder",
    "place_figures",
    "places_as_text",
    "read_all",
    "reliability_figures",
    "rising_figures",
    "small_children_figures",
    "write_pictures",
    "year_figures",
]
