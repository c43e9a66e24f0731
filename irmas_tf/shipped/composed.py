"""The model that comes with the package: ``composed.tflite``, trained on music that was composed and rendered."""

from __future__ import annotations

from pathlib import Path

from irmas_tf.config.settings import ConfigError
from irmas_tf.deploy.lite_model import LiteModel
from irmas_tf.inference.named_models import ModelRow, quality_of
from irmas_tf.inference.window_model import ModelError
from irmas_tf.streaming import StreamingError, read_model_facts

SHIPPED_FILE = Path(__file__).resolve().parent / "composed.tflite"
MOST_BYTES = 1_500_000
TITLE = "trained from scratch on composed music alone"
_NONE = (
    "this build of irmas_tf holds no model of its own; name one: --model=PATH or --run_dir=RUN, or --model=mn04 after"
    " irmas download mn04"
)


class Composed:
    """The model; a `irmas_tf.inference.named_models.NamedModel` without arguments.

    Args:
        path: its file.
    """

    def __init__(self, path: Path = SHIPPED_FILE) -> None:
        self.path = path

    def file(self, argument: str = "") -> Path:
        """Return the file.

        Raises:
            ModelError: this build has none.
            ConfigError: there is an argument.
        """
        if argument:
            raise ConfigError(f"--model=composed:{argument}: the model composed takes nothing after a colon")
        if not self.path.is_file():
            raise ModelError(_NONE)
        return self.path

    def load(self, argument: str = "") -> LiteModel:
        """Return the model; errors as for `file`, and those of a damaged file."""
        return LiteModel.open(self.file(argument))

    def rows(self) -> list[ModelRow]:
        """Return its row."""
        try:
            facts = read_model_facts(self.file())
        except (ModelError, StreamingError, OSError) as error:
            state = "not in this build" if isinstance(error, ModelError) else f"damaged: {error}"
            return [ModelRow("composed", TITLE, state, False, "", "", remedy="install a build that holds it")]
        licence = str(facts.get("licence", ""))
        return [
            ModelRow("composed", TITLE, "comes with the package", True, licence, quality_of(facts), self.path),
        ]


COMPOSED = Composed()
"""The one that answers where no model is named."""
