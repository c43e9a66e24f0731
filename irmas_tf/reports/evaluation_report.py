"""What an evaluation gives back to whoever asked for it: figures, and the files that were written."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from irmas_tf.reports.report import format_summary


@dataclasses.dataclass(frozen=True)
class EvaluationReport:
    """What an evaluation gave.

    Attributes:
        summary: the content of metrics.json.
        written: the files that were written; empty if none were asked for.
    """

    summary: dict[str, Any]
    written: tuple[Path, ...] = ()

    def text(self, format: str) -> str:
        """Return it for a terminal.

        Args:
            format: "table", a summary for people with the names of the files, or "json", the content of metrics.json.
        """
        if format == "json":
            return json.dumps(self.summary) + "\n"
        text = format_summary(self.summary)
        if self.written:
            text += f"\n  written to {self.written[0].parent}: {', '.join(path.name for path in self.written)}\n"
        return text
