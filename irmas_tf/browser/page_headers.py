"""What a server should say with a page: the policy that keeps the page's promise, and types of files."""

from __future__ import annotations

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "media-src 'self' blob:",
        "img-src 'self' data: blob:",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
    )
)
"""Only this page's own files are asked for; nothing can be sent elsewhere. The page's meta element says the same."""

HEADERS = {
    # Only a header can say who may frame the page.
    "Content-Security-Policy": f"{CONTENT_SECURITY_POLICY}; frame-ancestors 'self'",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    # The service worker keeps the files; the server is asked whether there are newer ones.
    "Cache-Control": "no-cache",
}

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".wav": "audio/wav",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".gz": "application/gzip",
    ".tflite": "application/octet-stream",
}


def headers_file() -> str:
    """Return the headers in the form that several hosts of static files read, as ``_headers``."""
    return "/*\n" + "".join(f"  {name}: {value}\n" for name, value in HEADERS.items())
