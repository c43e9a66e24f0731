"""TensorFlow Serving's REST API.

Source: https://www.tensorflow.org/tfx/serving/api_rest
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import requests

from irmas_tf.client.model_address import ModelAddress
from irmas_tf.client.server_errors import RefusedError, ServerError, UnavailableError, refusal
from irmas_tf.client.transport import (
    CONNECT_SECONDS,
    DURATION,
    INPUT,
    PROBABILITIES,
    SIGNATURE,
    SILENT,
    ClipOutputs,
    classes_of,
)
from irmas_tf.process.retry import parse_retry_after

# 408 and 504 are timeouts, 502 and 503 a server that is not there now, also behind a proxy, 429 one that is too busy.
RETRIED_STATUSES = frozenset((408, 429, 502, 503, 504))
_REFUSED_STATUSES = frozenset((400, 409, 412, 413, 422, 500, 501))
_LONGEST_QUOTE = 300


class RestTransport:
    """A model reached over HTTP; see `Transport`.

    Args:
        address: of the model.
        timeout_seconds: longest wait for an answer.
    """

    def __init__(self, address: ModelAddress, timeout_seconds: float) -> None:
        self._address = address
        self._timeout = (min(CONNECT_SECONDS, timeout_seconds), timeout_seconds)
        self._local = threading.local()

    @property
    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):  # a session is not made for several threads
            self._local.session = requests.Session()
        return self._local.session

    def num_classes(self) -> int:
        """Return the number of classes; see `Transport.num_classes`."""
        try:
            answer = self._request("GET", self._address.rest("/metadata"))
        except RefusedError as error:
            raise ServerError(f"{self._address}: {error}") from error
        try:
            signatures = answer["metadata"]["signature_def"]["signature_def"]
            outputs = {
                name: [int(dim["size"]) for dim in output["tensor_shape"].get("dim", [])]
                for name, output in signatures.get(SIGNATURE, {}).get("outputs", {}).items()
            }
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ServerError(f"{self._address}: its metadata is not that of TensorFlow Serving") from error
        return classes_of(outputs, list(signatures), self._address)

    def classify(self, contents: Sequence[bytes]) -> ClipOutputs:
        """Return the answer for WAV files; see `Transport.classify`."""
        # Put together by hand: json.dumps would hold two more copies of the audio.
        rows = b",".join(b'{"b64":"%s"}' % base64.b64encode(content) for content in contents)
        body = b'{"signature_name":"%s","inputs":{"%s":[%s]}}' % (SIGNATURE.encode(), INPUT.encode(), rows)
        answer = self._request("POST", self._address.rest(":predict"), body)
        try:
            outputs = answer["outputs"]
            probabilities, seconds = (np.asarray(outputs[name], np.float64) for name in (PROBABILITIES, DURATION))
            silent = np.asarray(outputs[SILENT], bool) if SILENT in outputs else None
        except (KeyError, TypeError, ValueError) as error:
            raise ServerError(f"{self._address}: its answer has no {PROBABILITIES} and {DURATION}") from error
        return ClipOutputs(probabilities, seconds, len(contents), silent)

    def close(self) -> None:
        """Do nothing: connections belong to threads and end with them."""

    def _request(self, method: str, url: str, body: bytes | None = None) -> Any:
        """Return the JSON of an answer.

        Raises:
            RefusedError, UnavailableError, ServerError: see `Transport`.
        """
        headers = {"Content-Type": "application/json"}
        try:
            answer = self._session.request(method, url, data=body, headers=headers, timeout=self._timeout)
        except requests.ReadTimeout as error:
            raise UnavailableError(f"{self._address}: no answer within {self._timeout[1]:g} s") from error
        except (requests.exceptions.InvalidURL, requests.exceptions.SSLError) as error:
            raise ServerError(f"{self._address}: {_cause(error)}") from error
        except requests.RequestException as error:
            hint = "; is it running, and is this its REST port (8501)?"
            raise UnavailableError(f"{self._address}: cannot be reached ({_cause(error)}){hint}") from error
        if answer.status_code == 200:
            try:
                return json.loads(answer.content)
            except ValueError as error:
                raise ServerError(f"{self._address}: does not answer in JSON; is it TensorFlow Serving?") from error
        reason = _error_of(answer)
        if answer.status_code in RETRIED_STATUSES:
            raise UnavailableError(f"{self._address}: {reason}", parse_retry_after(answer.headers.get("Retry-After")))
        if answer.status_code in _REFUSED_STATUSES:
            raise RefusedError(refusal(reason))
        raise ServerError(f"{self._address}: {reason}")


def _cause(error: BaseException) -> str:
    """Return the innermost reason of a connection's failure, in one short line."""
    inner: Any = error
    while True:
        reason = getattr(inner, "reason", None)
        deeper = (
            reason
            if isinstance(reason, BaseException)
            else next(
                (cause for cause in getattr(inner, "args", ()) if isinstance(cause, BaseException)), inner.__cause__
            )
        )
        if deeper is None or deeper is inner:
            break
        inner = deeper
    text = getattr(inner, "strerror", None) or str(inner) or type(inner).__name__
    return " ".join(str(text).split())[:_LONGEST_QUOTE]


def _error_of(answer: requests.Response) -> str:
    """Return the server's own words, or the status if it has none that are fit to be shown."""
    status = f"HTTP {answer.status_code} {answer.reason or ''}".strip()
    try:
        said = json.loads(answer.content)["error"]
    except (ValueError, KeyError, TypeError):
        return status  # a proxy's page
    return f"{said}" if answer.status_code in _REFUSED_STATUSES else f"{status}: {str(said)[:_LONGEST_QUOTE]}"
