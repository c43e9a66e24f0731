"""What a served model costs: time and memory of requests to an exported SavedModel, for sizing a server.

The SavedModel runs in a graph-mode session, as TensorFlow Serving loads it, without the server's own work (parsing,
base64, network). The weights are not trained, which changes no time. Elapsed time is the median; processor time is that
of the whole process for one clip, and suffers less from other programs. About a minute on an idle machine.
"""

from __future__ import annotations

import argparse
import functools
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
ROOT = Path(__file__).resolve().parent.parent


def export_untrained(flagfile: str, folder: Path) -> tuple[Any, Path]:
    """Return (configuration, folder of a SavedModel) of a model with the configuration of a flagfile."""
    from irmas_tf.config.flags import ALL, Command, parse_flags
    from irmas_tf.deploy.saved_model import write_saved_model
    from irmas_tf.models.factory import build_model

    command = Command("benchmarks/serving.py", "", config_fields=ALL)
    config = parse_flags(command, [f"--flagfile={flagfile}"]).config()
    write_saved_model(build_model(config), config, {"labels": list(config.labels.codes)}, folder / "1")
    return config, folder / "1"


def measure(call: Callable[[], Any], clips: int, repetitions: int) -> tuple[float, float]:
    """Return (median elapsed ms of a request, processor ms per clip), after one that is not counted."""
    call()
    elapsed, cpu = [], time.process_time()
    for _ in range(repetitions):
        start = time.perf_counter()
        call()
        elapsed.append(time.perf_counter() - start)
    cpu = time.process_time() - cpu
    return 1000 * statistics.median(elapsed), 1000 * cpu / repetitions / clips


def peak_mb() -> float:
    """Return the most memory that the process has held so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 10 if sys.platform == "linux" else 1 << 20)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--flagfile", default=str(ROOT / "configs" / "three_branch.flags"), help="configuration")
    parser.add_argument("--repetitions", type=int, default=7, help="requests of a kind (default: 7)")
    args = parser.parse_args()

    from irmas_tf.process.quiet_tensorflow import import_tensorflow

    import_tensorflow()
    import numpy as np

    from irmas_tf.audio.wav_upload import float_wav
    from irmas_tf.deploy.session_model import SessionModel

    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        config, version = export_untrained(args.flagfile, Path(folder))
        rate = config.audio.sample_rate_hz
        start, before = time.perf_counter(), peak_mb()
        model = SessionModel(version)
        size = sum(path.stat().st_size for path in version.rglob("*") if path.is_file()) / 1e6

    def sound(seconds: float, rate_hz: int) -> Any:
        return rng.normal(0, 0.1, round(seconds * rate_hz)).astype(np.float32)

    print(f"{Path(args.flagfile).stem}: SavedModel {size:.1f} MB, loaded in {time.perf_counter() - start:.1f} s")
    print(f"{'signature':16} {'clips':>5} {'s each':>7} {'ms':>9} {'CPU ms/clip':>14} {'clips/s':>8} {'peak MB':>8}")

    def row(signature: str, clips: int, seconds: float, call: Callable[[], Any], repetitions: int, note: str) -> None:
        elapsed, cpu = measure(call, clips, repetitions)
        print(
            f"{signature:16} {clips:5} {seconds:7g} {elapsed:9.1f} {cpu:14.1f} {1000 * clips / elapsed:8.1f}"
            f" {peak_mb():8.0f}  {note}",
            flush=True,
        )

    for clips in (1, 8, 32):
        waves = np.stack([sound(3, rate)] * clips)
        row("serving_default", clips, 3, functools.partial(model, "serving_default", waves), args.repetitions, "")
    for clips, seconds, rate_hz, repetitions in (
        (1, 3, 44100, args.repetitions),
        (8, 3, 44100, args.repetitions),
        (1, 30, 44100, 3),
        (1, 600, rate, 1),
        (1, 600, 44100, 1),
    ):
        files = np.array([float_wav(sound(seconds, rate_hz), rate_hz)] * clips, object)
        call = functools.partial(model, "classify_audio", files)
        row("classify_audio", clips, seconds, call, repetitions, f"{rate_hz} Hz")
    file = np.array([float_wav(sound(3, 44100), 44100)], object)
    with ThreadPoolExecutor(4) as pool:

        def together() -> None:
            list(pool.map(lambda _: model("classify_audio", file), range(8)))

        row("classify_audio", 8, 3, together, args.repetitions, "8 requests, 4 at a time")
    print(f"(the process held {before:.0f} MB before the model was loaded, the exporter's TensorFlow included)")


if __name__ == "__main__":
    main()
