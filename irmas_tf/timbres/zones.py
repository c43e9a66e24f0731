"""A recorded or modelled sample as one key range plays it, and the banks that hold such zones."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np

MAX_TIMECENTS = 8000.0  # 100 seconds; SoundFont Technical Specification 2.04, section 8.1.3


class SoundFontError(ValueError):
    """A sound source cannot be used; the message names the file and the remedy."""


@dataclasses.dataclass(frozen=True)
class Zone:
    """One sample as one key range of a preset plays it. Times in seconds, positions in samples of ``rate_hz``.

    ``attenuation_db`` and ``sustain_db`` are positive reductions; ``decay_seconds`` (at key 60; elsewhere `decay_at`)
    and ``release_seconds`` are the times of a 100 dB fall; ``loop`` is None for a sample that plays once. The low-pass
    filter stands at ``filter_cents`` (above 8.176 Hz) plus ``filter_envelope_cents`` times a modulation envelope that
    rises to 1 and falls linearly to ``mod_sustain``, at a rate that would take it to 0 in ``mod_decay_seconds``.
    """

    sample: int
    start: int
    end: int
    loop: tuple[int, int] | None
    rate_hz: int
    root_key: float
    scale_tuning: float = 100.0
    attenuation_db: float = 0.0
    filter_cents: float = 13500.0
    filter_envelope_cents: float = 0.0
    mod_attack_seconds: float = 0.0
    mod_hold_seconds: float = 0.0
    mod_decay_seconds: float = 0.0
    mod_sustain: float = 1.0
    attack_seconds: float = 0.0
    hold_seconds: float = 0.0
    decay_seconds: float = 0.0
    decay_cents_per_key: float = 0.0
    sustain_db: float = 0.0
    release_seconds: float = 0.1
    keys: tuple[int, int] = (0, 127)
    velocities: tuple[int, int] = (0, 127)

    def ratio(self, key: float, rate_hz: int) -> float:
        """Return sample steps per output sample when ``key`` (MIDI number, may be fractional) is played."""
        return 2.0 ** ((key - self.root_key) * self.scale_tuning / 1200.0) * self.rate_hz / rate_hz

    def decay_at(self, key: float) -> float:
        """Return the time of a 100 dB fall in seconds when ``key`` is played (keynumToVolEnvDecay, section 8.1.3)."""
        if not self.decay_cents_per_key:
            return self.decay_seconds
        longest = 2.0 ** (MAX_TIMECENTS / 1200.0)
        return min(self.decay_seconds * 2.0 ** (self.decay_cents_per_key * (60.0 - key) / 1200.0), longest)


class Bank(Protocol):
    """Zones by preset, whatever file or model they come from."""

    def zones(self, bank: int, program: int) -> list[Zone]:
        """Return every zone of a preset; empty if there is no such preset."""

    def samples(self, zone: Zone) -> np.ndarray:
        """Return a zone's sample data, float32 [end - start] in [-1, 1]."""


def spread_zones(zones: list[Zone]) -> list[Zone]:
    """Return zones whose key ranges do not overlap: of two on a key, the one with the nearer root sounds alone."""
    owners: list[int] = []
    for key in range(128):
        able = [(abs(z.root_key - key), n) for n, z in enumerate(zones) if z.keys[0] <= key <= z.keys[1]]
        owners.append(min(able)[1] if able else -1)
    result = []
    for number, zone in enumerate(zones):
        keys = [key for key, owner in enumerate(owners) if owner == number]
        if keys:
            result.append(dataclasses.replace(zone, keys=(keys[0], keys[-1])))
    return result
