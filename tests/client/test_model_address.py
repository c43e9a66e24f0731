from __future__ import annotations

import pytest

from irmas_tf.client.model_address import ModelAddress
from irmas_tf.config.settings import ConfigError


@pytest.mark.parametrize(
    ("address", "predict"),
    [
        (ModelAddress("http://host:8501", "irmas"), "http://host:8501/v1/models/irmas:predict"),
        (ModelAddress("http://host:8501/", "irmas", 3), "http://host:8501/v1/models/irmas/versions/3:predict"),
        (ModelAddress("https://h/tf", "a b", 0, "stable"), "https://h/tf/v1/models/a%20b/labels/stable:predict"),
    ],
)
def test_rest_urls(address: ModelAddress, predict: str) -> None:
    assert address.rest(":predict") == predict
    assert not address.is_grpc
    assert address.rest("/metadata") == predict.removesuffix(":predict") + "/metadata"


def test_grpc_targets() -> None:
    assert ModelAddress("grpc://host", "irmas").target == "dns:///host:8500"
    assert ModelAddress("grpcs://host:443", "irmas").target == "dns:///host:443"
    assert ModelAddress("grpc://[::1]:9", "irmas").target == "dns:///[::1]:9"
    assert ModelAddress("grpc://host", "irmas").is_grpc and not ModelAddress("grpc://host", "irmas").is_encrypted
    assert ModelAddress("grpcs://host", "irmas").is_encrypted and ModelAddress("https://host", "irmas").is_encrypted


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("localhost:8501", "irmas"), "write it like"),
        (("ftp://host", "irmas"), "write it like"),
        (("http://", "irmas"), "write it like"),
        (("http://host:port", "irmas"), "--url=http://host:port"),
        (("http://host:99999", "irmas"), "--url=http://host:99999"),
        (("http://host:8501/v1/models/irmas:predict", "irmas"), "end it before /v1/models"),
        (("http://host?x=1", "irmas"), "the server only"),
        (("grpc://host:8500/irmas", "irmas"), "the server only"),
        (("http://host", ""), "--model="),
        (("http://host", "a/b"), "--model=a/b"),
        (("http://host", "irmas", 1, "stable"), "cannot be combined"),
    ],
)
def test_nonsense_is_named(arguments: tuple[object, ...], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        ModelAddress(*arguments)  # type: ignore[arg-type]
    assert words in str(caught.value)


@pytest.mark.parametrize("url", ["http://me:secret@host?x=1", "http://me:sec/ret@host", "ftp://me:secret@host"])
def test_no_password_is_in_an_error(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        ModelAddress(url, "irmas")
    assert "sec" not in str(caught.value)
