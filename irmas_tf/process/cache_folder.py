"""Where this package keeps what it can make again: content identifiers, decoded audio, embeddings."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "IRMAS_TF_CACHE"


def cache_folder(*names: str) -> Path:
    """Return the cache folder, or one inside it; it need not exist.

    It is ``$IRMAS_TF_CACHE``, else ``$XDG_CACHE_HOME/irmas_tf``, else ``~/.cache/irmas_tf``. A variable that is empty
    or holds a relative path counts as unset: a cache that depends on the current folder would not be found again.

    Args:
        names: of folders inside it.
    """
    own, users = os.environ.get(VARIABLE, ""), os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(own):
        base = Path(own)
    else:
        base = (Path(users) if os.path.isabs(users) else Path.home() / ".cache") / "irmas_tf"
    return base.joinpath(*names)
