"""Mixtures of single-label excerpts with the union of their labels: a multi-label validation set without the test set.

Which excerpts meet, and how loud, is a function of labels, song groups and a seed; every excerpt leads one mixture. The
numbers of parts give 1.7 labels per clip, the mean of the official test set. Parts come from different songs and
classes and are brought to the same RMS level before their random attenuation, so that all of them are predominant.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from irmas_tf.audio.decoders import make_decoder
from irmas_tf.audio.windows import iter_windows
from irmas_tf.config.run_config import Config
from irmas_tf.training.batches import open_store, window_batches

PART_SHARES = (0.5, 0.3, 0.2)
"""Shares of mixtures of one, two and three excerpts."""
MAX_ATTENUATION_DB = 6.0
"""Parts after the first are quieter by a uniform number of decibels up to this."""


@dataclasses.dataclass(frozen=True)
class Mixture:
    """What is mixed.

    Attributes:
        parts: indices of the excerpts, the leading one first.
        levels_db: RMS level of each part relative to the first, at most 0.
    """

    parts: tuple[int, ...]
    levels_db: tuple[float, ...]


def plan_mixtures(labels: npt.ArrayLike, groups: npt.ArrayLike, *, seed: int) -> tuple[Mixture, ...]:
    """Return one mixture for each excerpt, which leads it.

    Args:
        labels: [n] class index of each excerpt.
        groups: [n] song group of each.
        seed: of the draws.

    Raises:
        ValueError: lengths differ.
    """
    labels, groups = np.asarray(labels), np.asarray(groups)
    if labels.shape != groups.shape or labels.ndim != 1:
        raise ValueError(f"labels {list(labels.shape)} and groups {list(groups.shape)}: must be vectors of one length")
    rng = np.random.default_rng([seed, len(labels)])
    mixtures = []
    for leader in range(len(labels)):
        parts = [leader]
        wanted = 1 + int(rng.choice(len(PART_SHARES), p=PART_SHARES))
        for candidate in rng.permutation(len(labels)) if wanted > 1 else ():
            if len(parts) == wanted:
                break
            if labels[candidate] not in labels[parts] and groups[candidate] not in groups[parts]:
                parts.append(int(candidate))
        levels = rng.uniform(-MAX_ATTENUATION_DB, 0.0, len(parts) - 1)
        mixtures.append(Mixture(tuple(parts), (0.0, *map(float, levels))))
    return tuple(mixtures)


def mixture_labels(mixtures: Sequence[Mixture], labels: npt.ArrayLike, num_classes: int) -> np.ndarray:
    """Return the union of the parts' labels, [mixtures, classes] bool.

    Args:
        mixtures: of `plan_mixtures`.
        labels: [n] class index of each excerpt.
        num_classes: classes of the scheme.
    """
    labels = np.asarray(labels)
    union = np.zeros([len(mixtures), num_classes], bool)
    for row, mixture in zip(union, mixtures, strict=True):
        row[labels[list(mixture.parts)]] = True
    return union


def render_mixture(parts: Sequence[np.ndarray], levels_db: Sequence[float]) -> np.ndarray:
    """Return the sum of waveforms at the same RMS level times their own, as long as the longest.

    The first keeps its level; where the sum goes beyond full scale, all of it is scaled down to that. Parts that are
    silent stay so.

    Args:
        parts: float32 [samples] each.
        levels_db: relative level of each.
    """
    mixed = np.zeros(max(len(part) for part in parts), np.float32)
    reference = _rms(parts[0])
    for part, level in zip(parts, levels_db, strict=True):
        own = _rms(part)
        gain = 10.0 ** (level / 20.0) * (reference / own if own and reference else 1.0)
        mixed[: len(part)] += np.float32(gain) * part
    if len(parts) == 1:
        return mixed
    peak = float(np.abs(mixed).max(initial=0.0))
    return mixed / np.float32(peak) if peak > 1.0 else mixed


def _rms(waveform: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64)))) if len(waveform) else 0.0


def mixture_dataset(
    paths: Sequence[str], mixtures: Sequence[Mixture], config: Config, *, batch_size: int, keep: bool = False
) -> tf.data.Dataset:
    """Return the windows of mixtures, in order and in the form of `irmas_tf.training.batches.evaluation_dataset`.

    Args:
        paths: the excerpts' files.
        mixtures: of `plan_mixtures`.
        config: the run's configuration.
        batch_size: windows in a batch; the last batch holds what remains.
        keep: the same mixtures will be read again in this process: keep the excerpts decoded, as ``--cache`` says.

    Returns:
        Dataset of (waveform float32 [b, window_samples], mixture_index int32 [b]).
    """
    audio, paths = config.audio, list(paths)
    store = open_store(paths, config) if keep else None
    decoder = make_decoder(config.data.decoder, audio.sample_rate_hz)

    def read(index: int) -> np.ndarray:
        if store is None:
            return decoder(paths[index])
        waveform = np.empty(len(store[index]), np.float32)
        store[index].read_into(waveform)
        return waveform

    def windows() -> Iterator[tuple[int, np.ndarray]]:
        for number, mixture in enumerate(mixtures):
            mixed = render_mixture([read(index) for index in mixture.parts], mixture.levels_db)
            for some in iter_windows([mixed], audio.window_samples, audio.window_hop_samples, batch_size):
                yield number, some

    return window_batches(windows, audio.window_samples, batch_size)
