"""``python -m irmas_tf.data.download`` of earlier versions is ``python -m irmas_tf.download``."""

from __future__ import annotations

import sys

from irmas_tf.download import cli

if __name__ == "__main__":
    sys.exit(cli())
