"""How both networks learn from the lessons: here, in several processes, or as a job on the hub."""
