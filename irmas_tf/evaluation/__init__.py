"""The protocol: clips and their scores, threshold regimes, calibration, score files."""
