"""Which files of a run folder belong together: the model says what it expects, the others name it by its checksum.

``model.keras`` holds, beside what Keras reads, the facts that decide what it answers (`facts_of`). ``identity.json``
names the SHA-256 of the model with that of the split and the hash of the configuration it was trained with;
``thresholds.json`` and the figures of an evaluation name the model as well. All is written so that a kill at any moment
leaves the model with what belongs to it: the entries of the model before stay until the next one is there.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from irmas_tf.config.branches import Branch, FrontEndBranch
from irmas_tf.config.run_config import Config
from irmas_tf.process.atomic_files import atomic_path, write_json_atomic
from irmas_tf.process.bounded_json import BoundedJsonError, parse_json, read_json
from irmas_tf.process.bounded_zip import bounded_zip, read_member
from irmas_tf.process.checksums import checksum_of
from irmas_tf.process.exit_codes import one_line
from irmas_tf.process.held_temporary import held_file, working_folder
from irmas_tf.process.places import why_no_folder
from irmas_tf.process.shell_words import shell_path
from irmas_tf.runs.run_dir import RunDir, RunDirError
from irmas_tf.runs.thresholds import Thresholds

FORMAT = 1
_KERAS_CONFIG = "config.json"
_METADATA = "metadata.json"
_FACTS = "irmas_tf"
"""In `_METADATA`: one more entry of the archive, and Keras would unpack all of it to the disk at every load."""
_FACTS_ENTRY = "irmas_tf.json"
"""Where the facts stood before."""
_COPIED_BYTES = 1 << 20  # at a time
_MOST_BYTES = 64 << 20  # of a description in a model's file; that of CNN14 has 60 kB
_BRANCH_LAYER = re.compile(r"branch(\d+)_")
_SHARED = re.compile(rb'(?<!\\)("shared_object_id": )(\d+)')
_SHOWN_LETTERS = 120
_NAMES = ("model_sha256", "config_hash", "split_sha256")
_warned: set[Path] = set()


def facts_of(config: Config) -> dict[str, Any]:
    """Return what decides how a model is asked and what it answers, JSON-ready."""
    return {
        "sample_rate_hz": config.audio.sample_rate_hz,
        "window_samples": config.audio.window_samples,
        "task": config.model.task,
        "classes": list(config.labels.codes),
        "branches": [branch.spec() for branch in config.model.branch_configs],
    }


def publish_model(
    run: RunDir, config: Config, save: Callable[[Path], object], thresholds: Thresholds | None = None
) -> None:
    """Make a model the run's best one, with all that names it.

    Args:
        run: the folder.
        config: the configuration it was trained with.
        save: writes the Keras model to a path.
        thresholds: levels chosen on its scores; a single-label model has none.
    """
    with working_folder(), atomic_path(run.model_path) as temporary:
        with held_file(run.path, run.model_path.suffix) as saved:
            save(saved)
            _describe(saved, temporary, facts_of(config))
        entry = _entry(run, config, checksum_of(temporary))
        before = checksum_of(run.model_path) if run.model_path.is_file() else ""
        if thresholds is not None:
            thresholds.save(run.thresholds_path, entry["model_sha256"], before)
        kept = [other for other in _models(run) or () if other["model_sha256"] == before != entry["model_sha256"]]
        write_json_atomic(run.identity_path, {"format": FORMAT, "models": [entry, *kept]})


def _describe(saved: Path, described: Path, facts: Mapping[str, Any]) -> None:
    """Copy a model with facts in its metadata, so that the same weights are the same file whoever saves them when.

    Keras writes the time, and numbers objects that layers share by where they lie in memory.
    """
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(described, "w") as target:
        target.comment = source.comment
        for item in source.infolist():
            with source.open(item) as content, target.open(zipfile.ZipInfo(item.filename), "w") as copy:
                if item.filename == _METADATA:
                    metadata = {**json.load(content), _FACTS: facts}
                    metadata.pop("date_saved", None)
                    copy.write(json.dumps(metadata, ensure_ascii=False).encode())
                elif item.filename == _KERAS_CONFIG:
                    copy.write(_numbered_anew(content.read()))
                else:
                    shutil.copyfileobj(content, copy, _COPIED_BYTES)


def _numbered_anew(description: bytes) -> bytes:
    numbers: dict[bytes, int] = {}
    return _SHARED.sub(lambda found: found[1] + b"%d" % numbers.setdefault(found[2], len(numbers)), description)


def check_model(run: RunDir, config: Config) -> None:
    """Refuse a ``model.keras`` that is not of its run; warn once of a run that an earlier version wrote.

    Reads the facts in the file and its checksum, needs no TensorFlow, and does nothing where there is no such file.

    Raises:
        RunDirError: the model is another run's; the message has the facts that differ, if any do.
    """
    path = run.model_path
    if not path.is_file() or not zipfile.is_zipfile(path):
        return
    if differences := list(_differences(path, config)):
        raise RunDirError(
            f"{path}: is not the model of this run: {'; '.join(differences[:2])}; the run folder mixes two trainings:"
            " restore its own model.keras, or train again into a new --run_dir"
        )
    known = _models(run)
    if known is None:
        if run.path not in _warned:
            _warned.add(run.path)
            print(
                f"warning: {run.path}: written by an earlier version, its files do not name each other;"
                f" irmas upgrade-run --run_dir={shell_path(run.path)} writes down that they belong together",
                file=sys.stderr,
            )
        return
    if not any(entry["model_sha256"] == checksum_of(path) for entry in known):
        raise RunDirError(
            f"{path}: is not the model of this run: it has the same classes and inputs, and is another file than the"
            f" one that {run.identity_path.name} names; restore it, or train again into a new --run_dir (if it is the"
            f" same model, saved again, delete {run.identity_path.name} and run irmas upgrade-run)"
        )


def check_split(run: RunDir) -> None:
    """Refuse a ``split.json`` that is not the one the run's model was trained with, where that is written down.

    Raises:
        RunDirError: it is another one: scores on its validation side would be of songs that the model has learnt.
    """
    known = _models(run)
    if not known or not run.split_path.is_file():
        return
    named = {entry["split_sha256"] for entry in known}
    if "" not in named and checksum_of(run.split_path) not in named:
        raise RunDirError(
            f"{run.split_path}: is not the split that {run.model_path.name} was trained with, so that its validation"
            " side may hold songs the model has learnt; restore the file"
        )


def upgrade(run: RunDir, config: Config) -> str:
    """Let the files of a run that an earlier version wrote name each other; return a line about it.

    Thresholds are taken to be the model's, as they are written together. Figures of evaluations are not: the training
    may have gone on after them.

    Raises:
        RunDirError: there is no model, or it is another run's.
        ThresholdsError: the thresholds are damaged.
    """
    if not run.model_path.is_file():
        raise RunDirError(f"{run.model_path}: no model yet; train the run first (irmas train)")
    _warned.add(run.path)
    check_model(run, config)
    if _models(run) is not None:
        return f"{run.path}: its files name each other already"
    if reason := why_no_folder(run.path):
        raise RunDirError(f"--run_dir={run.path}: {reason}")
    entry = _entry(run, config, checksum_of(run.model_path))
    if run.thresholds_path.exists():
        thresholds = Thresholds.load(run.thresholds_path, config.labels.codes)
        thresholds.save(run.thresholds_path, entry["model_sha256"])
    write_json_atomic(run.identity_path, {"format": FORMAT, "models": [entry]})
    return f"{run.path}: its files name each other now, in {run.identity_path.name}"


def _entry(run: RunDir, config: Config, model_sha256: str) -> dict[str, str]:
    split = checksum_of(run.split_path) if run.split_path.is_file() else ""
    return {"model_sha256": model_sha256, "config_hash": config.hash, "split_sha256": split}


def _models(run: RunDir) -> list[dict[str, str]] | None:
    """Return the entries of identity.json, the newest first; None of a run of an earlier version.

    Raises:
        RunDirError: the file is damaged.
    """
    path = run.identity_path
    try:
        found = read_json(path)
        models = [{**{"config_hash": "", "split_sha256": ""}, **entry} for entry in found["models"]]
        if found["format"] != FORMAT or not all(isinstance(entry[name], str) for entry in models for name in _NAMES):
            raise BoundedJsonError(str(path), "is not of this version")
        return models
    except FileNotFoundError:
        return None
    except (OSError, BoundedJsonError, TypeError, KeyError) as error:
        reason = error.reason if isinstance(error, BoundedJsonError) else one_line(error)
        raise RunDirError(
            f"{path}: is damaged ({reason}); restore it, or delete it and run irmas upgrade-run"
        ) from error


def _differences(path: Path, config: Config) -> Iterator[str]:
    """Yield the facts in which a model's file and a configuration differ, in words."""
    wanted = facts_of(config)
    own = (_read_entry(path, _METADATA) or {}).get(_FACTS) or _read_entry(path, _FACTS_ENTRY)
    if not isinstance(own, dict):
        yield from _differences_of_layers(_read_entry(path, _KERAS_CONFIG) or {}, config)
        return
    for name, value in wanted.items():
        if name in own and own[name] != value:
            yield f"{name} {_shown(own[name])} in {path.name}, {_shown(value)} in config.json"


def _differences_of_layers(description: Mapping[str, Any], config: Config) -> Iterator[str]:
    """Yield what the layers of a model that does not describe itself tell; ``description`` is Keras' own."""
    try:
        layers = [layer["config"] for layer in description["config"]["layers"]]
        rates = {layer["sample_rate_hz"] for layer in layers if "sample_rate_hz" in layer}
        classes = {layer["units"] for layer in layers if layer.get("name") == "logits" and "units" in layer}
        by_name = {str(layer.get("name")): layer for layer in layers}
    except (TypeError, KeyError, AttributeError):
        return  # Keras says what is wrong with it
    for rate in sorted(rates - {config.audio.sample_rate_hz}, key=str):
        yield f"sample_rate_hz {rate} in the model's layers, {config.audio.sample_rate_hz} in config.json"
    for units in sorted(classes - {config.labels.num_classes}, key=str):
        yield f"{units} classes in the model, {config.labels.num_classes} in config.json"
    branches, given = config.model.branch_configs, {m[1] for name in by_name if (m := _BRANCH_LAYER.match(name))}
    if given and len(given) != len(branches):
        yield f"{len(given)} branches in the model, {len(branches)} in config.json"
    elif given:
        for number, branch in enumerate(branches):
            yield from _differences_of_branch(by_name, f"branch{number}_{branch.scale}", branch, config)


def _differences_of_branch(
    by_name: Mapping[str, Mapping[str, Any]], prefix: str, branch: Branch, config: Config
) -> Iterator[str]:
    """Yield what the layers of a branch tell, by its network's or front-end's name and the front-end's settings.

    Args:
        by_name: name -> Keras configuration of each layer of the model.
        prefix: what the names of the branch's layers begin with, if it is the configuration's.
        branch, config: the configuration.
    """
    begins = prefix.partition("_")[0]
    if not any(f"{name}_".startswith(f"{prefix}_") for name in by_name):
        layer = next((name for name in by_name if name.startswith(f"{begins}_")), "none")
        yield f"{begins} is {_shown(layer)} in the model, {branch.scale} in config.json"
    elif isinstance(branch, FrontEndBranch):
        layer_config = by_name.get(f"{prefix}_{branch.LAYER_NAME}", {})
        for name, value in branch.layer_arguments(config).items():
            own = layer_config.get(name, value)
            if isinstance(value, (int, float, str)) and own != value and name != "sample_rate_hz":
                yield f"{name} {_shown(own)} in {prefix} of the model, {_shown(value)} in config.json"


def _read_entry(path: Path, name: str) -> dict[str, Any] | None:
    """Return a JSON object in an archive, None if it is not there or is none."""
    try:
        with bounded_zip(path) as archive:
            found = parse_json(read_member(archive, name, _MOST_BYTES), name)
    except (OSError, KeyError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _shown(value: Any) -> str:
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= _SHOWN_LETTERS else f"{text[:_SHOWN_LETTERS]}..."
