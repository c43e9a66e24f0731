"""Reading SoundFont 2 files: which samples a key of a preset plays, and with which envelope, filter and tuning.

Source: SoundFont Technical Specification 2.04 (E-mu Systems, 2006), sections 6 to 9. What a rendered corpus needs is
read: key and velocity ranges, loops, tuning, attenuation, volume envelope, filter and the envelope that moves it.
Modulators and LFOs are not: vibrato, swells and velocity are the performer's business here (`timbres.sampler`).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np

from irmas_tf.timbres.sf3 import COMPRESSED, count_frames, decode
from irmas_tf.timbres.zones import MAX_TIMECENTS, SoundFontError, Zone

# Generator numbers, section 8.1.2.
_START, _END, _LOOP_START, _LOOP_END, _START_COARSE = 0, 1, 2, 3, 4
_FILTER_CENTS, _FILTER_ENVELOPE, _END_COARSE = 8, 11, 12
_MOD_ATTACK, _MOD_HOLD, _MOD_DECAY, _MOD_SUSTAIN = 26, 27, 28, 29
_DELAY, _ATTACK, _HOLD, _DECAY, _SUSTAIN, _RELEASE, _KEY_TO_DECAY = 33, 34, 35, 36, 37, 38, 40
_INSTRUMENT, _KEY_RANGE, _VELOCITY_RANGE, _LOOP_START_COARSE, _ATTENUATION = 41, 43, 44, 45, 48
_LOOP_END_COARSE, _COARSE_TUNE, _FINE_TUNE, _SAMPLE, _LOOP_MODE = 50, 51, 52, 53, 54
_SCALE_TUNING, _ROOT_KEY = 56, 58

_UNSIGNED = (_INSTRUMENT, _KEY_RANGE, _VELOCITY_RANGE, _SAMPLE, _LOOP_MODE)
_DEFAULTS = {
    _FILTER_CENTS: 13500,
    _DELAY: -12000,
    _ATTACK: -12000,
    _HOLD: -12000,
    _DECAY: -12000,
    _RELEASE: -12000,
    _MOD_ATTACK: -12000,
    _MOD_HOLD: -12000,
    _MOD_DECAY: -12000,
    _SCALE_TUNING: 100,
    _ROOT_KEY: -1,
}
# Preset generators add to the instrument's, except these, which mean nothing at preset level (section 8.5).
_NOT_ADDED = (
    _INSTRUMENT,
    _KEY_RANGE,
    _VELOCITY_RANGE,
    _SAMPLE,
    _LOOP_MODE,
    _ROOT_KEY,
    _START,
    _END,
    _LOOP_START,
    _LOOP_END,
    _START_COARSE,
    _END_COARSE,
    _LOOP_START_COARSE,
    _LOOP_END_COARSE,
)
_DTYPES = {
    b"phdr": np.dtype([("name", "S20"), ("program", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("unused", "V12")]),
    b"inst": np.dtype([("name", "S20"), ("bag", "<u2")]),
    b"bag": np.dtype([("generator", "<u2"), ("modulator", "<u2")]),
    b"gen": np.dtype([("number", "<u2"), ("amount", "<u2")]),
    b"shdr": np.dtype(
        [
            ("name", "S20"),
            ("start", "<u4"),
            ("end", "<u4"),
            ("loop_start", "<u4"),
            ("loop_end", "<u4"),
            ("rate", "<u4"),
            ("key", "u1"),
            ("correction", "i1"),
            ("link", "<u2"),
            ("kind", "<u2"),
        ]
    ),
}


def bundled_soundfont() -> Path:
    """Return the General MIDI SoundFont (TimGM6mb, GPL-2) that pretty_midi's wheel carries, without importing it.

    Raises:
        SoundFontError: pretty_midi is not installed, or a version without the file is.
    """
    spec = importlib.util.find_spec("pretty_midi")
    path = Path(spec.origin).parent / "TimGM6mb.sf2" if spec and spec.origin else None
    if path is None or not path.is_file():
        raise SoundFontError(
            "no SoundFont: pretty_midi, whose wheel carries TimGM6mb.sf2, is not installed."
            " Run `pip install irmas_tf[demo]`, or name a file with --soundfont FILE.sf2"
        )
    return path


def _seconds(timecents: float) -> float:
    return float(2.0 ** (min(timecents, MAX_TIMECENTS) / 1200.0)) if timecents > -12000 else 0.0


class SoundFont:
    """A parsed SoundFont; sample data stay in the file and are mapped into memory.

    Attributes:
        path: the file.
        presets: names by (bank, program).
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        try:
            size = self.path.stat().st_size
            with open(self.path, "rb") as stream:
                head = stream.read(12)
            if head[:4] != b"RIFF" or head[8:12] != b"sfbk":
                raise SoundFontError(f"{self.path}: not a SoundFont 2 file; name a .sf2 or .sf3 with --soundfont")
            tables = self._find_chunks(size)
            self._sample_bytes = tables[b"smpl"]
            self._samples = np.memmap(self.path, "<i2", "r", tables[b"smpl"][0], (tables[b"smpl"][1] // 2,))
            self._pdta = {
                tag: self._table(tables, tag) for tag in (b"phdr", b"pbag", b"pgen", b"inst", b"ibag", b"igen", b"shdr")
            }
        except OSError as error:
            raise SoundFontError(f"{self.path}: cannot be read ({error.strerror}); check --soundfont") from error
        except (KeyError, ValueError, IndexError) as error:
            if isinstance(error, SoundFontError):
                raise
            raise SoundFontError(f"{self.path}: damaged SoundFont ({error}); use another file") from error
        headers = self._pdta[b"phdr"]
        self._preset_index = {
            (int(h["bank"]), int(h["program"])): i for i, h in reversed(list(enumerate(headers[:-1])))
        }
        self.presets = {k: headers[i]["name"].decode("latin-1").strip("\0 ") for k, i in self._preset_index.items()}
        self._zones: dict[tuple[int, int], list[Zone]] = {}

    def _find_chunks(self, size: int) -> dict[bytes, tuple[int, int]]:
        chunks: dict[bytes, tuple[int, int]] = {}
        with open(self.path, "rb") as stream:
            position = 12
            while position + 8 <= size:
                stream.seek(position)
                head = stream.read(12)
                length = int.from_bytes(head[4:8], "little")
                if head[:4] == b"LIST":
                    position += 12
                    continue
                if position + 8 + length > size:
                    raise SoundFontError(f"{self.path}: truncated SoundFont; download or copy it again")
                chunks[head[:4]] = (position + 8, length)
                position += 8 + length
                if length & 1:  # FluidR3Mono_GM.sf3 does without the byte that RIFF has after an odd chunk
                    stream.seek(position)
                    position += 0 if stream.read(4) == b"LIST" else 1
        return chunks

    def _table(self, chunks: dict[bytes, tuple[int, int]], tag: bytes) -> np.ndarray:
        dtype = _DTYPES.get(tag) or _DTYPES[tag[1:]]
        offset, length = chunks[tag]
        return np.fromfile(self.path, dtype, length // dtype.itemsize, offset=offset)

    def _bags(self, table: bytes, index: int) -> list[dict[int, int]]:
        headers, bags, generators = self._pdta[table], self._pdta[table[:1] + b"bag"], self._pdta[table[:1] + b"gen"]
        zones = []
        for bag in range(int(headers[index]["bag"]), int(headers[index + 1]["bag"])):
            rows = generators[int(bags[bag]["generator"]) : int(bags[bag + 1]["generator"])]
            zones.append(
                {
                    int(n): int(a) if n in _UNSIGNED else int(np.uint16(a).astype(np.int16))
                    for n, a in zip(rows["number"], rows["amount"], strict=True)
                }
            )
        return zones

    def zones(self, bank: int, program: int) -> list[Zone]:
        """Return every zone of a preset, in file order (empty if the SoundFont has no such preset)."""
        if (bank, program) not in self._zones:
            self._zones[bank, program] = self._resolve(bank, program)
        return self._zones[bank, program]

    def _resolve(self, bank: int, program: int) -> list[Zone]:
        if (bank, program) not in self._preset_index:
            return []
        resolved: list[Zone] = []
        preset_global: dict[int, int] = {}
        for number, local in enumerate(self._bags(b"phdr", self._preset_index[bank, program])):
            if _INSTRUMENT not in local:
                preset_global = local if number == 0 else preset_global
                continue
            preset = {**preset_global, **local}
            instrument_global: dict[int, int] = {}
            for inner, zone in enumerate(self._bags(b"inst", preset[_INSTRUMENT])):
                if _SAMPLE not in zone:
                    instrument_global = zone if inner == 0 else instrument_global
                    continue
                built = self._zone({**_DEFAULTS, **instrument_global, **zone}, preset)
                if built is not None:
                    resolved.append(built)
        return resolved

    def _zone(self, inner: dict[int, int], preset: dict[int, int]) -> Zone | None:
        value = dict(inner)
        for number, amount in preset.items():
            if number not in _NOT_ADDED:
                value[number] = value.get(number, 0) + amount

        def span(number: int) -> tuple[int, int]:
            ranges = [g[number] for g in (inner, preset) if number in g]
            return max([r & 255 for r in ranges], default=0), min([r >> 8 for r in ranges], default=127)

        sample = self._pdta[b"shdr"][value[_SAMPLE]]
        if int(sample["kind"]) & 0x8000 or int(sample["rate"]) == 0:  # ROM samples are not in the file
            return None
        if int(sample["kind"]) & COMPRESSED:
            return self._finish_zone(sample, value, span, *self._compressed_place(value[_SAMPLE]))
        start = int(sample["start"]) + value.get(_START, 0) + 32768 * value.get(_START_COARSE, 0)
        end = int(sample["end"]) + value.get(_END, 0) + 32768 * value.get(_END_COARSE, 0)
        first = int(sample["loop_start"]) + value.get(_LOOP_START, 0) + 32768 * value.get(_LOOP_START_COARSE, 0)
        last = int(sample["loop_end"]) + value.get(_LOOP_END, 0) + 32768 * value.get(_LOOP_END_COARSE, 0)
        return self._finish_zone(sample, value, span, start, min(end, len(self._samples)), first, last)

    def _compressed_place(self, number: int) -> tuple[int, int, int, int]:
        """Return start, end, and the loop of a compressed sample, in frames of its own."""
        sample = self._pdta[b"shdr"][number]
        try:
            frames = count_frames(self._compressed(number))
        except SoundFontError as error:
            raise SoundFontError(f"{self.path}: {error}; use another file") from error
        return 0, frames, int(sample["loop_start"]), int(sample["loop_end"])

    def _compressed(self, number: int) -> bytes:
        sample, (offset, length) = self._pdta[b"shdr"][number], self._sample_bytes
        first, last = int(sample["start"]), min(int(sample["end"]), length)
        with open(self.path, "rb") as stream:
            stream.seek(offset + first)
            return stream.read(max(last - first, 0))

    def _finish_zone(
        self,
        sample: np.void,
        value: dict[int, int],
        span: Callable[[int], tuple[int, int]],
        start: int,
        end: int,
        first: int,
        last: int,
    ) -> Zone | None:
        looped = bool(value.get(_LOOP_MODE, 0) & 1) and start <= first < last <= end and last - first >= 4
        keys, velocities = span(_KEY_RANGE), span(_VELOCITY_RANGE)
        if end - start < 8 or keys[0] > keys[1] or velocities[0] > velocities[1]:
            return None
        root = value[_ROOT_KEY] if 0 <= value[_ROOT_KEY] <= 127 else min(int(sample["key"]), 127)
        tune = value.get(_COARSE_TUNE, 0) + (value.get(_FINE_TUNE, 0) + int(sample["correction"])) / 100.0
        scale = max(value[_SCALE_TUNING], 1)
        return Zone(
            sample=value[_SAMPLE],
            start=start,
            end=end,
            loop=(first - start, last - start) if looped else None,
            rate_hz=int(sample["rate"]),
            root_key=root - tune * 100.0 / scale,
            scale_tuning=float(scale),
            # Players halve-and-more the written attenuation (factor 0.4), and SoundFonts are tuned to that.
            attenuation_db=max(0.0, value.get(_ATTENUATION, 0) * 0.04),
            filter_cents=float(min(max(value[_FILTER_CENTS], 1500), 13500)),
            filter_envelope_cents=float(value.get(_FILTER_ENVELOPE, 0)),
            mod_attack_seconds=_seconds(value[_MOD_ATTACK]),
            mod_hold_seconds=_seconds(value[_MOD_HOLD]),
            mod_decay_seconds=_seconds(value[_MOD_DECAY]),
            mod_sustain=float(np.clip(1.0 - value.get(_MOD_SUSTAIN, 0) / 1000.0, 0, 1)),
            attack_seconds=_seconds(value[_ATTACK]),
            hold_seconds=_seconds(value[_HOLD]),
            decay_seconds=_seconds(value[_DECAY]),
            decay_cents_per_key=float(value.get(_KEY_TO_DECAY, 0)),
            sustain_db=float(np.clip(value.get(_SUSTAIN, 0) / 10.0, 0, 100)),
            release_seconds=_seconds(value[_RELEASE]),
            keys=keys,
            velocities=velocities,
        )

    def samples(self, zone: Zone) -> np.ndarray:
        """Return a zone's sample data as float32 in [-1, 1).

        Raises:
            SoundFontError: a compressed sample is damaged.
        """
        if int(self._pdta[b"shdr"][zone.sample]["kind"]) & COMPRESSED:
            try:
                return decode(self._compressed(zone.sample))[zone.start : zone.end]
            except SoundFontError as error:
                raise SoundFontError(f"{self.path}: {error}; use another file") from error
        return self._samples[zone.start : zone.end].astype(np.float32) / 32768.0
