"""Which pretrained networks there are, and the sample rate each hears: what a configuration is checked against.

All else about them is in `irmas_tf.models.backbone`.
"""

from __future__ import annotations

SAMPLE_RATES_HZ: dict[str, int] = {
    "yamnet": 16000,
    "pann_cnn14": 32000,
    "pann_cnn14_16k": 16000,
    "mn01": 32000,
    "mn02": 32000,
    "mn04": 32000,
    "mn05": 32000,
    "mn10": 32000,
    "mn20": 32000,
}

PROFILED = ("mn01", "mn02", "mn04", "mn05", "mn10", "mn20")
"""Those that a branch can read by frequency bands, in the middle as well as at the end."""
