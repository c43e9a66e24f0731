"""A narrow CNN14 with generated weights, and the answers of the original PyTorch implementation to test signals.

Tests need no PyTorch. To make the answers again:

    pip install torch torchlibrosa==0.1.0 panns-inference==0.1.1
    python tests/helpers/make_pann_golden.py

writes ``pann_golden.json`` beside this file. With ``--full`` it compares the network of full width, 80 million
weights, instead and prints the differences. (panns-inference tries to fetch a list of labels when it is imported;
nothing here depends on it.)
"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np

from irmas_tf.config.backbones import BACKBONES

GOLDEN = Path(__file__).with_name("pann_golden.json")
NAMES = ("pann_cnn14", "pann_cnn14_16k")
NARROW, LABELS = 1 / 16, 12
CHANNELS = (64, 128, 256, 512, 1024, 2048)
SEED = 20


def narrow_spec(name):
    """Return a PANN of a sixteenth of the width with few labels."""
    spec = BACKBONES.get(name)
    options = (*((key, value) for key, value in spec.options if key != "width"), ("width", NARROW))
    return dataclasses.replace(
        spec, options=options, embedding_size=round(spec.embedding_size * NARROW), num_labels=LABELS
    )


def generated_state_dict(width, labels):
    """Return a state dict with the published keys and seeded numbers, float32, without the front-end's constants."""
    random = np.random.default_rng(SEED)
    state = {}

    def norm(key, channels, mean=0.0, spread=0.2):
        state[f"{key}.weight"] = random.uniform(0.6, 1.4, channels)
        state[f"{key}.bias"] = random.normal(0.0, 0.2, channels)
        state[f"{key}.running_mean"] = mean + random.normal(0.0, spread, channels)
        state[f"{key}.running_var"] = random.uniform(0.5, 1.5, channels) * max(1.0, spread) ** 2
        state[f"{key}.num_batches_tracked"] = np.array(7)

    def linear(key, inputs, outputs):
        state[f"{key}.weight"] = random.normal(0.0, np.sqrt(2.0 / inputs), (outputs, inputs))
        state[f"{key}.bias"] = random.normal(0.0, 0.1, outputs)

    norm("bn0", 64, mean=-30.0, spread=10.0)
    inputs = 1
    for number, full in enumerate(CHANNELS, start=1):
        outputs = round(full * width)
        for part, channels in ((1, inputs), (2, outputs)):
            shape = (outputs, channels, 3, 3)
            state[f"conv_block{number}.conv{part}.weight"] = random.normal(0.0, np.sqrt(2.0 / (channels * 9)), shape)
            norm(f"conv_block{number}.bn{part}", outputs)
        inputs = outputs
    linear("fc1", inputs, inputs)
    linear("fc_audioset", inputs, labels)
    return {key: value if value.ndim == 0 else value.astype(np.float32) for key, value in state.items()}


def signals(sample_rate_hz):
    """Return waveforms [4, 1.2 s]: silence, noise, a chirp, and a tone with a click."""
    time = np.arange(round(1.2 * sample_rate_hz)) / sample_rate_hz
    noise = 0.1 * np.random.default_rng(3).standard_normal(len(time))
    chirp = 0.5 * np.sin(2 * np.pi * (100.0 * time + 2000.0 * time**2))
    tone = 0.25 * np.sin(2 * np.pi * 440.0 * time)
    tone[len(time) // 2] += 0.5
    return np.stack([np.zeros_like(time), noise, chirp, tone]).astype(np.float32)


def original(name, width, labels):
    """Return the PyTorch network with the generated weights."""
    import torch
    from panns_inference.models import Cnn14, ConvBlock

    rate = BACKBONES.get(name).sample_rate_hz
    frame, hop, top = (1024, 320, 14000) if rate == 32000 else (512, 160, 8000)
    network = Cnn14(rate, frame, hop, 64, 50, top, labels)
    if width != 1:
        inputs = 1
        for number, full in enumerate(CHANNELS, start=1):
            outputs = round(full * width)
            setattr(network, f"conv_block{number}", ConvBlock(inputs, outputs))
            inputs = outputs
        network.fc1 = torch.nn.Linear(inputs, inputs)
        network.fc_audioset = torch.nn.Linear(inputs, labels)
    state = {key: torch.tensor(value) for key, value in generated_state_dict(width, labels).items()}
    missing, unexpected = network.load_state_dict(state, strict=False)
    assert not unexpected
    assert all(key.startswith(("spectrogram_extractor.", "logmel_extractor.")) for key in missing)
    return network.eval()


def answers(name, width, labels):
    """Return what the original answers to the signals: embeddings and probabilities."""
    import torch

    with torch.no_grad():
        outputs = original(name, width, labels)(torch.tensor(signals(BACKBONES.get(name).sample_rate_hz)))
    return {"embedding": outputs["embedding"].numpy(), "probabilities": outputs["clipwise_output"].numpy()}


def compare_full(name):
    """Print the largest differences between the original of full width and ours."""
    import tempfile

    import torch

    from irmas_tf.weights.loading import convert_weights
    from irmas_tf.weights.weight_sources import read_published

    spec = BACKBONES.get(name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "full.pth")
        torch.save({"iteration": 1, "model": original(name, 1, spec.num_labels).state_dict()}, path)
        model, _ = convert_weights(spec, read_published(spec, path))
    ours = model(signals(spec.sample_rate_hz))
    for key, expected in answers(name, 1, spec.num_labels).items():
        print(f"{name} {key}: within {np.abs(ours[key].numpy() - expected).max():.2g} of up to {expected.max():.2g}")


def main():
    if "--full" in sys.argv:
        for name in NAMES:
            compare_full(name)
        return
    golden = {}
    for name in NAMES:
        golden[name] = {key: np.round(v.astype(float), 6).tolist() for key, v in answers(name, NARROW, LABELS).items()}
    GOLDEN.write_text(json.dumps(golden) + "\n", encoding="utf-8")
    print(f"wrote {GOLDEN}")


if __name__ == "__main__":
    main()
