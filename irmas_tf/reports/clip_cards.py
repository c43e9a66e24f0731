"""Clips on the report page: what the model said over time, beside the sound."""

from __future__ import annotations

import base64
import dataclasses
import io
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import soundfile

from irmas_tf.audio import decode
from irmas_tf.audio.envelope import envelope_of
from irmas_tf.config.labels import LabelScheme
from irmas_tf.inference.activity import Activity
from irmas_tf.pictures.clip_timeline import ActivityRow, clip_timeline
from irmas_tf.reports.page import ClipCard, Section

# MP3 is what every browser plays, mono at this rate about 5 kB a second.
AUDIO_HZ = 24000
AUDIO_SECONDS = 30.0
AUDIO_BYTES = 8 << 20
ENVELOPE_POINTS = 150
MOST_ROWS, LEAST_ROWS = 6, 4


class PageAudio:
    """Gives clips their sound as long as there is room on the page.

    Args:
        wanted: False leaves all sound out.
        budget_bytes: most bytes of MP3 on the page.
    """

    def __init__(self, wanted: bool = True, budget_bytes: int = AUDIO_BYTES) -> None:
        self._wanted = wanted
        self._left = budget_bytes

    def encode(self, waveform: np.ndarray, is_whole: bool) -> tuple[str | None, str]:
        """Return (data URI or None, what to say about it) of a waveform at `AUDIO_HZ`."""
        if not self._wanted:
            return None, ""
        if "MP3" not in soundfile.available_formats():
            return None, "no sound: this system's libsndfile cannot write MP3"
        sound = io.BytesIO()
        soundfile.write(sound, np.clip(waveform, -1.0, 1.0), AUDIO_HZ, format="MP3")
        data = sound.getvalue()
        if len(data) > self._left:
            return None, "no sound: the page's room for audio is used up"
        self._left -= len(data)
        note = "" if is_whole else f"The first {AUDIO_SECONDS:g} s can be heard."
        return f"data:audio/mpeg;base64,{base64.b64encode(data).decode()}", note


@dataclasses.dataclass(frozen=True)
class JudgedClip:
    """A clip, its labels and its answer.

    Attributes:
        name: as shown.
        labels: indices of its labels.
        named: indices of the classes that the model names.
        scores: what the decision was made on, [classes].
        activity: the model's probabilities over time.
        unknown: indices of classes of which nobody knows whether they are heard.
    """

    name: str
    labels: tuple[int, ...]
    named: tuple[int, ...]
    scores: np.ndarray
    activity: Activity
    unknown: tuple[int, ...] = ()

    def role(self, k: int) -> str:
        """Return whether a class was named, and should have been; see `ActivityRow`."""
        if k in self.labels:
            return "right" if k in self.named else "missed"
        if k in self.unknown:
            return "other"
        return "wrong" if k in self.named else "other"

    def shown_classes(self) -> list[int]:
        """Return the classes worth a row: labels and named ones first, then the most probable others."""
        order = np.argsort(-self.scores, kind="stable").tolist()
        concerned = [k for k in order if k in self.labels or k in self.named]
        others = [k for k in order if k not in concerned]
        return (concerned + others[: max(0, LEAST_ROWS - len(concerned))])[:MOST_ROWS]


def clip_card(
    clip: JudgedClip,
    scheme: LabelScheme,
    audio: PageAudio,
    thresholds: np.ndarray | None = None,
    sound: np.ndarray | None = None,
) -> ClipCard:
    """Return the card of a clip.

    Args:
        clip: what to show.
        scheme: names of the classes.
        audio: where the sound comes from.
        thresholds: level per class, drawn into the picture; None for a single-label model.
        sound: waveform at `AUDIO_HZ` of a clip that is no file; None: the activity's path is read for it.
    """
    heard = _Heard()
    blocks = decode.iter_blocks(clip.activity.path, AUDIO_HZ) if sound is None else iter([sound])
    envelope = envelope_of(heard.listen(blocks), AUDIO_HZ, ENVELOPE_POINTS)
    uri, note = audio.encode(heard.waveform(), envelope.duration_seconds <= AUDIO_SECONDS)
    rows = [
        ActivityRow(
            scheme.names[k],
            clip.activity.probabilities[:, k],
            clip.role(k),
            None if thresholds is None else float(thresholds[k]),
        )
        for k in clip.shown_classes()
    ]
    spoken = "; ".join(f"{scheme.names[k]} {clip.scores[k]:.2f}, {clip.role(k)}" for k in clip.shown_classes())
    return ClipCard(
        clip.name,
        _facts(clip, scheme),
        clip_timeline(rows, clip.activity.edges, envelope, f"Probabilities over time under the waveform. {spoken}"),
        uri,
        note,
    )


def clips_section(anchor: str, unit: str, lead: str, cards: Sequence[ClipCard], thresholds: bool = False) -> Section:
    """Return the section of the worst or the best clips.

    Args:
        anchor: worst or best.
        unit: what a clip is called, in the singular.
        lead: how they were chosen.
        cards: the clips.
        thresholds: whether the pictures show them.
    """
    lead += (
        f" One {unit} per song. Each row is a class, its height the probability over time"
        f"{', the dashes its threshold' if thresholds else ''}; a click in the picture plays from there."
    )
    return Section(anchor, f"{anchor.title()} {unit}s", lead, tuple(cards))


def _facts(clip: JudgedClip, scheme: LabelScheme) -> tuple[tuple[str, str, str], ...]:
    """Return the labels and the answer, by what they have to do with one another."""
    facts = []
    for role, what in (("right", "right"), ("missed", "missed"), ("wrong", "wrongly named")):
        classes = [k for k in np.argsort(-clip.scores, kind="stable").tolist() if clip.role(k) == role]
        if classes:
            facts.append((what, ", ".join(f"{scheme.names[k]} {clip.scores[k]:.2f}" for k in classes), role))
    if unknown := [f"{scheme.names[k]} {clip.scores[k]:.2f}" for k in clip.named if k in clip.unknown]:
        facts.append(("named, label unknown", ", ".join(unknown), ""))
    return tuple(facts)


class _Heard:
    """Keeps the beginning of a clip that goes by."""

    def __init__(self) -> None:
        self._blocks: list[np.ndarray] = []
        self._room = round(AUDIO_SECONDS * AUDIO_HZ)

    def listen(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        for block in blocks:
            kept = block[: self._room]
            self._room -= len(kept)
            self._blocks += [kept] if len(kept) else []
            yield block

    def waveform(self) -> np.ndarray:
        return np.concatenate(self._blocks)


def spread(order: Sequence[int], groups: np.ndarray, count: int) -> list[int]:
    """Return the first ``count`` clips of an order, at most one per song: three excerpts of a song teach no more."""
    chosen: list[int] = []
    seen: set[int] = set()
    for index in order:
        if len(chosen) == count:
            break
        if (group := int(groups[index])) not in seen:
            seen.add(group)
            chosen.append(int(index))
    return chosen
