"""Physical models of the Synthesis ToolKit (P. Cook and G. Scavone), rendered by its own program, `stk-demo`.

A note takes stk-demo a few hundredths of a second, which is why its waveguides are not written once more here, and it
is kept, so that a song costs no more than with a SoundFont. Noise inside the models is seeded by the clock: it is
switched off, and breath is added here, so that the same seed gives the same file.
"""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
from scipy.signal import butter, sosfilt

from irmas_tf.process.held_temporary import temporary_folder
from irmas_tf.timbres.modelled import RATE_HZ, VARIANTS, ModelledBank, ModelledProgram, hertz
from irmas_tf.timbres.zones import SoundFontError

PROGRAM = "stk-demo"
_LATE_SECONDS = 30.0
# Controllers of each model by number, with the range that is drawn from (0 to 128), and how breathy it may be.
_MODELS: dict[str, tuple[dict[int, tuple[float, float]], float]] = {
    "Clarinet": ({2: (30, 90), 4: (0, 0), 1: (0, 0), 128: (60, 110)}, 0.03),
    "BlowHole": ({2: (40, 90), 4: (0, 0), 11: (0, 0), 1: (0, 0), 128: (70, 110)}, 0.03),
    "Saxofony": ({2: (30, 100), 26: (50, 100), 4: (0, 0), 11: (10, 70), 1: (0, 0), 128: (70, 115)}, 0.06),
    "Flute": ({2: (50, 75), 4: (0, 0), 1: (0, 0), 128: (70, 110)}, 0.12),
    "Brass": ({2: (60, 68), 4: (60, 68), 1: (0, 0), 128: (80, 120)}, 0.02),
    "Bowed": ({2: (50, 100), 4: (10, 50), 1: (0, 0), 128: (80, 120)}, 0.08),
}


class StkBank(ModelledBank):
    """STK's reeds, flute, brass and bowed string.

    Raises:
        SoundFontError: stk-demo is not installed.
    """

    def __init__(self) -> None:
        if shutil.which(PROGRAM) is None:
            raise SoundFontError(f"--sounds=stk: the program {PROGRAM} is not installed; run `apt-get install stk`")
        super().__init__(_PROGRAMS, VARIANTS)


def score(model: str, key: float, seconds: float, variant: int) -> str:
    """Return one note as a SKINI score: the variant's controllers, note-on, note-off."""
    rng = np.random.default_rng([4, sum(model.encode()), variant])
    lines = [f"ControlChange 0.0 1 {n} {rng.uniform(a, b):.2f}" for n, (a, b) in _MODELS[model][0].items() if n != 128]
    velocity = rng.uniform(70, 110)
    lines += [f"NoteOn 0.0 1 {key:.3f} {velocity:.1f}"]
    return "\n".join([*lines, f"NoteOff {seconds:.3f} 1 {key:.3f} 64", ""])


def play_note(model: str, key: float, seconds: float, variant: int) -> np.ndarray:
    """Return a note as stk-demo plays it, float32 mono at 44100 Hz.

    Raises:
        SoundFontError: the program failed.
    """
    import soundfile

    with temporary_folder() as folder:
        asked, answered = folder / "note.ski", folder / "note.wav"
        asked.write_text(score(model, key, seconds, variant), encoding="ascii")
        command = [PROGRAM, model, "-s", str(RATE_HZ), "-n", "1", "-ow", str(answered), "-if", str(asked)]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_LATE_SECONDS, check=False, cwd=folder)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SoundFontError(f"--sounds=stk: {PROGRAM} did not answer ({error}); leave stk out") from error
        if not answered.is_file():
            raise SoundFontError(
                f"--sounds=stk: {PROGRAM} {model} wrote nothing (status {done.returncode}); leave stk out"
            )
        audio, _ = soundfile.read(str(answered), dtype="float32")
    return np.asarray(audio.mean(axis=1) if audio.ndim > 1 else audio, np.float32)


def cents_from(audio: np.ndarray, key: float) -> float | None:
    """Return how far a steady note is from a key in cents, by its autocorrelation; None if no period is near it."""
    part = audio[RATE_HZ // 2 : RATE_HZ // 2 + 16384]
    if len(part) < 16384 or float(np.abs(part).max()) < 1e-3:
        return None
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)), 4 * len(part))) ** 2
    correlation = np.fft.irfft(spectrum)
    period = RATE_HZ / hertz(key)
    lags = np.arange(max(int(period / 1.12), 2), int(period * 1.12) + 2)
    best = int(lags[np.argmax(correlation[lags])])
    before, here, after = correlation[best - 1 : best + 2]
    if here < 0.5 * correlation[0] or best in (lags[0], lags[-1]):
        return None
    exact = best + 0.5 * (before - after) / (before - 2 * here + after - 1e-12)
    return float(1200 * np.log2(period / exact))


def _maker(model: str) -> ModelledProgram:
    ranges = {"Clarinet": (50, 86), "BlowHole": (50, 86), "Saxofony": (44, 84), "Flute": (60, 93), "Brass": (52, 84)}

    def make(key: int, seconds: float, variant: int, vowel: str) -> np.ndarray:
        wanted, audio = float(key), np.zeros(0, np.float32)
        for _ in range(3):  # the models are out of tune by up to a semitone; the bore is made shorter or longer
            audio = play_note(model, wanted, seconds + 0.1, variant)
            off = cents_from(audio, key)
            if off is None:
                break
            if abs(off) < 3:
                break
            wanted -= off / 100
        rng = np.random.default_rng([5, variant, key])
        breath = sosfilt(butter(1, (1000, 7000), "band", fs=RATE_HZ, output="sos"), rng.standard_normal(len(audio)))
        level = float(np.sqrt(np.mean(audio**2))) * _MODELS[model][1] * rng.uniform(0, 1)
        shape = np.clip(np.arange(len(audio)) / 2000.0, 0, 1)
        return np.asarray(audio + breath * shape * level / max(float(np.std(breath)), 1e-9), np.float32)

    lowest, highest = ranges.get(model, (54, 96))
    return ModelledProgram(make, lowest, highest, release_seconds=0.25)


_PROGRAMS = {
    40: _maker("Bowed"),
    42: ModelledProgram(_maker("Bowed").make, 36, 76, release_seconds=0.35),
    56: _maker("Brass"),
    65: _maker("Saxofony"),
    71: _maker("Clarinet"),
    73: _maker("Flute"),
}
