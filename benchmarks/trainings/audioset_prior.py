"""AudioSet's head as a prior, corrected by composed music: features, fit and figures, shared by the scripts beside it.

    logits = scale * AudioSet's logits of the eleven classes + offset + weight . embedding

The fit starts at AudioSet's head (scale 1, offset 0, weight 0) and is held to it by an L2 term on the weight alone,
of the embedding with every dimension brought to mean 0 and deviation 1 on what is learnt from.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from irmas_tf.config.labels import IRMAS_CODES
from irmas_tf.shipped.audioset import IRMAS_CLASSES

RATE_HZ, WINDOW = 32000, 96000
# The classes that the real excerpts at hand have in number.
FIVE = ("cel", "flu", "pia", "sax", "tru")


@dataclasses.dataclass
class Features:
    """What mn04 says of windows: AudioSet's logits [n, 11], embeddings [n, d]; classes [n, 11], 0 or 1; songs [n]."""

    logits: np.ndarray
    embeddings: np.ndarray
    labels: np.ndarray
    songs: np.ndarray

    @property
    def true(self) -> np.ndarray:
        """The one class of each, [n]."""
        return self.labels.argmax(axis=1)

    def save(self, path: Path) -> None:
        """Write them to an .npz file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **{f.name: getattr(self, f.name) for f in dataclasses.fields(self)})

    @classmethod
    def load(cls, path: Path) -> Features:
        """Read them again."""
        with np.load(path) as file:
            return cls(**{f.name: file[f.name] for f in dataclasses.fields(cls)})

    def where(self, chosen: np.ndarray) -> Features:
        """Return those of a boolean mask [n]."""
        return Features(*(getattr(self, f.name)[chosen] for f in dataclasses.fields(self)))

    @classmethod
    def joined(cls, parts: list[Features]) -> Features:
        """Return several as one."""
        return cls(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in dataclasses.fields(cls)))


def write_network(weights: str, path: Path) -> Path:
    """Write mn04's published classifier as a .tflite file for one window of 3 s, unless it is there."""
    if path.is_file():
        return path
    import keras
    import tensorflow as tf

    from irmas_tf.config.backbones import BACKBONES
    from irmas_tf.models.pretrained import published_classifier
    from irmas_tf.weights.loading import load_pretrained

    spec = BACKBONES.get("mn04")
    model = published_classifier(spec)
    load_pretrained(model, spec, weights)
    path.parent.mkdir(parents=True, exist_ok=True)
    archive = keras.export.ExportArchive()
    archive.track(model)
    signature = [tf.TensorSpec((1, WINDOW), tf.float32, name="waveform")]
    archive.add_endpoint("serve", lambda waveform: dict(model(waveform, training=False)), signature)
    archive.write_out(str(path.with_suffix("")), verbose=False)
    path.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(path.with_suffix(""))).convert())
    return path


class Network:
    """mn04 on one thread of LiteRT."""

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(str(path), num_threads=1)
        self._run = self._interpreter.get_signature_runner()
        self._rows = list(IRMAS_CLASSES.values())

    def __call__(self, waveform: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return logits [11] and embedding [d] of a mono waveform at 32 kHz, cut or padded to 3 s."""
        window = np.zeros((1, WINDOW), np.float32)
        window[0, : len(waveform)] = waveform[:WINDOW]
        outputs = self._run(waveform=window)
        return outputs["logits"][0, self._rows], outputs["embedding"][0]


def mono_32k(audio: np.ndarray, rate_hz: int = 44100) -> np.ndarray:
    """Return int16 [n, channels] as mono float32 at 32 kHz."""
    import soxr

    return soxr.resample(audio.mean(axis=1, dtype=np.float32) / np.float32(32768), rate_hz, RATE_HZ)


def features_of_folder(data_dir: Path, network: Path, workers: int) -> Features:
    """Return the features of the training excerpts under a folder in IRMAS's layout."""
    from irmas_tf.datasets.irmas import index_training

    return features_of_excerpts(index_training(data_dir, content_ids=False), network, workers)


def features_of_excerpts(excerpts: list[Any], network: Path, workers: int) -> Features:
    """Return the features of `irmas_tf.datasets.irmas.Excerpt`s."""
    import multiprocessing

    jobs = [(str(e.path), IRMAS_CODES.index(e.irmas_code), e.song_id) for e in excerpts]
    with multiprocessing.get_context("spawn").Pool(workers, _start, (network,)) as pool:
        rows = pool.map(_of_file, jobs, chunksize=16)
    return _stacked(rows)


def features_of_clips(data_dir: Path, network: Path, workers: int) -> Features:
    """Return the features of every 3 s of the test clips under a folder, with all labels of their clip."""
    import multiprocessing

    from irmas_tf.datasets.irmas import index_testing

    jobs = [
        (str(clip.path), [IRMAS_CODES.index(c) for c in clip.irmas_codes], clip.path.stem)
        for clip in index_testing(data_dir)
    ]
    with multiprocessing.get_context("spawn").Pool(workers, _start, (network,)) as pool:
        rows = [row for rows in pool.map(_of_clip, jobs, chunksize=4) for row in rows]
    return _stacked(rows)


Row = tuple[np.ndarray, np.ndarray, np.ndarray, str]
_network: Network | None = None


def _start(network: Path) -> None:
    global _network
    _network = Network(network)


def _one_hot(classes: int | list[int]) -> np.ndarray:
    labels = np.zeros(len(IRMAS_CODES), np.int8)
    labels[classes] = 1
    return labels


def _of_file(job: tuple[str, int, str]) -> Row:
    from irmas_tf.audio.decode import decode_file

    assert _network is not None
    return (*_network(decode_file(job[0], RATE_HZ).reshape(-1)), _one_hot(job[1]), job[2])


def _of_clip(job: tuple[str, list[int], str]) -> list[Row]:
    from irmas_tf.audio.decode import decode_file

    assert _network is not None
    sound = decode_file(job[0], RATE_HZ).reshape(-1)
    starts = range(0, max(len(sound) - WINDOW // 2, 1), WINDOW)
    return [(*_network(sound[start : start + WINDOW]), _one_hot(job[1]), job[2]) for start in starts]


def _stacked(rows: list[Row]) -> Features:
    logits, embeddings, labels, songs = zip(*rows, strict=True)
    return Features(np.stack(logits), np.stack(embeddings), np.stack(labels), np.array(songs))


@dataclasses.dataclass
class Head:
    """A head for the eleven classes: see the top of this file."""

    scale: float
    offset: np.ndarray
    weight: np.ndarray

    def logits(self, features: Features) -> np.ndarray:
        """Return logits [n, 11]."""
        return self.scale * features.logits + self.offset + features.embeddings @ self.weight.T


def untrained() -> Head:
    """Return AudioSet's own head."""
    classes = len(IRMAS_CODES)
    return Head(1.0, np.zeros(classes), np.zeros((classes, 1)))


def fit(features: Features, strength: float, steps: int = 400) -> Head:
    """Fit a head by softmax cross-entropy, L-BFGS, from AudioSet's head on.

    Args:
        features: of excerpts with one class each.
        strength: factor of half the squared weight, beside the mean cross-entropy.
        steps: at most.
    """
    from scipy.optimize import minimize

    mean, deviation = features.embeddings.mean(axis=0), features.embeddings.std(axis=0) + 1e-4
    z = ((features.embeddings - mean) / deviation).astype(np.float64)
    prior, target = features.logits.astype(np.float64), features.labels.astype(np.float64)
    count, classes, width = len(z), prior.shape[1], z.shape[1]

    def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
        scale, offset, weight = x[0], x[1 : 1 + classes], x[1 + classes :].reshape(classes, width)
        logits = scale * prior + offset + z @ weight.T
        logits -= logits.max(axis=1, keepdims=True)
        powers = np.exp(logits)
        total = powers.sum(axis=1, keepdims=True)
        value = float(np.mean(np.log(total[:, 0]) - (target * logits).sum(axis=1)) + 0.5 * strength * np.sum(weight**2))
        slope = (powers / total - target) / count
        gradient = [[np.sum(slope * prior)], slope.sum(axis=0), (slope.T @ z + strength * weight).ravel()]
        return value, np.concatenate(gradient)

    start = np.zeros(1 + classes + classes * width)
    start[0] = 1.0
    x = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": steps}).x
    weight = x[1 + classes :].reshape(classes, width) / deviation
    return Head(float(x[0]), x[1 : 1 + classes] - weight @ mean, weight)


def accuracy(logits: np.ndarray, features: Features, replicates: int = 1000) -> dict[str, Any]:
    """Return accuracy with its 95 % interval over songs, the mean of the five classes, and accuracy per class.

    Args:
        logits: [n, 11].
        features: whose classes and songs count.
        replicates: of the bootstrap over songs.
    """
    true = features.true
    right = (logits.argmax(axis=1) == true).astype(np.float64)
    _, song = np.unique(features.songs, return_inverse=True)
    sums, sizes = np.bincount(song, right), np.bincount(song)
    drawn = np.random.default_rng(0).integers(0, len(sums), (replicates, len(sums)))
    low, high = np.percentile(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1), (2.5, 97.5))
    per_class = {code: float(right[true == k].mean()) for k, code in enumerate(IRMAS_CODES) if np.any(true == k)}
    five = [per_class[code] for code in FIVE if code in per_class]
    return {
        "accuracy": float(right.mean()),
        "interval": (float(low), float(high)),
        "five": float(np.mean(five)) if five else float("nan"),
        "per_class": per_class,
        "count": len(true),
    }
