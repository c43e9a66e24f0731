"""Settings that save processor time, in training more than a third of it. None needs TensorFlow to be loaded."""

from __future__ import annotations

import gc
import os
import sys

ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")

_started_with: dict[str, str] = {}  # threads that BLAS libraries found in the environment

# Numbers of mallopt's parameters in glibc's malloc.h.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -2, -3, -4, -8


def prefer_onednn() -> None:
    """Let TensorFlow use oneDNN's kernels; works only before TensorFlow is imported.

    TensorFlow does so by itself on processors with AVX-512 VNNI. On x86 processors with AVX2 alone, too, they take a
    quarter off a training step. A value that the user has set in the environment stays.
    """
    import platform

    if platform.machine().lower() in ("x86_64", "amd64"):
        os.environ.setdefault(ONEDNN, "1")


def keep_freed_memory() -> bool:
    """Tell glibc to reuse freed memory instead of returning it; call it before TensorFlow starts its threads.

    On a CPU, a training step allocates and frees hundreds of megabytes of activations in blocks of megabytes. glibc
    maps and unmaps each of them, and the kernel zeroes every page again: a fifth of the step. Afterwards the process
    stays as large as it has ever been.

    Returns:
        Whether the settings were made; False where the C library is not glibc.
    """
    return _set_malloc((_ARENA_MAX, 1), (_MMAP_MAX, 0), (_TRIM_THRESHOLD, -1), (_TOP_PAD, 64 << 20))


def reuse_blocks() -> bool:
    """Tell glibc to reuse freed blocks of up to 4 MB, as decoders and windows have them, and to keep 32 MB at most.

    Otherwise it returns them, and the kernel zeroes their pages again for the next file: half of the time that naming
    many short files spends in the kernel, for some 9 MB less memory.

    Returns:
        Whether the settings were made; False where the C library is not glibc.
    """
    return _set_malloc((_MMAP_THRESHOLD, 4 << 20), (_TRIM_THRESHOLD, 32 << 20))


def _set_malloc(*settings: tuple[int, int]) -> bool:
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    accepted = [mallopt(parameter, value) for parameter, value in settings]  # each one, whatever became of the others
    return all(status == 1 for status in accepted)


def start_one_blas_thread() -> None:
    """Let NumPy's BLAS library start without threads of its own; works only before NumPy is imported.

    They have nothing to do (`irmas_tf.dsp.blas`), and OpenBLAS lets them spin from the start: half of the processor
    time that an import of NumPy takes. A value that the user has set in the environment stays.
    """
    if "numpy" not in sys.modules:
        for variable in BLAS_THREADS:
            os.environ.setdefault(variable, "1")
        _started_with.update({variable: os.environ[variable] for variable in BLAS_THREADS})


def pause_garbage_collection() -> None:
    """Search for no garbage while a program starts, until `resume_garbage_collection`; only before NumPy is imported.

    What is imported stays, and is no garbage: Python would look through it some sixty times on the way to the first
    answer, and twice more when it ends, together a tenth of the processor time that the answer for a short file takes.
    """
    if "numpy" not in sys.modules:
        gc.disable()


def resume_garbage_collection() -> None:
    """Search for garbage again, in what comes from now on; without `pause_garbage_collection` it does nothing."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def has_one_blas_thread() -> bool:
    """Return whether `start_one_blas_thread` has done so."""
    return set(_started_with.values()) == {"1"}
