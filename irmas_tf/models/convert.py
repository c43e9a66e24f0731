"""``python -m irmas_tf.models.convert`` of earlier versions is ``python -m irmas_tf.convert``."""

from __future__ import annotations

import sys

from irmas_tf.convert import cli

if __name__ == "__main__":
    sys.exit(cli())
