"""Where a served model is: the server's address, and which model and version of it."""

from __future__ import annotations

import dataclasses
import urllib.parse

from irmas_tf.config.settings import ConfigError
from irmas_tf.downloads.web_address import host_of, is_this_machine, shown_url

SCHEMES = ("http", "https", "grpc", "grpcs")
_PORTS = {"grpc": 8500, "grpcs": 8500}


@dataclasses.dataclass(frozen=True)
class ModelAddress:
    """A model on a server.

    Attributes:
        url: ``http://``, ``https://``, ``grpc://`` or ``grpcs://`` (gRPC over TLS), host and port. Before REST there
            may be a path, as proxies add it.
        model: its name on the server.
        version: number of the version; 0 leaves the choice to the label, or the server, which takes the newest.
        label: label of the version; empty for none.

    Raises:
        ConfigError: the address or the choice of the version makes no sense; the message names the flag.
    """

    url: str
    model: str
    version: int = 0
    label: str = ""

    def __post_init__(self) -> None:
        given = f"--url={shown_url(self.url)}"  # never with a password
        try:
            parts = urllib.parse.urlsplit(self.url)
            port = parts.port
        except ValueError as error:
            raise ConfigError(f"{given}: host or port is none; write it like http://localhost:8501") from error
        if parts.scheme not in SCHEMES or not parts.hostname:
            raise ConfigError(f"{given}: write it like http://localhost:8501 (REST) or grpc://localhost:8500 (gRPC)")
        if parts.query or parts.fragment or (self.is_grpc and parts.path not in ("", "/")):
            raise ConfigError(f"{given}: give the server only; the model is --model")
        if "/v1/models" in parts.path:
            raise ConfigError(f"{given}: end it before /v1/models; the model is --model")
        if port == 0:
            raise ConfigError(f"{given}: there is no port 0")
        if not self.model or "/" in self.model:
            raise ConfigError(f"--model={self.model}: must be the model's name on the server, like irmas")
        if self.version and self.label:
            raise ConfigError("--model_version and --version_label cannot be combined; give one of them")

    @property
    def is_grpc(self) -> bool:
        """Whether the server is asked by gRPC, not REST."""
        return urllib.parse.urlsplit(self.url).scheme in _PORTS

    @property
    def is_encrypted(self) -> bool:
        """Whether the connection is over TLS."""
        return urllib.parse.urlsplit(self.url).scheme in ("https", "grpcs")

    @property
    def is_on_this_machine(self) -> bool:
        """Whether the server is on this machine, so that no proxy is asked for it."""
        return is_this_machine(host_of(self.url))

    @property
    def target(self) -> str:
        """HOST:PORT for gRPC, port 8500 if none is given; the name may stand for several servers."""
        parts = urllib.parse.urlsplit(self.url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"dns:///{host}:{parts.port or _PORTS[parts.scheme]}"

    def rest(self, verb: str) -> str:
        """Return the URL of ``:predict`` or ``/metadata`` (REST)."""
        which = f"/versions/{self.version}" if self.version else ""
        if self.label:
            which = f"/labels/{urllib.parse.quote(self.label, safe='')}"
        return f"{self.url.rstrip('/')}/v1/models/{urllib.parse.quote(self.model, safe='')}{which}{verb}"

    def __str__(self) -> str:
        version = f", version {self.version}" if self.version else f", label {self.label}" if self.label else ""
        return f"{shown_url(self.url)} (model {self.model}{version})"
