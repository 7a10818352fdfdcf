"""The security headers, which hosts are answered to, whose word on a client's address counts."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, Response, abort, request

from webapp.errors import CrossSiteRequest
from webapp.extensions import the_site
from webapp.settings import Network

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), browsing-topics=(), camera=(), geolocation=(), gyroscope=(), "
        "magnetometer=(), microphone=(), payment=(), usb=()"
    ),
    # With no-referrer browsers send "Origin: null", and our own forms could not be told apart.
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
ANY_HOST = ("/healthz",)


def attach(app: Flask) -> None:
    """Check every request's host and set the headers on every answer."""
    app.before_request(_check_host)
    app.after_request(_set_headers)
    networks = app.extensions["broadsheet"].settings.trusted_proxies
    app.wsgi_app = TrustedProxies(app.wsgi_app, networks)  # type: ignore[method-assign]


def _check_host() -> None:
    if request.path in ANY_HOST:
        return
    host = request.environ.get("HTTP_HOST", "")
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    if name.lower() not in the_site().settings.hosts:
        abort(400, "This site does not answer to that name.")


def _set_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers[name] = value
    if the_site().settings.site_url.startswith("https://"):
        response.headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
    return response


def refuse_other_sites() -> None:
    """Refuse a form that another site's page has sent (Fetch Metadata, and RFC 6454 for Origin).

    A request with neither header comes from no browser of today; it carries nobody's
    session, and so there is nothing to abuse. Raises CrossSiteRequest.
    """
    fetch_site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if fetch_site is not None:
        is_own = fetch_site in ("same-origin", "none")
    else:
        is_own = origin is None or _is_own(origin)
    if not is_own:
        raise CrossSiteRequest("This form has to be sent from this site’s own pages.")


def _is_own(origin: str) -> bool:
    try:
        own = {request.host.lower(), urlsplit(the_site().settings.site_url).netloc}
        return urlsplit(origin).netloc.lower() in own
    except ValueError:
        return False


class TrustedProxies:
    """Takes a client's address and scheme from X-Forwarded headers that a trusted proxy set.

    The rightmost address that is no trusted proxy is the client's: what stands left of
    it anyone could have written.
    """

    def __init__(self, app: WSGIApplication, networks: Iterable[Network]) -> None:
        self._app = app
        self._networks = tuple(networks)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Mend the environment, then pass the request on."""
        if self._is_trusted(environ.get("REMOTE_ADDR", "")):
            chain = [part.strip() for part in environ.get("HTTP_X_FORWARDED_FOR", "").split(",")]
            client = next((a for a in reversed(chain) if not self._is_trusted(a)), "")
            if client:
                environ["REMOTE_ADDR"] = client[:64]
            scheme = environ.get("HTTP_X_FORWARDED_PROTO", "")
            if scheme in ("http", "https"):
                environ["wsgi.url_scheme"] = scheme
        return self._app(environ, start_response)

    def _is_trusted(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._networks)
