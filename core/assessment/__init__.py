"""From a hand to grades, totals and a bone age, with the reasons."""
