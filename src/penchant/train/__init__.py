"""Training: the settings of a run (the training loop for networks will live here)."""
