"""What a training leaves behind: the run folder and its thresholds."""
