"""Make an IRMAS-shaped corpus from a SoundFont: ``irmas soundfont --out=D``."""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from irmas_tf.config.flags import Command, ParsedFlags, run_main
from irmas_tf.config.labels import IRMAS_CODES, IRMAS_NAMES
from irmas_tf.config.settings import ConfigError, setting
from irmas_tf.process.shell_words import shell_path
from irmas_tf.randomization.ingredients import INGREDIENTS, STRONGEST, Randomization
from irmas_tf.timbres.sources import CHANGES, known_names, parse_sounds

if TYPE_CHECKING:
    from irmas_tf.corpus.writer import Tally


@dataclasses.dataclass(frozen=True)
class SoundfontOptions:
    """Flags of this command."""

    out: str = setting("", "Data directory to make.", writes="folder")
    excerpts: int | None = setting(
        None, "Training excerpts over all eleven classes; in place of --songs_per_class.", minimum=1
    )
    songs_per_class: int = setting(20, "Songs per class, three excerpts each.", minimum=1)
    test_clips: int = setting(30, "Multi-label test clips of 5 to 20 s.", minimum=0)
    seed: int = setting(0, "Same seed, same files on this machine.", minimum=0)
    soundfont: str = setting("", "General MIDI SoundFont, .sf2; empty: TimGM6mb from pretty_midi's wheel.")
    randomization: str = setting(
        "none",
        "What happens to a song between the desk and the listener, drawn per song: all, none, or NAME or NAME=STRENGTH"
        f" (0 to {STRONGEST:g}) between commas, of {', '.join(INGREDIENTS)}; all,codec=0 leaves the codecs out.",
    )
    sounds: str = setting(
        "",
        "Several sources in place of --soundfont: names or paths between commas, each with :WEIGHT and :CODE=WEIGHT"
        f" after it if wanted. Known: {', '.join(known_names())}; paths: .sf2, .sf3, a folder"
        " of .pat files, or of recorded notes (violin/A3.wav).",
    )
    timbre_changes: str = setting(
        "none", f"With --sounds, what varies besides the source: all, none, or of {', '.join(CHANGES)} between commas."
    )
    workers: int = setting(0, "Processes; 0 is one per CPU.", minimum=0)


COMMAND = Command(
    "irmas_tf.soundfont",
    """
    Compose songs for the eleven classes, play them with sampled instruments, and write 3 s training excerpts and
    labelled test clips in the layout of IRMAS. Run it again to continue an interrupted run; ask for more to extend a
    corpus. Free of rights but for the SoundFont's own licence; a source for demonstrations and pre-training.
    """,
    options=SoundfontOptions,
    required=("out",),
)


def _print_summary(tally: Tally, seconds: float, out: str) -> None:
    print(f"\n{'class':<22}{'excerpts':>9}{'test labels':>13}")
    for code in IRMAS_CODES:
        print(f"{code}  {IRMAS_NAMES[code]:<17}{tally.training[code]:>9}{tally.testing[code]:>13}")
    print(f"{'total':<22}{sum(tally.training.values()):>9}{sum(tally.testing.values()):>13}  in {tally.clips} clips")
    rate = f" ({60 * tally.rendered / seconds:.0f} per minute)" if tally.rendered else ""
    kept = f"; {tally.kept} were there already" if tally.kept else ""
    print(f"\n{tally.rendered} files, {tally.bytes / 1e6:.0f} MB, written in {seconds:.0f} s{rate}{kept}: {out}")
    print(f"Next: irmas check --data_dir={shell_path(out)}")


def main(flags: ParsedFlags) -> None:
    """Run the command."""
    options = flags.options
    if flags.given("excerpts") and flags.given("songs_per_class"):
        raise ConfigError("--excerpts and --songs_per_class cannot be combined; give one of them")
    if flags.given("sounds") and flags.given("soundfont"):
        raise ConfigError("--sounds and --soundfont cannot be combined; give one of them")
    if options.soundfont:
        from irmas_tf.timbres.sf2 import SoundFont

        SoundFont(options.soundfont)  # what is wrong with it is said before the libraries are there that play it
    sounds = parse_sounds(options.sounds, options.timbre_changes) if options.sounds else None
    if sounds is None and options.timbre_changes != "none":
        raise ConfigError("--timbre_changes needs --sounds; with one SoundFont the same, --sounds=FILE.sf2")
    randomization = Randomization.parse(options.randomization)
    from irmas_tf.corpus.generation import make_corpus
    from irmas_tf.corpus.plan import EXCERPTS_PER_SONG

    start = time.monotonic()
    try:
        tally = make_corpus(
            options.out,
            excerpts=options.excerpts or options.songs_per_class * EXCERPTS_PER_SONG * len(IRMAS_CODES),
            test_clips=options.test_clips,
            seed=options.seed,
            soundfont=options.soundfont or None,
            workers=options.workers,
            randomization=randomization,
            sounds=sounds,
        )
    except KeyboardInterrupt:
        print("run the same command again: it continues where it stopped", file=sys.stderr)
        raise
    _print_summary(tally, time.monotonic() - start, options.out)


def cli(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console script; returns the exit status."""
    return run_main(main, COMMAND, argv)


if __name__ == "__main__":
    sys.exit(cli())
