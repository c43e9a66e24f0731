"""The banks of computed instruments that ``--sounds`` knows by name; nothing has to be installed for them."""

from __future__ import annotations

from irmas_tf.timbres.additive import ADDITIVE
from irmas_tf.timbres.modelled import ModelledBank
from irmas_tf.timbres.organ import ORGANS
from irmas_tf.timbres.voice import SINGERS, VOWELS

VARIANTS = 48


def organ_bank() -> ModelledBank:
    """Return tonewheel and pipe organs."""
    return ModelledBank(ORGANS, VARIANTS)


def voice_bank() -> ModelledBank:
    """Return singers, five vowels each."""
    return ModelledBank(SINGERS, VARIANTS, VOWELS)


def additive_bank() -> ModelledBank:
    """Return strings, winds, brass and guitars."""
    return ModelledBank(ADDITIVE, VARIANTS)
