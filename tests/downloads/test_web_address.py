from __future__ import annotations

import pytest

from irmas_tf.downloads.web_address import RedirectError, Redirects, host_of, is_this_machine, shown_url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "https://zenodo.org/records/1/files/a.zip?download=1",
            "https://zenodo.org/records/1/files/a.zip?download=...",
        ),
        ("https://me:secret@host:81/a@b/c", "https://host:81/a@b/c"),
        ("http://host/x?token=secret&sig=secret&secret#secret", "http://host/x?token=...&sig=...&..."),
        ("http://me:sec/ret@host/x", "http://..."),
        ("http://[me:secret@x", "http://..."),
        ("http://host:port/x", "http://host:port/x"),
        ("http://host/\x1b[2Jx", "http://host/\\x1b[2Jx"),
        ("x", "x"),
    ],
)
def test_no_secret_is_shown(url: str, shown: str) -> None:
    assert shown_url(url) == shown
    assert len(shown_url(url + "y" * 10_000)) < 300


def test_this_machine() -> None:
    assert all(map(is_this_machine, ("localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1")))
    assert not any(map(is_this_machine, ("", "localhost.example.org", "128.0.0.1", "0x7f.1", "::2")))
    assert (host_of("http://Host:1/x"), host_of("http://[x"), host_of("x")) == ("host", "", "")


def test_redirects_within_the_rules_are_followed() -> None:
    redirects = Redirects("http://me:secret@first/a/b")
    assert redirects.follow("c?d=1") == "http://me:secret@first/a/c?d=1"
    assert redirects.follow("//second/x") == "http://second/x"  # where the password is not sent
    assert redirects.follow("https://third/") == "https://third/"
    assert redirects.follow("/y") == redirects.url == "https://third/y"


@pytest.mark.parametrize(
    ("start", "location", "words"),
    [
        ("https://first/", "http://first/?sig=secret", r"http://first/\?sig=\.\.\., from an encrypted connection"),
        ("http://first/", "ftp://first/", "no web address"),
        ("http://first/", "file:///etc/passwd", "no web address"),
        ("http://first/", "mailto:me", "no web address"),
        ("http://first/", "http://[x", "what is no address"),
        ("http://first/", "http://127.0.0.1:22/", "this machine"),
    ],
)
def test_others_are_not(start: str, location: str, words: str) -> None:
    with pytest.raises(RedirectError, match=words) as caught:
        Redirects(start).follow(location)
    assert "secret" not in str(caught.value)


def test_redirects_and_hosts_are_counted() -> None:
    circle = Redirects("http://first/")
    for _ in range(5):
        circle.follow("/")
    with pytest.raises(RedirectError, match="after 5 redirects"):
        circle.follow("/")
    chain = Redirects("http://first/")
    chain.follow("http://second/")
    chain.follow("http://third/")
    with pytest.raises(RedirectError, match="the host number 4"):
        chain.follow("http://fourth/")
