"""Learning what codes words speak for, from the labelled narratives."""
