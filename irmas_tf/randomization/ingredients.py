"""Ingredients of randomisation and their strengths, as text: ``all``, ``none``, ``room,eq=0.5``, ``all,codec=0``."""

from __future__ import annotations

import dataclasses

from irmas_tf.config.settings import ConfigError

# Raised whenever the same seed and ingredients would give other audio.
RANDOMIZATION_VERSION = 1
# The order is the order of a recording's making.
INGREDIENTS: dict[str, str] = {
    "backing": "accompaniment of another song, in another key and tempo, at a random level",
    "microphone": "tilt, resonances and a reflection from near by on the lead",
    "room": "another room: a shoebox's early reflections and a tail of three bands",
    "eq": "wide equalisers on lead, rest and sum; a high pass and a low pass always",
    "bandwidth": "low passes of 8 to 32 kHz sampling, the telephone's band",
    "compressor": "a compressor on the sum",
    "limiter": "a limiter, soft or hard clipping on the sum",
    "tuning": "another speed: a' between 415 and 466 Hz",
    "noise": "pink noise, hiss, hum, rumble, crackle, applause, babble",
    "level": "loudness between -36 and -9 dBFS",
    "codec": "a round trip through MP3, AAC, Opus, MP2 or AC-3",
}
STRONGEST = 2.0


@dataclasses.dataclass(frozen=True)
class Randomization:
    """Strengths of the ingredients, in the order of `INGREDIENTS`; those of strength 0 are left out.

    Strength 1 is what the figures in docs/composed.md were measured with; it scales ranges, and probabilities up to 1.
    """

    strengths: tuple[tuple[str, float], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.strengths)

    def strength(self, name: str) -> float:
        """Return the strength of an ingredient, 0 to `STRONGEST`; 0 is off."""
        return dict(self.strengths).get(name, 0.0)

    @property
    def text(self) -> str:
        """The specification in its shortest form that `parse` reads; ``none`` without ingredients."""
        return ",".join(name if value == 1 else f"{name}={value:g}" for name, value in self.strengths) or "none"

    @classmethod
    def parse(cls, text: str) -> Randomization:
        """Read a specification: names and NAME=STRENGTH between commas; ``all`` names every one; later ones win.

        Raises:
            ConfigError: an unknown name or a strength out of range.
        """
        strengths: dict[str, float] = {}
        for item in filter(None, (part.strip() for part in text.split(","))):
            name, _, number = item.partition("=")
            try:
                value = float(number) if number else 1.0
            except ValueError:
                value = -1.0
            if not 0 <= value <= STRONGEST:
                raise ConfigError(
                    f"--randomization={text}: {item!r} needs a strength between 0 and {STRONGEST:g}, such as {name}=0.5"
                )
            if name == "all":
                strengths |= dict.fromkeys(INGREDIENTS, value)
            elif name in INGREDIENTS:
                strengths[name] = value
            elif name == "none":
                strengths = {}
            else:
                raise ConfigError(
                    f"--randomization={text}: there is no {name!r}; choose from all, none, {', '.join(INGREDIENTS)}"
                )
        return cls(tuple((name, strengths[name]) for name in INGREDIENTS if strengths.get(name)))
