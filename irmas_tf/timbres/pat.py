"""Reading Gravis Ultrasound patches (.pat): one instrument or one drum per file, as FreePats has them.

Source: "Gravis UltraSound Lowlevel ToolKit" 2.22, appendix A (Advanced Gravis and Forte, 1994), for the layout and the
envelope's units: levels are logarithmic, 16 steps for a factor of 2, and rates count steps per tick of 44100 Hz.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np

from irmas_tf.timbres.notes import DRUM_BANK
from irmas_tf.timbres.zones import SoundFontError, Zone, spread_zones

_HEADER = np.dtype(
    [("magic", "S12"), ("id", "S10"), ("text", "S60"), ("instruments", "u1"), ("rest", "V46"), ("instrument", "V63"),
     ("layer", "V6"), ("samples", "u1"), ("reserved", "V40")]
)  # fmt: skip
_SAMPLE = np.dtype(
    [("name", "S7"), ("fractions", "u1"), ("bytes", "<u4"), ("loop_start", "<u4"), ("loop_end", "<u4"),
     ("rate", "<u2"), ("low", "<u4"), ("high", "<u4"), ("root", "<u4"), ("tune", "<i2"), ("balance", "u1"),
     ("rates", "u1", 6), ("levels", "u1", 6), ("tremolo", "V3"), ("vibrato", "V3"), ("modes", "u1"),
     ("scale_key", "<i2"), ("scale", "<u2"), ("reserved", "V36")]
)  # fmt: skip
_BITS_16, _UNSIGNED, _LOOP, _BACK_AND_FORTH, _BACKWARDS, _SUSTAIN, _ENVELOPE = 1, 2, 4, 8, 16, 32, 64
_DB_PER_STEP = 20.0 * np.log10(2.0) / 16.0
_LONGEST_SECONDS = 30.0
_NUMBER = re.compile(r"^(\d{3})[_ .-]")


def _key(millihertz: int) -> float:
    """Return the fractional MIDI key of a frequency in thousandths of a hertz."""
    return float(69.0 + 12.0 * np.log2(max(int(millihertz), 1) / 440000.0))


def _seconds_for(rate: int, steps: float) -> float:
    """Return how long an envelope takes for ``steps`` at a rate byte: mantissa, and its divisor in the top two bits."""
    speed = (rate & 63) / 8.0 ** (rate >> 6)  # steps of 1/16 level per tick, as the hardware counts its 12-bit volume
    return _LONGEST_SECONDS if speed <= 0 else float(min(steps * 16.0 / speed / 44100.0, _LONGEST_SECONDS))


class Patch:
    """One .pat file.

    Args:
        path: the file.
        drum: it sounds at its own pitch on every key, once through.

    Attributes:
        zones: its samples, with ``sample`` counted from ``first_sample``.

    Raises:
        SoundFontError: not a patch, damaged, or in a form that nobody made instruments in; the message names the file.
    """

    def __init__(self, path: Path | str, drum: bool = False, first_sample: int = 0) -> None:
        self.path = Path(path)
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise SoundFontError(f"{path}: cannot be read ({error.strerror}); check the path") from error
        if data[:8] != b"GF1PATCH":
            raise SoundFontError(f"{path}: not a Gravis Ultrasound patch; name a .pat file or a folder of them")
        self.zones: list[Zone] = []
        self.waves: list[np.ndarray] = []
        position = _HEADER.itemsize
        if len(data) < position:
            raise self._damaged("its header is cut off")
        for number in range(int(np.frombuffer(data, _HEADER, 1)[0]["samples"])):
            if len(data) < position + _SAMPLE.itemsize:
                raise self._damaged(f"the header of sample {number + 1} is cut off")
            head = np.frombuffer(data, _SAMPLE, 1, position)[0]
            position += _SAMPLE.itemsize
            raw = data[position : position + int(head["bytes"])]
            if len(raw) < int(head["bytes"]):
                raise self._damaged(f"sample {number + 1} has {len(raw)} of {int(head['bytes'])} bytes")
            position += len(raw)
            self._add(head, raw, drum, first_sample)
        if not self.zones:
            raise self._damaged("it holds no sample")

    def _damaged(self, why: str) -> SoundFontError:
        return SoundFontError(f"{self.path}: damaged patch ({why}); install or copy it again")

    def _add(self, head: np.void, raw: bytes, drum: bool, first_sample: int) -> None:
        modes, width = int(head["modes"]), 2 if int(head["modes"]) & _BITS_16 else 1
        codes = np.frombuffer(raw[: len(raw) // width * width], "<u2" if width == 2 else "u1")
        if not modes & _UNSIGNED:
            codes = codes ^ codes.dtype.type(1 << (8 * width - 1))
        wave = (codes.astype(np.float32) - np.float32(1 << (8 * width - 1))) / np.float32(1 << (8 * width - 1))
        first, last = int(head["loop_start"]) // width, int(head["loop_end"]) // width
        if modes & _BACKWARDS:
            wave, first, last = wave[::-1].copy(), len(wave) - last, len(wave) - first
        if len(wave) < 8 or int(head["rate"]) == 0 or int(head["root"]) == 0:
            return
        looped = bool(modes & _LOOP) and not drum and first >= 0 and last <= len(wave) and last - first >= 4
        if looped and modes & _BACK_AND_FORTH:
            back = wave[first:last][::-1]
            wave, last = np.concatenate([wave[:last], back]), last + len(back)
        low, high = (round(_key(head[name])) for name in ("low", "high"))
        root = _key(head["root"])
        attack, sustain, decay, release = 0.0, 0.0, 0.0, 0.1
        if modes & _ENVELOPE and not drum:
            rates, levels = (head[name].astype(int).tolist() for name in ("rates", "levels"))
            attack = 0.25 * _seconds_for(rates[0], levels[0])  # a ramp in decibels sounds at once near its end only
            if modes & _SUSTAIN and levels[2] < max(levels[:2]):
                fall = max(levels[:2]) - levels[2]
                sustain = fall * _DB_PER_STEP
                decay = sum(_seconds_for(rates[i], abs(levels[i] - levels[i - 1])) for i in (1, 2)) * 100.0 / sustain
            release = min(_seconds_for(rates[3], 100.0 / _DB_PER_STEP), 3.0)
        self.waves.append(wave)
        self.zones.append(
            Zone(
                sample=first_sample + len(self.zones),
                start=0,
                end=len(wave),
                loop=(first, last) if looped else None,
                rate_hz=int(head["rate"]),
                root_key=root,
                scale_tuning=0.0 if drum else 100.0,
                attack_seconds=min(attack, 0.3),
                decay_seconds=decay,
                sustain_db=min(sustain, 100.0),
                release_seconds=max(release, 0.05),
                keys=(0, 127) if drum else (max(low, 0), min(max(high, low), 127)),
            )
        )


class PatchFolder:
    """A General MIDI set of patches: files whose names begin with a program's number, drums in folders named Drum....

    Args:
        path: folder, searched with its subfolders; a single ``.pat`` serves every program.

    Attributes:
        path: the folder.

    Raises:
        SoundFontError: there is no patch.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._files: dict[tuple[int, int], Path] = {}
        for file in sorted(self.path.rglob("*.pat")) if self.path.is_dir() else ():
            number = _NUMBER.match(file.name)
            if number is not None:
                bank = DRUM_BANK if file.parent.name.lower().startswith("drum") else 0
                self._files.setdefault((bank, int(number[1])), file)
        if not self._files:
            raise SoundFontError(f"{path}: no patches named like 040_Violin.pat in it; name a folder that has them")
        self._drums = sorted(number for bank, number in self._files if bank == DRUM_BANK)
        self._zones: dict[tuple[int, int], list[Zone]] = {}
        self._waves: dict[int, np.ndarray] = {}

    def zones(self, bank: int, program: int) -> list[Zone]:
        """Return every zone of a preset; the drum kit 0 is all drums, each on its own key.

        Raises:
            SoundFontError: a patch is damaged.
        """
        if (bank, program) not in self._zones:
            zones: list[Zone] = []
            if bank == DRUM_BANK and program == 0:
                for number in self._drums:
                    for zone in self._load(DRUM_BANK, number, drum=True):
                        zones.append(_on_key(zone, number))
            elif bank == 0 and (0, program) in self._files:
                zones = spread_zones(self._load(0, program, drum=False))
            self._zones[bank, program] = zones
        return self._zones[bank, program]

    def _load(self, bank: int, number: int, drum: bool) -> list[Zone]:
        patch = Patch(self._files[bank, number], drum, first_sample=len(self._waves))
        self._waves.update(enumerate(patch.waves, len(self._waves)))
        return patch.zones

    def samples(self, zone: Zone) -> np.ndarray:
        """Return a zone's sample data, float32 in [-1, 1)."""
        return self._waves[zone.sample]


def _on_key(zone: Zone, key: int) -> Zone:
    return dataclasses.replace(zone, keys=(key, key))
