"""Addresses of strangers and of users: which may be shown, which are this machine, and where a redirect may lead."""

from __future__ import annotations

import ipaddress
import re
import urllib.parse

from irmas_tf.process.printable import shortened

_MOST_LETTERS = 200


def shown_url(url: str) -> str:
    """Return an address for messages: short, on one line, and without what may be secret.

    That is the name and password before the host, the values of a query, and the fragment.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        _ = parts.port
    except ValueError:  # a port that is no number may be a password with a slash in it
        if "@" in url or "?" in url:
            return f"{shortened(re.split('[:/]', url, maxsplit=1)[0])}://..."
        return shortened(url, _MOST_LETTERS)
    query = "&".join(f"{name.partition('=')[0]}=..." if "=" in name else "..." for name in parts.query.split("&"))
    safe = parts._replace(netloc=parts.netloc.rpartition("@")[2], query=query if parts.query else "", fragment="")
    return shortened(safe.geturl(), _MOST_LETTERS)


def is_this_machine(host: str) -> bool:
    """Return whether a host name or address is this machine, which no proxy need be asked for."""
    try:
        return host.lower() == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(url: str) -> str:
    """Return the host of an address, in small letters; empty if it has none, or is malformed."""
    try:
        return urllib.parse.urlsplit(url).hostname or ""
    except ValueError:
        return ""


class RedirectError(ValueError):
    """A redirect that is not followed; the message says why."""


class Redirects:
    """Redirects of a call, followed by rules: few, through few hosts, and never from TLS to plain text.

    Args:
        url: where the call begins.
        most: redirects that are followed.
        most_hosts: hosts that are asked, with the first.
    """

    def __init__(self, url: str, most: int = 5, most_hosts: int = 3) -> None:
        self.url = url
        self._left, self._most, self._most_hosts = most, most, most_hosts
        self._hosts = {host_of(url)}

    def follow(self, location: str) -> str:
        """Return the address that a Location header leads to, which is then the one of the call.

        Raises:
            RedirectError: it is not followed.
        """
        try:
            target = urllib.parse.urljoin(self.url, location)
            parts = urllib.parse.urlsplit(target)
            host = parts.hostname or ""
        except ValueError as error:
            raise RedirectError("it sends to what is no address") from error
        where = f"it sends to {shown_url(target)}"
        if parts.scheme not in ("http", "https") or not host:
            raise RedirectError(f"{where}, which is no web address")
        if parts.scheme == "http" and urllib.parse.urlsplit(self.url).scheme == "https":
            raise RedirectError(f"{where}, from an encrypted connection to a plain one")
        if is_this_machine(host) and not is_this_machine(host_of(self.url)):
            raise RedirectError(f"{where}, which is this machine")
        self._hosts.add(host)
        self._left -= 1
        if self._left < 0:
            raise RedirectError(f"{where}, after {self._most} redirects")
        if len(self._hosts) > self._most_hosts:
            raise RedirectError(f"{where}, the host number {len(self._hosts)}")
        self.url = target
        return target
