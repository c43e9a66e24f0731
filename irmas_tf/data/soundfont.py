"""``python -m irmas_tf.data.soundfont`` of earlier versions is ``python -m irmas_tf.soundfont``."""

from __future__ import annotations

import sys

from irmas_tf.soundfont import cli

if __name__ == "__main__":
    sys.exit(cli())
