"""``python -m irmas_tf.client``."""

from __future__ import annotations

import sys

from irmas_tf.client.command import cli

sys.exit(cli())
