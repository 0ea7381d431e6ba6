"""The grader learns from exemplars with a grade and, through the score tables, from hands with an age."""
