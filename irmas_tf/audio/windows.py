"""Cutting a clip of any length into the model's windows while it is being decoded.

Rule: windows start at 0, hop, 2 hop, ... as long as they fit; when samples remain after the last one, a final window is
aligned to the clip's end; a clip shorter than a window is one window, zero-padded at its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np


def window_starts(samples: int, window_samples: int, hop_samples: int) -> list[int]:
    """Return the first sample of every window of a clip of ``samples`` samples (at least one)."""
    if samples <= window_samples:
        return [0]
    starts = list(range(0, samples - window_samples + 1, hop_samples))
    if starts[-1] + window_samples < samples:
        starts.append(samples - window_samples)
    return starts


def iter_windows(
    blocks: Iterable[np.ndarray], window_samples: int, hop_samples: int, max_windows: int
) -> Iterator[np.ndarray]:
    """Yield the windows of a clip in order, as arrays [n, window_samples] float32 with 1 <= n <= ``max_windows``.

    Args:
        blocks: consecutive pieces of the clip, [samples] float32 each, of any length; an empty clip yields nothing.
        window_samples: samples in a window.
        hop_samples: samples between the starts of two windows.
        max_windows: most windows yielded at once; bounds the memory when the hop is short.

    Memory is one block, one window and ``max_windows`` windows, whatever the length of the clip.
    """
    held = np.zeros(0, np.float32)  # samples offset .. total of the clip
    offset = total = start = 0
    for block in blocks:
        held = np.concatenate([held, block])
        total += len(block)
        while start + window_samples <= total:
            count = min(max_windows, (total - window_samples - start) // hop_samples + 1)
            first = start - offset
            views = np.lib.stride_tricks.sliding_window_view(held, window_samples)
            yield np.array(views[first : first + count * hop_samples : hop_samples][:count])
            start += count * hop_samples
        # The next window, and the last window_samples for the window aligned to the end.
        keep = max(offset, min(start, total - window_samples))
        held, offset = held[keep - offset :], keep
    if 0 < total < window_samples:
        yield np.pad(held, (0, window_samples - total))[None]
    elif total and start - hop_samples + window_samples < total:
        yield np.array(held[-window_samples:])[None]
