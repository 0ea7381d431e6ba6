"""How far the pipeline is off on labelled films: boxes, ages, intervals, and whether grades rise with age."""
