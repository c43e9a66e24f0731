from __future__ import annotations

import builtins
import subprocess
import sys
from typing import Any

import pytest

from irmas_tf.client.connection import connect
from irmas_tf.client.model_address import ModelAddress
from irmas_tf.client.rest_transport import RestTransport
from irmas_tf.client.server_errors import ServerError


def test_the_scheme_chooses_the_way() -> None:
    transport = connect(ModelAddress("http://host:8501", "irmas"), 1.0)
    assert isinstance(transport, RestTransport)
    transport.close()


def test_without_the_package_grpc_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("tensorflow_serving"):
            raise ImportError("No module named 'tensorflow_serving'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ServerError, match=r"pip install 'irmas_tf\[serving\]'"):
        connect(ModelAddress("grpc://host", "irmas"), 1.0)


@pytest.mark.slow
def test_rest_needs_no_tensorflow() -> None:
    code = (
        "import sys\nimport irmas_tf.client.client_run, irmas_tf.client.rest_transport\n"
        "print(*(m for m in ('tensorflow', 'keras', 'grpc', 'scipy', 'sklearn') if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == ""
