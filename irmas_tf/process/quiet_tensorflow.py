"""TensorFlow and LiteRT without the lines they print about the machine, which look like errors and are none."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator

from irmas_tf.process.keras_backend import check_keras_backend
from irmas_tf.process.optional_packages import require

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"

# TensorFlow registers its CUDA plugins twice and says so before it reads its log level. Newer ones also print, whatever
# the level, that this machine has no GPU, and how they use its CPU; so does LiteRT for every model.
_NOISE = re.compile(
    rb"Unable to register cu\w+ factory|computation placer already registered|before absl::InitializeLog"
    rb"|Could not find cuda drivers|failed call to cuInit|oneDNN custom operations are on"
    rb"|Created TensorFlow Lite XNNPACK delegate"
)


def import_tensorflow(purpose: str = "this") -> None:
    """Import TensorFlow; call it before any other import that would.

    Only warnings about this machine are silenced. What else is printed meanwhile on stderr comes out afterwards, and
    all of it if the import fails. A user who has set ``TF_CPP_MIN_LOG_LEVEL`` sees everything that TensorFlow prints.

    Args:
        purpose: what needs it, for the message where it is not installed: "training".

    Raises:
        MissingPackageError: it is not installed.
        KerasBackendError: Keras is set to another backend, or to another layout of its numbers.
    """
    require("tensorflow", purpose)
    check_keras_backend()
    if "tensorflow" in sys.modules or LOG_LEVEL in os.environ:
        import tensorflow

        return
    os.environ[LOG_LEVEL] = "2"
    with filtered_stderr():
        import tensorflow

        tensorflow.config.list_physical_devices()  # the first look at the devices prints, too


@contextlib.contextmanager
def filtered_stderr() -> Iterator[None]:
    """Hold back what is written to file descriptor 2, also by native code; drop the noise, print the rest."""
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        saved = os.dup(2)
        os.dup2(held.fileno(), 2)
        failed = True
        try:
            yield
            failed = False
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)
            held.seek(0)
            for line in held:
                if failed or not _NOISE.search(line):
                    os.write(2, line)
