"""Score clips in the form of MIREX's instrument recognition: ``irmas mirex --model=M --out=scores.csv FILES``."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence

from irmas_tf.config.flags import Command, ParsedFlags, run_main
from irmas_tf.config.settings import ConfigError, setting
from irmas_tf.own_data.openmic_classes import CLASSES
from irmas_tf.process.cpu import start_one_blas_thread
from irmas_tf.submissions.score_table import CSV, FORMATS, IDS, JSON, NPZ, PATH, TSV


@dataclasses.dataclass(frozen=True)
class MirexOptions:
    """Flags of this command."""

    run_dir: str = setting("", "Folder of the trained run.")
    model: str = setting("", "Model that answers in place of --run_dir: a file, a folder or a name, as for predict.")
    engine: str = setting("auto", "What computes, as for predict.", choices=("auto", "tensorflow", "litert"))
    list: str = setting("", "File that names the clips, one per line, in place of those after the flags.")
    out: str = setting(
        "", "File that the scores go to instead of standard output; it appears when all are there.", writes="file"
    )
    format: str = setting("csv", "CSV, tab-separated values, JSON, or NumPy arrays (.npz).", choices=FORMATS)
    columns: tuple[str, ...] = setting(CLASSES, "Comma-separated names of the columns, in their order.")
    mapping: tuple[str, ...] = setting(
        (), "Comma-separated CLASS=COLUMN: classes of the model that go elsewhere than their names say."
    )
    combine: str = setting(
        "max", "Score of a column that several classes go into; a sum is at most 1.", choices=("max", "sum")
    )
    missing: float = setting(0.0, "Score of a column that the model has no class for.", minimum=0.0, maximum=1.0)
    failed_rows: bool = setting(False, "Give a clip that cannot be scored a row, of --missing throughout.")
    ids: str = setting(
        PATH, "What a clip is called: path as given, name of its file, or that without suffix.", choices=IDS
    )
    header: bool = setting(True, "Name the columns in the first row of CSV and TSV.")
    id_column: str = setting("file", "What the first row calls the column of clips.")
    decimals: int = setting(6, "Decimals of the scores.", minimum=1, maximum=17)
    batch_size: int = setting(16, "Most windows the model sees at once.", minimum=1, maximum=4096)


COMMAND = Command(
    "irmas_tf.mirex",
    """
    Score clips as MIREX 2026's Audio Instrument Recognition asks: for each clip a confidence of 0 to 1 for each of the
    20 classes of OpenMIC-2018, in their order. The campaign's file format was not published where it could be read, so
    names, order and format of the columns can be chosen.

    Classes of the model go into the column of their name or of what it means (drum kit: drums; acoustic and electric
    guitar: guitar); a column without a class holds a constant, and a warning names it.

    A clip that cannot be read is named on stderr; the others still get their row, and the exit status is then 1.
    """,
    options=MirexOptions,
    positional="[FILES_OR_FOLDERS...]",
)


def main(flags: ParsedFlags) -> int:
    """Run the command; the exit status is 1 if any clip got no scores."""
    options = flags.options
    if options.run_dir and options.model:
        raise ConfigError("--run_dir and --model both name a model: leave one out")
    if bool(flags.positional) == bool(options.list):
        raise ConfigError("no clips given, or twice: name files or folders after the flags, or a --list=FILE of them")
    if options.format == NPZ and not options.out:
        raise ConfigError(f"--format={NPZ}: needs --out=FILE.npz")
    if options.format in (JSON, NPZ) and (given := flags.all_given("header", "id_column")):
        raise ConfigError(f"--{given[0]}: has no effect with --format={options.format}")
    if options.format in (CSV, TSV) and options.header and options.id_column in options.columns:
        raise ConfigError(f"--id_column={options.id_column}: is one of --columns; name the column of clips otherwise")
    from irmas_tf.audio.walk import AudioFiles
    from irmas_tf.inference.open_models import open_model
    from irmas_tf.reports.answer_output import check_output, output_stream, say, say_engine
    from irmas_tf.submissions.class_columns import check_columns, class_columns, parse_mapping
    from irmas_tf.submissions.score_clips import read_list, score_clips
    from irmas_tf.submissions.score_table import write_arrays, write_text_table

    check_output(options.out, "out")
    check_columns(options.columns)
    mapping = parse_mapping(options.mapping)
    names = read_list(options.list) if options.list else flags.positional
    model = open_model(options.run_dir, options.model, options.engine)
    say_engine(model)
    columns = class_columns(model.scheme, options.columns, mapping)
    if columns.missing:
        say(f"warning: the model has no class for {', '.join(columns.missing)}: {options.missing:g} throughout")
    if columns.unused and len(columns.unused) < 30:
        say(f"note: of no column are the model's classes {', '.join(columns.unused)}")
    table, failures = score_clips(
        model,
        AudioFiles(names),
        columns,
        ids=options.ids,
        combine=options.combine,
        missing=options.missing,
        rows_of_failed=options.failed_rows,
        batch_size=options.batch_size,
        to_terminal=not options.out,
    )
    if not table.ids:
        say("error: no clip could be scored; nothing is written")
        return 1
    if options.format == NPZ:
        write_arrays(options.out, table)
    else:
        with output_stream(options.out, "csv") as stream:
            write_text_table(
                stream,
                table,
                options.format,
                decimals=options.decimals,
                header=options.header,
                id_column=options.id_column,
            )
    return 1 if failures else 0


def cli(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console script; returns the exit status."""
    start_one_blas_thread()
    return run_main(main, COMMAND, argv)


if __name__ == "__main__":
    sys.exit(cli())
