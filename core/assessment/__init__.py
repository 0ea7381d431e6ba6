"""From a hand to grades, totals and a bone age, and what they rest on."""
