"""``python -m irmas_tf.data.check`` of earlier versions is ``python -m irmas_tf.check``."""

from __future__ import annotations

import sys

from irmas_tf.check import cli

if __name__ == "__main__":
    sys.exit(cli())
