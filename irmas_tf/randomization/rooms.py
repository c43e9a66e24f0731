"""Rooms as impulse responses: first and second reflections of a shoebox, then noise that decays in three bands."""

from __future__ import annotations

import math
import random

import numpy as np
from scipy.signal import butter, sosfilt

from irmas_tf.randomization.filters import SAMPLE_RATE_HZ

SPEED_OF_SOUND_M_PER_S = 343.0
_EAR_DISTANCE_M = 0.18
# Edges of the bands that decay on their own, Hz.
_BAND_EDGES_HZ = (400.0, 3000.0)


def shoebox_reflections(
    size: tuple[float, float, float],
    source: tuple[float, float, float],
    listener: tuple[float, float, float],
    order: int = 2,
) -> np.ndarray:
    """Return the reflections of a room with parallel walls by the image-source method (Allen and Berkley 1979).

    Args:
        size, source, listener: metres; the corner of the room is the origin.
        order: most walls that a reflection has met; the direct sound (order 0) is not among them.

    Returns:
        float64 [reflections, 2]: delay after the direct sound in seconds, and distance over that of the direct sound;
        a third column counts the walls.
    """
    images = []
    for axis in range(3):
        along = []
        for bounce in range(-order, order + 1):
            place = bounce * size[axis] + (source[axis] if bounce % 2 == 0 else size[axis] - source[axis])
            along.append((place - listener[axis], abs(bounce)))
        images.append(along)
    direct = math.dist(source, listener)
    rows = []
    for x, walls_x in images[0]:
        for y, walls_y in images[1]:
            for z, walls_z in images[2]:
                walls = walls_x + walls_y + walls_z
                if 0 < walls <= order:
                    distance = math.sqrt(x * x + y * y + z * z)
                    rows.append(((distance - direct) / SPEED_OF_SOUND_M_PER_S, distance / direct, walls))
    return np.array(rows)


def draw_room(rng: random.Random, strength: float, longest: int) -> np.ndarray:
    """Return a room's response without the direct sound: float32 [2, n], energy 1 per ear, n <= ``longest``.

    Sizes go from a booth to a hall, reverberation times from 0.1 to 3 s (at strength 1), walls from curtains to tiles.

    Args:
        rng: source of randomness.
        strength: widens the range of reverberation times.
        longest: samples; longer tails are faded out there.
    """
    noise_rng = np.random.default_rng(rng.getrandbits(32))
    size = (
        math.exp(rng.uniform(math.log(2), math.log(30))),
        math.exp(rng.uniform(math.log(2), math.log(20))),
        math.exp(rng.uniform(math.log(2.2), math.log(10))),
    )
    shortest, slowest = 0.5 * 0.2**strength, 0.5 * 6**strength
    rt60 = math.exp(rng.uniform(math.log(shortest), math.log(min(slowest, 8.0))))
    spread = (rng.uniform(0.7, 1.6), 1.0, rng.uniform(0.25, 0.9))  # basses stay longest, trebles die first
    length = max(2048, min(longest, round(1.1 * rt60 * max(spread) * SAMPLE_RATE_HZ)))
    source = tuple(rng.uniform(0.15, 0.85) * s for s in size)
    listener = tuple(rng.uniform(0.15, 0.85) * s for s in size)
    keeps = math.sqrt(1 - rng.uniform(0.1, 0.7))  # of the amplitude, per wall
    time = np.arange(length, dtype=np.float32) / np.float32(SAMPLE_RATE_HZ)
    noise = noise_rng.standard_normal((2, length), dtype=np.float32)
    low = sosfilt(butter(1, _BAND_EDGES_HZ[0], fs=SAMPLE_RATE_HZ, output="sos").astype(np.float32), noise)
    dull = sosfilt(butter(1, _BAND_EDGES_HZ[1], fs=SAMPLE_RATE_HZ, output="sos").astype(np.float32), noise)
    room = np.zeros((2, length), np.float32)
    for band, share in zip((low, dull - low, noise - dull), spread, strict=True):
        room += band * np.exp(np.float32(-6.91 / (share * rt60)) * time)
    # The tail comes in as the reflections grow too dense to tell apart; a large room is silent for longer.
    mixing = min(length // 4, round(0.002 * math.sqrt(math.prod(size)) * SAMPLE_RATE_HZ))  # sqrt(volume) ms, doubled
    room[:, :mixing] *= np.linspace(0, 1, mixing, dtype=np.float32)
    room /= np.sqrt(np.sum(room**2, axis=1, keepdims=True)) + np.float32(1e-9)
    early = np.zeros((2, length), np.float32)
    for ear in range(2):
        place = (listener[0] + (ear - 0.5) * _EAR_DISTANCE_M, listener[1], listener[2])
        for delay, distance, walls in shoebox_reflections(size, source, place):  # type: ignore[arg-type]
            at = round(delay * SAMPLE_RATE_HZ)
            if 0 < at < length:
                early[ear, at] += keeps**walls / distance
    energy = np.sqrt(np.sum(early**2, axis=1, keepdims=True)) + np.float32(1e-9)
    room += early / energy * np.float32(10 ** (rng.uniform(-12, 6) / 20))
    fade = min(2048, length // 2)
    room[:, length - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
    return (room / (np.sqrt(np.sum(room**2, axis=1, keepdims=True)) + np.float32(1e-9))).astype(np.float32)
