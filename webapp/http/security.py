"""The security headers, which hosts are answered to, whose word on a client's address counts."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, Request, Response, abort, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

from webapp.errors import CrossSiteRequest, HostNotOurs
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
# Pictures that go out with feeds and cards: readers on the web show them in pages of their own.
EMBEDDED = (
    "reading.show_image",
    "cards.show_card",
    "cards.show_crop",
    "cards.show_logo",
    "cards.show_site_card",
)
ANY_HOST = ("/healthz",)
_HOST = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")


def attach(app: Flask) -> None:
    """Check every request's host and set the headers on every answer."""
    app.before_request(_check_host)
    app.before_request(_check_path)
    app.after_request(_set_headers)
    app.after_request(_name_no_host)
    app.session_interface = Sessions()
    networks = app.extensions["broadsheet"].settings.trusted_proxies
    app.wsgi_app = TrustedProxies(app.wsgi_app, networks)  # type: ignore[method-assign]


def is_own_host(host: str, own: frozenset[str]) -> bool:
    """Whether a Host header names one of the site's own hosts, at whatever port."""
    found = _HOST.fullmatch(host)
    return found is not None and found[1].lower() in own


def _check_host() -> None:
    if request.path in ANY_HOST:
        return
    if not is_own_host(request.environ.get("HTTP_HOST", ""), the_site().settings.hosts):
        raise HostNotOurs(
            "This site does not answer to that name. Its operator can add the name to "
            "BROADSHEET_ALLOWED_HOSTS, or set BROADSHEET_SITE_URL."
        )


def _check_path() -> None:
    # No address of ours has it, and no database can be asked for it.
    if "\0" in request.path:
        abort(404)


def _set_headers(response: Response) -> Response:
    response.headers.extend(HEADERS)  # no other room sets any of these
    if request.endpoint in EMBEDDED:
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if the_site().settings.site_url.startswith("https://"):
        response.headers["Strict-Transport-Security"] = "max-age=63072000"
    return response


def _name_no_host(response: Response) -> Response:
    """Lead to a path of this site without naming a host: the request's could be anybody's."""
    if response.location and response.location.startswith(("http://", "https://")):
        parts = urlsplit(response.location)
        response.location = f"{parts.path}?{parts.query}" if parts.query else parts.path
        response.set_data("")
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


class Sessions(SecureCookieSessionInterface):
    """Sessions as Flask keeps them; for readers, who bring none, no keys are made ready."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Give the session that the request brings, or an empty one."""
        if self.get_cookie_name(app) in request.cookies:
            return super().open_session(app, request)
        return self.session_class()


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
            chain = map(_bare, environ.get("HTTP_X_FORWARDED_FOR", "").split(","))
            client = next((a for a in reversed(list(chain)) if not self._is_trusted(a)), "")
            if client:
                environ["REMOTE_ADDR"] = client[:64]
            scheme = environ.get("HTTP_X_FORWARDED_PROTO", "")
            if scheme in ("http", "https"):
                environ["wsgi.url_scheme"] = scheme
        return self._app(environ, start_response)

    def _is_trusted(self, address: str) -> bool:
        if not self._networks:
            return False
        try:
            parsed = ipaddress.ip_address(_bare(address))
        except ValueError:
            return False
        return any(parsed in network for network in self._networks)


def _bare(address: str) -> str:
    """Take from an address what proxies add to it: a port, brackets, the mapping of IPv4 to 6."""
    bare = re.sub(r"^\[(.*)\](:\d+)?$|^([\d.]+):\d+$", r"\1\3", address.strip())
    return bare.removeprefix("::ffff:") if "." in bare else bare
