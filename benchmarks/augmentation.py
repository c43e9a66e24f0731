"""What every augmentation costs beside the training step that it feeds, on the CPU.

    python benchmarks/augmentation.py [--threads 2] [--batch 32] [--rounds 15] [--config configs/three_branch.flags]

Each augmentation is compiled alone as the training step has it, at the settings of its `examples` and with the share of
examples that they say, and timed on noise; those that other packages have registered are at their defaults. So is the
recipe of all of ours together. The step beside it is that of the
configuration without any change of the waveforms. All take turns, so that a load that comes and goes burdens each
alike; the figures are medians over the rounds, and on a busy machine the lowest times beside them are nearer to what
things cost. "of step" is the cost relative to the step's.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

RECIPE = {
    "random_gain_db": 6.0,
    "random_speed_semitones": 1.0,
    "random_time_stretch": 0.1,
    "random_pitch_semitones": 1.0,
    "random_shift_seconds": 0.5,
    "random_equalization_db": 1.5,
    "silence_probability": 0.3,
    "mix_probability": 0.8,
    "mix_max_excerpts": 3,
    "empty_probability": 0.05,
    "backing_probability": 0.5,
    "noise_probability": 0.3,
    "mixup_alpha": 0.3,
}
MASKS = "SpecAugment (step with and without)"
STEP = "training step, waveforms unchanged"
WARM_UP = 2


def alone() -> dict[str, dict[str, Any]]:
    """Return title -> settings that switch one augmentation on, for every one that is registered."""
    from irmas_tf.config.augmentations import AUGMENTATIONS, BUILT_IN, registered_elsewhere

    settings = {title: dict(on) for name in BUILT_IN for title, on in AUGMENTATIONS.get(name).examples.items()}
    return settings | {name: {"augmentations": (name,)} for name in registered_elsewhere()}


def configuration(path: str, batch: int, augment: dict[str, Any], noise_dir: str, masks: bool = False) -> Any:
    """Return the configuration of a flag file with these augmentations only."""
    import dataclasses

    from irmas_tf.config.augment import AugmentConfig
    from irmas_tf.config.flags import ALL, Command, parse_flags
    from irmas_tf.config.labels import MULTI_LABEL

    config = parse_flags(Command("benchmark", "", config_fields=ALL), [f"--flagfile={path}"]).config()
    if augment.get("noise_kind") == "folder":
        augment = {**augment, "noise_dir": noise_dir}
    if augment.get("backing_probability"):
        augment = {**augment, "backing_dir": noise_dir}
    augment = {"random_gain_db": 0.0, **augment}
    if not masks:
        augment = {"time_masks": 0, "frequency_masks": 0, **augment}
    training = dataclasses.replace(config.training, batch_size=batch, accumulation_steps=1)
    model = dataclasses.replace(config.model, task=MULTI_LABEL)  # one label has not all of them
    return dataclasses.replace(config, model=model, augment=AugmentConfig(**augment), training=training)


def augmentation_function(config: Any) -> Callable[[], Any]:
    """Return what runs the augmentations of one batch to their end."""
    import numpy as np
    import tensorflow as tf

    from irmas_tf.augment import pipeline as augmentation

    tf.get_logger().setLevel("ERROR")  # it would warn that one lambda is traced again and again

    batch, rng = config.training.batch_size, np.random.default_rng(0)
    waveform = tf.constant(0.1 * rng.standard_normal([batch, augmentation.training_samples(config)]), tf.float32)
    targets = tf.one_hot(rng.integers(0, config.labels.num_classes, batch), config.labels.num_classes)
    drawn = augmentation.draw(config.augment, seed=0, step=0, batch_size=batch)
    numbers = tf.nest.map_structure(tf.constant, drawn)
    prepared = augmentation.prepare(config)
    function = tf.function(lambda w, t, n: augmentation.apply(w, t, n, config, prepared))
    return lambda: function(waveform, targets, numbers)[0].numpy()


def step_function(config: Any) -> Callable[[], Any]:
    """Return the training step on one batch of windows."""
    import keras
    import tensorflow as tf

    from benchmarks.training_step import example_batch
    from irmas_tf.models.factory import build_model
    from irmas_tf.training.step import TrainingStep

    keras.utils.set_random_seed(0)
    step = TrainingStep(build_model(config), config, tf.distribute.get_strategy())
    waveform, labels = (tf.constant(x) for x in example_batch(config))
    labels = tf.one_hot(labels, config.labels.num_classes, dtype=tf.int8)
    return lambda: step.run_batch(waveform, labels, {}).numpy()


def times_in_turns(functions: dict[str, Callable[[], Any]], rounds: int) -> dict[str, tuple[float, float]]:
    """Return the (median, lowest) seconds of a call of each function; in every round each has its turn."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    for turn in range(WARM_UP + rounds):
        for name, function in functions.items():
            started = time.perf_counter()
            function()
            if turn >= WARM_UP:
                times[name].append(time.perf_counter() - started)
    return {name: (statistics.median(values), min(values)) for name, values in times.items()}


def write_noises(folder: str, rate: int) -> None:
    """Write four recordings of ten seconds of noise."""
    import numpy as np
    import soundfile

    for number in range(4):
        noise = np.random.default_rng(number).uniform(-0.3, 0.3, 10 * rate)
        soundfile.write(Path(folder) / f"{number}.wav", noise, rate)


def main() -> None:
    """Run the benchmark and print its table."""
    import tempfile

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--config", default=str(ROOT / "configs" / "three_branch.flags"), help="flag file of the step")
    args = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    os.environ.setdefault("OMP_NUM_THREADS", str(args.threads))
    from irmas_tf.process.cpu import prefer_onednn

    prefer_onednn()  # as train does
    import tensorflow as tf

    from irmas_tf.training.hardware import prepare_process

    tf.config.threading.set_intra_op_parallelism_threads(args.threads)
    tf.config.threading.set_inter_op_parallelism_threads(args.threads)
    with tempfile.TemporaryDirectory() as noise_dir:

        def configured(augment: dict[str, Any], masks: bool = False) -> Any:
            return configuration(args.config, args.batch, augment, noise_dir, masks)

        plain = configured({})
        prepare_process(plain.training)
        write_noises(noise_dir, plain.audio.sample_rate_hz)
        functions = {STEP: step_function(plain), MASKS: step_function(configured({}, masks=True))}
        functions |= {name: augmentation_function(configured(augment)) for name, augment in alone().items()}
        functions["recipe of all but SpecAugment"] = augmentation_function(configured(RECIPE))
        seconds = times_in_turns(functions, args.rounds)
    step, lowest_step = seconds[STEP]
    masked, lowest_masked = seconds[MASKS]
    seconds[MASKS] = (max(0.0, masked - step), max(0.0, lowest_masked - lowest_step))
    window = f"{plain.audio.window_seconds:g} s at {plain.audio.sample_rate_hz:,} Hz"
    print(f"{Path(args.config).stem}, batch {args.batch}, windows of {window}, {args.threads} threads")
    title = f"median and lowest of {args.rounds} rounds"
    print(f"{title:42} {'ms/batch':>9} {'ms/excerpt':>11} {'of step':>8} {'lowest ms':>10} {'of step':>8}")
    for name, (median, lowest) in seconds.items():
        print(
            f"{name:42} {1e3 * median:9.1f} {1e3 * median / args.batch:11.2f} {median / step:8.2f}"
            f" {1e3 * lowest:10.1f} {lowest / lowest_step:8.2f}"
        )


if __name__ == "__main__":
    main()
