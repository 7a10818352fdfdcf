"""The next page before the click: which links a browser may follow ahead of its reader.

Named by a header, so that the policy stays without inline script (HTML, section 7.6.1).
"""

from __future__ import annotations

from flask import Flask, Response, g, json, request

from webapp.http.caching import public
from webapp.http.paths import path_of

DAY_SECONDS = 86_400
# Moderate: when the pointer rests on a link, or presses. Links within a page lead nowhere new.
RULES = {
    "prerender": [
        {
            "where": {
                "and": [
                    {"href_matches": "/articles/*"},
                    {"not": {"href_matches": "/articles/*.md"}},
                    {"not": {"selector_matches": "[href^='#'], [rel~=external], [download]"}},
                ]
            },
            "eagerness": "moderate",
        }
    ]
}


def attach(app: Flask) -> None:
    """Give the rules their address, and name it in the header of every public page."""
    app.add_url_rule("/speculation-rules.json", "speculation.show_rules", show_rules)
    app.after_request(_name_rules)


@public
def show_rules() -> Response:
    """Give the rules; none to who wants to save data."""
    rules = {} if request.headers.get("Save-Data", "").lower() == "on" else RULES
    response = Response(json.dumps(rules), mimetype="application/speculationrules+json")
    response.vary.add("Save-Data")
    response.cache_control.public = True
    response.cache_control.max_age = DAY_SECONDS
    response.add_etag()
    return response


def _name_rules(response: Response) -> Response:
    if g.get("is_public") and response.status_code == 200 and response.mimetype == "text/html":
        response.headers["Speculation-Rules"] = f'"{path_of("speculation.show_rules")}"'
    return response
