"""The 20 classes of OpenMIC-2018, which are also those of MIREX 2026's instrument recognition, in their order.

Source: class-map.json in the archive (Humphrey, Durand & McFee, "OpenMIC-2018: An open data-set for multiple
instrument recognition", ISMIR 2018; https://zenodo.org/records/1432913).
"""

from __future__ import annotations

from irmas_tf.config.labels import LabelScheme

CLASSES = (
    "accordion", "banjo", "bass", "cello", "clarinet", "cymbals", "drums", "flute", "guitar", "mallet_percussion",
    "mandolin", "organ", "piano", "saxophone", "synthesizer", "trombone", "trumpet", "ukulele", "violin", "voice",
)  # fmt: skip
"""As class-map.json names them; alphabetical."""

LABELS = LabelScheme.of("openmic", {code: code.replace("_", " ") for code in CLASSES})
