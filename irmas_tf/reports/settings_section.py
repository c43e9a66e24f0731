"""The configuration of a run on the report page."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

from irmas_tf.config.run_config import SECTIONS, Config
from irmas_tf.config.settings import ConfigError, format_value
from irmas_tf.pictures.class_names import several
from irmas_tf.process.bounded_json import read_json
from irmas_tf.reports.page import SETTINGS, Section, Table
from irmas_tf.runs.origin import origin_path
from irmas_tf.runs.run_dir import RunDir

EMPTY = "(empty)"


def settings_section(config: Config, run: RunDir | None = None) -> Section:
    """Return the settings that differ from the defaults; folded, all of them and what the run was made with.

    Args:
        config: the run's configuration.
        run: its folder; what it says about versions, and about where its weights come from, is shown too.
    """
    values = config.to_dict()
    changed, every = [], []
    for section, kind in SECTIONS.items():
        for field in dataclasses.fields(kind):
            value = _shown(field.name, format_value(values[section][field.name]))
            default = _shown(field.name, format_value(field.default))
            every.append((f"--{field.name}", value, section))
            if value != default and not _follows_from_default(getattr(config, section), field):
                changed.append((f"--{field.name}", value, default))
    folded = [Table("All settings", ("setting", "value", "section"), tuple(every), class_="stack mono")]
    if run is not None:
        made_with = tuple(_made_with(run))
        if made_with:
            folded.append(Table("What the run was made with", ("what", "value"), made_with, class_="stack mono"))
    return Section(
        SETTINGS,
        "Configuration",
        f"Configuration {config.hash}: the settings that differ from the defaults.",
        (Table("Changed settings", ("setting", "value", "default"), tuple(changed), class_="stack mono"),),
        tuple(folded),
        "All settings, and the versions they ran with",
    )


def _shown(name: str, value: str) -> str:
    """Return a value as the tables have it; of many classes the first, all of them are in the run's config.json."""
    return (several(value.split(",")) if name == "classes" else value) or EMPTY


def _follows_from_default(section: Any, field: dataclasses.Field[Any]) -> bool:
    """Return whether a setting is what its default stands for beside the others, as a hop of 0 for half a window."""
    try:
        return bool(dataclasses.replace(section, **{field.name: field.default}) == section)
    except ConfigError:  # the default does not go with the others
        return False


def _made_with(run: RunDir) -> Iterator[tuple[str, str]]:
    """Yield what the run folder says about its origins; an unreadable file says nothing."""
    for path in (run.versions_path, origin_path(run), run.pretrained_path):
        try:
            facts = read_json(path)
        except (OSError, ValueError):
            continue
        if isinstance(facts, dict):
            for key, value in facts.items():
                yield key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        elif isinstance(facts, list):
            for item in facts:
                yield path.stem, json.dumps(item, ensure_ascii=False)
