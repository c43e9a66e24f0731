"""TensorFlow Serving's REST API.

Source: https://www.tensorflow.org/tfx/serving/api_rest
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import requests

from irmas_tf.client.bounded_http import BoundedSession, DeadlineError, HttpAnswer, TooLargeError
from irmas_tf.client.model_address import ModelAddress
from irmas_tf.client.server_errors import RefusedError, ServerError, UnavailableError, refusal, shown
from irmas_tf.client.transport import (
    CONNECT_SECONDS,
    DURATION,
    INPUT,
    MOST_BYTES,
    PROBABILITIES,
    SIGNATURE,
    SILENT,
    ClipOutputs,
    classes_of,
)
from irmas_tf.downloads.watched_session import REDIRECTS, cause_of
from irmas_tf.downloads.web_address import shown_url
from irmas_tf.process.bounded_json import BoundedJsonError, parse_json
from irmas_tf.process.retry import parse_retry_after

# 408 and 504 are timeouts, 502 and 503 a server that is not there now, also behind a proxy, 429 one that is too busy.
RETRIED_STATUSES = frozenset((408, 429, 502, 503, 504))
_REFUSED_STATUSES = frozenset((400, 409, 412, 413, 422, 500, 501))


class RestTransport:
    """A model reached over HTTP; see `Transport`.

    Args:
        address: of the model.
        timeout_seconds: longest wait for an answer, to its last byte.
    """

    def __init__(self, address: ModelAddress, timeout_seconds: float) -> None:
        self._address = address
        self._seconds = timeout_seconds
        self._local = threading.local()

    @property
    def _session(self) -> BoundedSession:
        if not hasattr(self._local, "session"):  # a session is not made for several threads
            self._local.session = BoundedSession(self._address.url)
        session: BoundedSession = self._local.session
        return session

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
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
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
            probabilities, seconds = (_array(outputs[name], "fiu") for name in (PROBABILITIES, DURATION))
            silent = _array(outputs[SILENT], "b").astype(bool) if SILENT in outputs else None
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
        seconds = self._seconds
        try:
            answer = self._session.request(
                method, url, body, connect_seconds=min(CONNECT_SECONDS, seconds), seconds=seconds, most_bytes=MOST_BYTES
            )
        except DeadlineError as error:
            raise UnavailableError(f"{self._address}: no answer within {self._seconds:g} s") from error
        except TooLargeError as error:
            raise ServerError(f"{self._address}: {error}; is it TensorFlow Serving?") from error
        except (requests.exceptions.InvalidURL, requests.exceptions.SSLError) as error:
            raise ServerError(f"{self._address}: {cause_of(error)}") from error
        except requests.RequestException as error:
            hint = "; is it running, and is this its REST port (8501)?"
            raise UnavailableError(f"{self._address}: cannot be reached ({cause_of(error)}){hint}") from error
        if answer.status == 200:
            try:
                return parse_json(answer.content, "its answer", with_nan=True)
            except BoundedJsonError as error:
                raise ServerError(
                    f"{self._address}: does not answer in JSON ({error.reason}); is it TensorFlow Serving?"
                ) from error
        reason = _error_of(answer)
        if answer.status in REDIRECTS:
            place = shown_url(answer.headers.get("Location", "nowhere"))
            raise ServerError(
                f"{self._address}: {reason}: it sends elsewhere, to {place}, which is not followed; if that server is"
                " meant, name it in --url"
            )
        if answer.status in RETRIED_STATUSES:
            raise UnavailableError(f"{self._address}: {reason}", parse_retry_after(answer.headers.get("Retry-After")))
        if answer.status in _REFUSED_STATUSES:
            raise RefusedError(refusal(reason))
        raise ServerError(f"{self._address}: {reason}")


def _array(value: Any, kinds: str) -> np.ndarray:
    """Return nested lists as an array; numbers as float64.

    Raises:
        ValueError: they are ragged, or hold something else than what NumPy calls one of ``kinds``.
    """
    found = np.asarray(value)
    if found.size and found.dtype.kind not in kinds:
        raise ValueError(f"holds {found.dtype}")
    return found.astype(np.float64)


def _error_of(answer: HttpAnswer) -> str:
    """Return the server's own words, or the status if it has none that are fit to be shown."""
    status = shown(f"HTTP {answer.status} {answer.reason}".strip())
    try:
        said = parse_json(answer.content, "its answer", with_nan=True)["error"]
    except (BoundedJsonError, KeyError, TypeError):
        return status  # a proxy's page
    return f"{said}" if answer.status in _REFUSED_STATUSES else f"{status}: {shown(said)}"
