from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.tone_corpus import tiny_config, write_corpus


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="session")
def tiny():
    return tiny_config
