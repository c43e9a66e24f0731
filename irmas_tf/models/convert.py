"""``python -m irmas_tf.models.convert`` of earlier versions is ``python -m irmas_tf.convert``."""

from __future__ import annotations

from irmas_tf.convert import cli

if __name__ == "__main__":
    cli()
