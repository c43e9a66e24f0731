from __future__ import annotations

import re

from irmas_tf.browser.page_export import SOURCES
from irmas_tf.browser.page_headers import CONTENT_SECURITY_POLICY, HEADERS, headers_file


def test_the_page_itself_has_the_same_policy():
    page = (SOURCES / "index.html").read_text(encoding="utf-8")
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy == CONTENT_SECURITY_POLICY
    assert (
        "*" not in policy and "http" not in policy and "'unsafe-inline'" not in policy and "'unsafe-eval'" not in policy
    )


def test_hosts_read_them_from_a_file():
    lines = headers_file().splitlines()
    assert lines[0] == "/*" and len(lines) == 1 + len(HEADERS)
    assert "  X-Content-Type-Options: nosniff" in lines
