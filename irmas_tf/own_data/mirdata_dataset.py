"""Data sets of mirdata by name: ``--dataset=mirdata:tinysol --data_dir=DIR`` (extra ``mirdata``)."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from typing import Any

from irmas_tf.config.data import DataConfig
from irmas_tf.config.datasets import variant_of
from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets.check_report import Finding
from irmas_tf.datasets.irmas_layout import DataError, display
from irmas_tf.own_data.label_grammar import Labels
from irmas_tf.own_data.listing import Entry, Listing, gathered, listing, relative_name
from irmas_tf.own_data.mirdata_sets import SETS, MirdataSet
from irmas_tf.own_data.own_dataset import OwnDataset
from irmas_tf.process.optional_packages import require


class Mirdata(OwnDataset):
    """A data set of mirdata, in the folder that mirdata downloaded it to; nothing is downloaded here."""

    has_variants = True

    def __init__(self, settings: DataConfig) -> None:
        self.name = variant_of(settings.dataset)
        if self.name not in SETS:
            extra = "; irmas is read by --dataset=irmas" if self.name == "irmas" else ""
            raise ConfigError(
                f"--dataset={settings.dataset}: write mirdata:NAME with one of {', '.join(SETS)}, which have labels of"
                f" instruments for whole clips{extra}"
            )
        super().__init__(settings)
        if not settings.licence_text:
            self.licence = f"Weights trained on {self.name}: the data is licensed {SETS[self.name].licence}."

    def listing(self, data_dir: str | os.PathLike[str]) -> Listing:
        """Return what the index of mirdata lists.

        Raises:
            MissingPackageError: mirdata is not installed.
            DataError: there is no such folder, no index, or the metadata cannot be read; the message has the remedy.
        """
        require("mirdata", f"--dataset={self.settings.dataset}")
        if not data_dir:
            raise DataError("--data_dir is empty: give the folder that mirdata downloaded the data set to")
        root = Path(data_dir).expanduser()
        if not root.is_dir():
            raise DataError(f"{display(root)}: no such folder; {_download(self.name, root)}")
        return _listing(self.name, SETS[self.name], root, self.settings.classes)


def _download(name: str, root: Path, only: str = "") -> str:
    code = f"import mirdata; mirdata.initialize('{name}', data_home='{display(root)}').download({only})"
    return f'download it with: python -c "{code}"'


def _listing(name: str, kind: MirdataSet, root: Path, classes: tuple[str, ...]) -> Listing:
    import mirdata

    dataset = mirdata.initialize(name, data_home=os.fspath(root))
    # An index may lie beside the data, so that a machine without network, or a test, needs nothing in mirdata's folder.
    beside = root / os.path.basename(dataset.index_path)
    if beside.is_file():
        dataset.index_path = os.fspath(beside)
    elif not os.path.isfile(dataset.index_path):
        only = "['index']"
        raise DataError(f"{display(root)}: mirdata has no index of {name} yet; {_download(name, root, only)}")
    entries: list[Entry] = []
    missing: list[str] = []
    unsaid: list[str] = []
    try:
        tracks: dict[str, Any] = dataset.load_tracks()
        for track_id, track in tracks.items():
            if not os.path.isfile(track.audio_path):
                missing.append(display(os.path.relpath(track.audio_path, root)))
                continue
            try:
                facts = kind.read(track)
            except (KeyError, AttributeError):  # of a track that the metadata lacks, mirdata answers with all of it
                unsaid.append(f"track {track_id}")
                continue
            if None in facts.present:
                unsaid.append(f"track {track_id}")
                continue
            present = tuple(unicodedata.normalize("NFC", label) for label in facts.present)
            rest = facts.absent is not None
            labels = Labels(present, facts.absent or (), rest_is_unknown=rest)
            relative = relative_name(track.audio_path, os.fspath(root))
            entries.append(Entry(track.audio_path, relative, labels, f"track {track_id}", facts.group, facts.part))
    except (OSError, ValueError, LookupError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{display(root)}: mirdata cannot read {name} ({reason}); {_download(name, root)}") from error
    findings: list[Finding] = []
    if missing:
        words, remedy = f"of {len(tracks):,} files of {name} are missing and left out", _download(name, root)
        findings.append(gathered("warning", "missing", missing, words, remedy))
    if unsaid:
        words, remedy = "tracks are not in the metadata and are left out", "restore the metadata file"
        findings.append(gathered("warning", "no_metadata", unsaid, words, remedy))
    if not entries:
        raise DataError(f"{display(root)}: holds no audio of {name}; {_download(name, root)}")
    return listing(root, entries, findings, classes, group_source=kind.groups)
