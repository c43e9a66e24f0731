"""The same as ``python -m irmas_tf.export_page``, for use from a checkout."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from irmas_tf.export_page import cli

if __name__ == "__main__":
    sys.exit(cli())
