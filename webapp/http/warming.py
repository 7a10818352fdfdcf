"""What a site does before its first reader comes, so that he does not wait for it."""

from __future__ import annotations

import gc
import re

from flask import Flask
from werkzeug.test import Client

from webapp.extensions import db

_LEAD = re.compile(r'<h2[^>]*><a href="([^"?#]+)"')


def warm_up(app: Flask) -> None:
    """Compile the templates, and make the front page and its lead once.

    For the process that the workers are forked from: they begin with all of it, in memory
    that they share. It keeps no connection open.
    """
    for name in app.jinja_env.list_templates(extensions=["html", "xml"]):
        app.jinja_env.get_template(name)
    client = Client(app)
    site_url = app.extensions["broadsheet"].settings.site_url
    lead = _LEAD.search(client.get("/", base_url=site_url).text)
    if lead:
        client.get(lead[1], base_url=site_url)
    with app.app_context():
        db.engine.dispose()
    gc.collect()
    # Nothing that is there now becomes garbage: left alone, its pages stay shared.
    gc.freeze()
