"""The ways of decoding that ``--decoder`` offers."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from irmas_tf.audio.decode import decode_file

Decoder = Callable[[str], np.ndarray]


def make_decoder(name: str, target_hz: int) -> Decoder:
    """Return the function path -> mono float32 [samples] at ``target_hz`` behind a ``--decoder`` value.

    Raises:
        ValueError: unknown name, or tensorflow_io asked for where it does not work.
    """
    if name == "auto":
        return functools.partial(decode_file, target_hz=target_hz)
    if name == "soundfile":
        return functools.partial(decode_file, target_hz=target_hz, fast=False)
    if name == "tensorflow_io":
        from irmas_tf.audio.tf_decode import decode_file_in_graph

        return functools.partial(decode_file_in_graph, target_hz=target_hz)
    raise ValueError(f"unknown decoder {name!r}; known: auto, soundfile, tensorflow_io")
