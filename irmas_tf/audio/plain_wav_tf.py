"""Decoding 16-bit PCM WAV files by TensorFlow operations only, without Python's lock, so that it scales with cores.

The same samples as `irmas_tf.audio.decode.decode_file`, within 1e-6 of full scale: the filter's sums are added up in
another order. Which files can be decoded so, `irmas_tf.audio.plain_wav` finds out once, in Python; a graph checks that
a file still is what was looked at.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import os
import sys
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from irmas_tf.audio.plain_wav import PlainWav
from irmas_tf.dsp.resample import output_length
from irmas_tf.dsp.resample_tf import RowFilters, design_row_filters, resample_rows

_MOST_KINDS = 16  # pairs of rate and number of channels; each is a branch of the graph

Row = dict[str, tf.Tensor]
"""What a graph must know of a file: scalars by name."""


@dataclasses.dataclass(frozen=True)
class PlainWavGraph:
    """How a graph decodes the files of a data set; two of the same values are the same.

    Attributes:
        kinds: (sample rate, channels) of the branches that the graph has.
        target_hz: wanted rate.
    """

    kinds: tuple[tuple[int, int], ...]
    target_hz: int

    @classmethod
    def of(cls, layouts: Sequence[PlainWav | None], target_hz: int) -> PlainWavGraph:
        """Return what decodes the files whose layouts `without_odd_rates` has let pass."""
        kinds = {(layout.sample_rate_hz, layout.channels) for layout in layouts if layout}
        return cls(tuple(sorted(kinds)), target_hz)

    def table(self, paths: Sequence[str], layouts: Sequence[PlainWav | None]) -> dict[str, np.ndarray]:
        """Return arrays [files] by name, to be cut into rows by a `tf.data.Dataset`.

        Args:
            paths: the files.
            layouts: of each; rows without one, which are not to be decoded, have the kind -1.
        """
        names = ("header_bytes", "file_bytes", "data_bytes", "padded_bytes", "blocks", "samples", "kind")
        numbers = np.array([self._numbers(layout) for layout in layouts], np.int32)
        return {
            "path": np.array([os.fsencode(path) for path in paths], object),
            "header": np.array([layout.header if layout else b"" for layout in layouts], object),
            **dict(zip(names, np.ascontiguousarray(numbers.T), strict=True)),
        }

    def _numbers(self, layout: PlainWav | None) -> tuple[int, ...]:
        """Return what the table says of a file in numbers."""
        if layout is None:
            return 0, 0, 0, 0, 0, 0, -1
        rate = layout.sample_rate_hz
        samples = output_length(layout.frames, rate, self.target_hz)
        padded, blocks = layout.data_bytes, 0
        if rate != self.target_hz:
            filters = _row_filters(rate, self.target_hz)
            blocks = -(-samples // filters.outputs)
            padded = 2 * layout.channels * filters.row * (blocks + filters.after)
        kind = self.kinds.index((rate, layout.channels))
        return len(layout.header), layout.file_bytes, layout.data_bytes, padded, blocks, samples, kind

    def decode(self, row: Row) -> tuple[tf.Tensor, tf.Tensor]:
        """Decode a file, inside a graph.

        Args:
            row: one row of the `table`.

        Returns:
            Mono samples float32 [samples] at ``target_hz``, not scaled yet, and their factor to full scale 1.0, a power
            of two.

        Raises:
            tf.errors.OpError: when the graph runs: the file cannot be read, or has changed; the message names it.
        """
        content, start = tf.io.read_file(row["path"]), row["header_bytes"]
        same = (tf.strings.length(content) == row["file_bytes"]) & (
            tf.strings.substr(content, 0, start) == row["header"]
        )
        problem = tf.strings.join(["AudioError: ", row["path"], ": has changed since its header was read"])
        with tf.control_dependencies([tf.raw_ops.Assert(condition=same, data=[problem])]):
            data = tf.strings.substr(content, start, row["data_bytes"])
        branches = [functools.partial(self._decode_kind, data, row, *kind) for kind in self.kinds]
        values = branches[0]() if len(branches) == 1 else tf.switch_case(row["kind"], branches)
        scales = [1 / 65536 if _is_stereo(channels) else 1 / 32768 for _, channels in self.kinds]
        scale = tf.constant(scales[0]) if len(set(scales)) == 1 else tf.gather(tf.constant(scales), row["kind"])
        return tf.ensure_shape(values[: row["samples"]], [None]), scale

    def _decode_kind(self, data: tf.Tensor, row: Row, source_hz: int, channels: int) -> tf.Tensor:
        """Return float32 samples of a file of one kind, some too many."""
        mono = _mono(data, row["padded_bytes"], channels)
        if source_hz == self.target_hz:
            return tf.reshape(mono, [-1])
        filters = _row_filters(source_hz, self.target_hz)
        return resample_rows(tf.reshape(mono, [-1, filters.row]), row["blocks"], filters)


def without_odd_rates(layouts: Sequence[PlainWav | None], target_hz: int) -> list[PlainWav | None]:
    """Return the layouts with None for files whose rate a graph cannot convert, or of too many kinds for one graph."""
    counts = collections.Counter((layout.sample_rate_hz, layout.channels) for layout in layouts if layout)
    kinds = {
        kind
        for kind, _ in counts.most_common(_MOST_KINDS)
        if kind[0] == target_hz or design_row_filters(kind[0], target_hz) is not None
    }
    return [layout if layout and (layout.sample_rate_hz, layout.channels) in kinds else None for layout in layouts]


def _row_filters(source_hz: int, target_hz: int) -> RowFilters:
    filters = design_row_filters(source_hz, target_hz)
    assert filters is not None, "ruled out by `without_odd_rates`"
    return filters


def _is_stereo(channels: int) -> bool:
    """Return whether both samples of a frame are read as one integer, and their sum is not halved."""
    return channels == 2 and sys.byteorder == "little"


def _mono(data: tf.Tensor, padded_bytes: tf.Tensor, channels: int) -> tf.Tensor:
    """Return float32 of [frames, with those of the padding] elements: mean of the channels, of two their sum."""
    if _is_stereo(channels):  # whole passes over memory instead of a sum with strides
        pairs = tf.io.decode_raw(data[None], tf.int32, fixed_length=padded_bytes)
        left = tf.cast(tf.cast(pairs, tf.int16), tf.int32)  # the lower half, with its sign
        return tf.cast(tf.bitwise.right_shift(pairs, 16) + left, tf.float32)
    values = tf.cast(tf.io.decode_raw(data[None], tf.int16, fixed_length=padded_bytes), tf.float32)
    return values if channels == 1 else tf.reduce_mean(tf.reshape(values, [-1, channels]), axis=1)
