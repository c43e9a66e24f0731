"""Training step and forward pass of the three-branch model against the same network in PyTorch, on the CPU.

    python benchmarks/training_step.py [--threads 2] [--batch 32] [--steps 12] [--rounds 2] [--variants keras,torch,...]

PyTorch's twin is made from the Keras model, layer by layer, and must give the same logits with the same weights before
anything is timed. Both train with AdamW, gradient clipping and label smoothing, on the same random audio; SpecAugment
and the moving average of the weights are off on both sides. Every variant runs in processes of its own, in turns.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

VARIANTS = {
    "keras": "Keras, as train runs it",
    "keras_free": "Keras, --nodeterministic",
    "keras_xla": "Keras, --xla",
    "keras_no_onednn": "Keras, TF_ENABLE_ONEDNN_OPTS=0",
    "torch": "PyTorch, channels first",
    "torch_channels_last": "PyTorch, channels last",
    "torch_kept_memory": "PyTorch, channels last, our allocator settings",
}
WARM_UP = 3


def configuration(batch: int, **training: Any) -> Any:
    """Return the default configuration without what only one side has."""
    from irmas_tf.config.augment import AugmentConfig
    from irmas_tf.config.run_config import Config, TrainingConfig

    augment = AugmentConfig(time_masks=0, frequency_masks=0, mixup_alpha=0.0)
    return Config(augment=augment, training=TrainingConfig(batch_size=batch, ema_decay=0.0, **training))


def example_batch(config: Any) -> tuple[Any, Any]:
    """Return noise [batch, window_samples] float32 and random labels [batch] int32."""
    import numpy as np

    rng = np.random.default_rng(0)
    waveform = 0.1 * rng.standard_normal([config.training.batch_size, config.audio.window_samples])
    labels = rng.integers(0, config.labels.num_classes, config.training.batch_size)
    return waveform.astype(np.float32), labels.astype(np.int32)


def keras_functions(variant: str, batch: int, threads: int) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Return our training step and forward pass."""
    import keras
    import tensorflow as tf

    from irmas_tf.models.factory import build_model
    from irmas_tf.training.hardware import prepare_process
    from irmas_tf.training.step import TrainingStep

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    config = configuration(batch, deterministic=variant != "keras_free", xla=variant == "keras_xla")
    prepare_process(config.training)
    keras.utils.set_random_seed(0)
    model = build_model(config)
    step = TrainingStep(model, config, tf.distribute.get_strategy())
    waveform, labels = (tf.constant(x) for x in example_batch(config))
    labels = tf.one_hot(labels, config.labels.num_classes, dtype=tf.int8)
    forward = tf.function(lambda x: model(x, training=False), jit_compile=config.training.xla)
    return lambda: step.run_batch(waveform, labels, {}).numpy(), lambda: forward(waveform).numpy()


def torch_functions(variant: str, batch: int, threads: int) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Return the training step and forward pass of the twin."""
    import torch

    from benchmarks.torch_twin import TorchTwin
    from irmas_tf.models.factory import build_model
    from irmas_tf.process.cpu import keep_freed_memory

    if variant == "torch_kept_memory":
        keep_freed_memory()
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    config = configuration(batch)
    twin = TorchTwin(build_model(config), exact_padding=False)
    if variant != "torch":
        twin = twin.to(memory_format=torch.channels_last)
    training = config.training
    kernels = [p for p in twin.parameters() if p.ndim > 1]
    vectors = [p for p in twin.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": kernels, "weight_decay": training.weight_decay}, {"params": vectors, "weight_decay": 0.0}],
        lr=training.learning_rate,
        fused=True,
    )
    loss_function = torch.nn.CrossEntropyLoss(label_smoothing=training.label_smoothing)
    waveform, labels = example_batch(config)
    waveform, labels = torch.from_numpy(waveform), torch.from_numpy(labels).long()

    def train() -> float:
        twin.train()
        optimizer.zero_grad(set_to_none=True)
        loss = loss_function(twin(waveform), labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(twin.parameters(), training.gradient_clip_norm)
        optimizer.step()
        return float(loss)

    def forward() -> Any:
        twin.eval()
        with torch.inference_mode():
            return twin(waveform).numpy()

    return train, forward


def median_seconds(function: Callable[[], Any], steps: int) -> float:
    """Return the median time of a call, after warming up."""
    for _ in range(WARM_UP):
        function()
    times = []
    for _ in range(steps):
        started = time.perf_counter()
        function()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def largest_difference(batch: int = 4) -> float:
    """Return how far the twin's logits are from the model's, relative to their standard deviation."""
    import numpy as np
    import torch

    from benchmarks.torch_twin import TorchTwin
    from irmas_tf.models.factory import build_model

    config = configuration(batch)
    model = build_model(config)
    waveform, _ = example_batch(config)
    rng = np.random.default_rng(1)
    for weight in model.weights:  # scales of 0 and statistics of 0 and 1 would hide differences
        if len(weight.shape) == 1:
            weight.assign(rng.uniform(0.5, 1.5, weight.shape))
    ours = np.asarray(model(waveform, training=False))
    with torch.inference_mode():
        theirs = TorchTwin(model, exact_padding=True).eval()(torch.from_numpy(waveform)).numpy()
    return float(np.abs(ours - theirs).max() / ours.std())


def measure(variant: str, args: argparse.Namespace) -> dict[str, float]:
    """Measure one variant in a new process; return its seconds per "step" and per "forward"."""
    command = [sys.executable, __file__, "--child", variant]
    command += [f"--{name}={getattr(args, name)}" for name in ("threads", "batch", "steps")]
    environment = dict(
        os.environ, TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1", OMP_NUM_THREADS=str(args.threads)
    )
    environment["TF_ENABLE_ONEDNN_OPTS"] = "0" if variant == "keras_no_onednn" else "1"  # train sets it, too
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{variant}: {done.stderr[-2000:]}")
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=12, help="timed steps in each round")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument(
        "--variants", default="keras,torch,torch_channels_last,torch_kept_memory", help=", ".join(VARIANTS)
    )
    parser.add_argument("--child", default="", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        functions = torch_functions if args.child.startswith("torch") else keras_functions
        step, forward = functions(args.child, args.batch, args.threads)
        seconds = {"step": median_seconds(step, args.steps), "forward": median_seconds(forward, args.steps)}
        print(json.dumps(seconds))
        return
    names = args.variants.split(",")
    unknown = [name for name in names if name not in VARIANTS]
    if unknown:
        parser.error(f"unknown variant {unknown[0]!r}; known: {', '.join(VARIANTS)}")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if any(name.startswith("torch") for name in names):
        difference = largest_difference()
        print(f"same network: logits differ by {difference:.1e} of their standard deviation")
        if not difference < 1e-3:
            raise SystemExit("the two networks are not the same; nothing was measured")
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(args.rounds):
        for name in names:
            runs[name].append(measure(name, args))
    best = {n: {k: min(r[k] for r in runs[n]) for k in ("step", "forward")} for n in names}
    rivals = [name for name in names if name.startswith("torch")] or names[:1]
    rival = min(best[name]["step"] for name in rivals)
    print(f"batch {args.batch}, {args.threads} threads, lower median of {args.rounds} rounds of {args.steps} steps")
    compared = "of PyTorch" if rivals != names[:1] else "of first"
    print(f"{'':46} {'step ms':>8} {'exc/s':>7} {compared:>11} {'forward ms':>11} {'exc/s':>7}")
    for name in names:
        step, forward = best[name]["step"], best[name]["forward"]
        print(
            f"{VARIANTS[name]:46} {1e3 * step:8.0f} {args.batch / step:7.1f} {step / rival:10.2f}x"
            f" {1e3 * forward:11.0f} {args.batch / forward:7.1f}"
        )


if __name__ == "__main__":
    main()
