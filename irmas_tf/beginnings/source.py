"""What ``--init_from`` names, checked before anything heavy is imported."""

from __future__ import annotations

import dataclasses
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from irmas_tf.beginnings.who_saw import seen_before, write_seen
from irmas_tf.config.branches import FrontEndBranch
from irmas_tf.config.run_config import Config
from irmas_tf.config.settings import ConfigError, format_value
from irmas_tf.datasets.dataset import LabelledExcerpt
from irmas_tf.models.weight_table import WeightsError
from irmas_tf.process.bounded_json import read_json
from irmas_tf.process.checksums import checksum_of
from irmas_tf.runs.identity import check_model
from irmas_tf.runs.origin import INIT_FROM, read_origin
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.weights.weight_file import read_weight_file

_CORPUS = "corpus.json"  # what the composer leaves in a folder of its music
_SHAPES = ("block", "stem_stride", "stage_channels", "width_multiplier", "depth_multiplier", "pooling")
_FRONT_ENDS = ("mel_scale", "log_offset")


@dataclasses.dataclass(frozen=True)
class Source:
    """A model whose weights a training begins with.

    Attributes:
        model_path: the .keras file.
        run: the run folder that it lies in; None if it lies in none.
        config: that run's configuration.
    """

    model_path: Path
    run: RunDir | None = None
    config: Config | None = None


def find_source(config: Config, run: RunDir) -> Source | None:
    """Return what ``--init_from`` names, or None if the training begins with random or published weights.

    Raises:
        ConfigError: there is no such run or model, or it does not fit: what differs is named on both sides.
        RunDirError: the run's configuration is damaged, or its model is another run's.
    """
    if not config.model.init_from:
        return None
    path, shown = Path(config.model.init_from).expanduser(), f"--init_from={config.model.init_from}"
    folder = RunDir(path if path.is_dir() else path.parent)
    model_path = folder.model_path if path.is_dir() else path
    if not path.exists():
        raise ConfigError(f"{shown}: there is no such run folder or .keras model")
    if path.is_dir() and not folder.config_path.exists():
        raise ConfigError(f"{shown}: is not a run: it has no {folder.config_path.name}")
    if folder.path.resolve() == run.path.resolve():
        raise ConfigError(f"{shown}: is this run itself; to go on with it, raise --epochs and leave out --init_from")
    if not model_path.exists():
        raise ConfigError(f"{shown}: has no {model_path.name} yet; train that run first")
    if not zipfile.is_zipfile(model_path):
        from irmas_tf.weights.model_files import describe

        raise ConfigError(f"{shown}: {describe(model_path, wanted='a Keras model')}")
    if not folder.config_path.exists():
        return Source(model_path)
    source = Source(model_path, folder, folder.load_config())
    if path.is_dir() and source.config:
        check_model(folder, source.config)
    if differences := _differences(config, source.config or config):
        raise ConfigError(f"{shown}: its weights are of another network: {'; '.join(differences)}")
    return source


def _differences(ours: Config, theirs: Config) -> list[str]:
    """Return "it has --flag=theirs, and here it is ours" for all that its branches' weights depend on."""
    pairs = [
        (name, getattr(ours.audio, name), getattr(theirs.audio, name)) for name in ("sample_rate_hz", "window_seconds")
    ]
    names = ["head_from_pretrained"]
    if any(isinstance(branch, FrontEndBranch) for branch in ours.model.branch_configs):
        names += [*_FRONT_ENDS, *_SHAPES]
    pairs += [(name, getattr(ours.model, name), getattr(theirs.model, name)) for name in names]
    found = [pair for pair in pairs if pair[1] != pair[2]]
    if ours.model.branch_configs != theirs.model.branch_configs:
        found.append(("branches", ours.model.branches, theirs.model.branches))
    return [
        f"it has --{name}={format_value(other)}, and this run --{name}={format_value(own)}"
        for name, own, other in found
    ]


def check_same_source(config: Config, run: RunDir) -> None:
    """Check that a run to be resumed began with ``--init_from``, where that is still there.

    Raises:
        ConfigError: it began otherwise, and goes on with what became of that.
        RunDirError: what the run says of its beginning is damaged.
    """
    path = Path(config.model.init_from).expanduser()
    model_path = RunDir(path).model_path if path.is_dir() else path
    if not config.model.init_from or not model_path.is_file():
        return
    began_with = read_origin(run).get(INIT_FROM)
    if began_with is None or began_with.get("sha256") != checksum_of(model_path):
        what = f"another model, {began_with.get('path')}," if began_with else "no other run's weights"
        raise ConfigError(
            f"--init_from={config.model.init_from}: the run began with {what} and goes on with what became of that;"
            " choose another --run_dir to begin with this one"
        )


def check_resumed_weights(config: Config, recorded: Sequence[Mapping[str, Any]]) -> None:
    """Check that a run to be resumed began with the files of ``--pretrained_weights``, where these are still there.

    Args:
        config: the run's configuration, with the files named now.
        recorded: what pretrained.json says since the run began; empty if it loaded nothing.

    Raises:
        WeightsError: it began with other weights, which its checkpoints hold.
    """
    begun_with = [(one["backbone"], one["source"].get("sha256")) for one in recorded]
    for path in config.model.pretrained_weights:
        if not Path(path).expanduser().is_file():
            continue  # not needed any more
        metadata = read_weight_file(path).metadata
        if (metadata["backbone"], metadata["source"].get("sha256")) not in begun_with:
            origin = f"other weights of {', '.join(kind for kind, _ in begun_with)}" if begun_with else "random weights"
            raise WeightsError(
                f"--pretrained_weights={path}: the run began with {origin} and goes on with what became of them;"
                " choose another --run_dir to begin with this file"
            )


def record_songs(
    source: Source, config: Config, run: RunDir, excerpts: Sequence[LabelledExcerpt], names: tuple[str, ...]
) -> list[str]:
    """Write down what the source has learnt from, and return what is to be said of it.

    Args:
        source: what the run begins with.
        config: the run's configuration.
        run: its folder.
        excerpts: all of its data set.
        names: of those that it validates on.

    Raises:
        DataError: the source's split is missing or damaged.
    """
    if source.run is None or source.config is None:
        return [
            f"nothing tells which songs {source.model_path.name} has learnt from; if they are among those to"
            " validate on, the scores are inflated"
        ]
    folders = (config.data.data_dir, source.config.data.data_dir)
    write_seen(run, source.run, same_data=_composer(folders[0]) == _composer(folders[1]))
    return seen_before(run, excerpts, names)


def _composer(data_dir: str) -> Any:
    """Return what identifies a composed corpus; None of other data, and of a folder that is not there any more.

    The composer names its songs as IRMAS does, so that names alone do not tell them apart.
    """
    try:
        facts = read_json(Path(data_dir).expanduser() / _CORPUS)
    except (OSError, ValueError):
        return None
    return {key: value for key, value in facts.items() if key != "complete"} if isinstance(facts, dict) else None
