"""Copy the files that start TensorFlow Serving: ``irmas serving-kit --out=serving``."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence

from irmas_tf.config.flags import Command, ParsedFlags, run_main
from irmas_tf.config.settings import setting
from irmas_tf.process.shell_words import shell_path


@dataclasses.dataclass(frozen=True)
class ServingKitOptions:
    """Flags of this command."""

    out: str = setting(
        "", "Folder to write; made if absent. The models are expected in models beside it.", writes="folder"
    )
    overwrite: bool = setting(False, "Replace files of the kit that are there and differ.")


COMMAND = Command(
    "irmas_tf.serving_kit",
    """
    Copy the files that start TensorFlow Serving with Docker Compose or Kubernetes: model and batching configuration,
    health checks, monitoring. docs/serving.md explains them.
    """,
    options=ServingKitOptions,
    required=("out",),
)


def main(flags: ParsedFlags) -> None:
    """Run the command."""
    from irmas_tf.deploy.serving_kit import copy_serving_kit

    folder, models = copy_serving_kit(flags.options.out, overwrite=flags.options.overwrite)
    print(f"written: {folder}")
    print(f"Next: irmas export-saved-model --run_dir=RUN --out={shell_path(models)}")
    print(f"      docker compose -f {shell_path(folder / 'docker-compose.yml')} up")


def cli(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console script; returns the exit status."""
    return run_main(main, COMMAND, argv)


if __name__ == "__main__":
    sys.exit(cli())
