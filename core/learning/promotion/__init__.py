"""Makes a run's model live, rolls back to an earlier one, and shows two models side by side on one film."""
