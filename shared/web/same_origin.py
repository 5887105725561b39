"""Whether a page of ours sent a request: only then may a browser's cookie command.

Browsers add a cookie to whatever form leads here, and say themselves where the form stands: no page can forge these
headers. Over plain HTTP, other than to this machine, they leave out the first and still send the second.
"""

from urllib.parse import urlsplit

from fastapi import Request


def is_same_origin(request: Request) -> bool:
    """False for other sites, for other hosts of our own site, and for whoever sends neither header."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    host = request.headers.get("Host")
    try:
        return bool(host) and urlsplit(request.headers.get("Origin", "")).netloc == host
    except ValueError:
        return False
