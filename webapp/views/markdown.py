"""An article as Markdown, for programs that read; at an address of its own or by Accept."""

from __future__ import annotations

from flask import Response, render_template

from webapp.http.negotiating import MARKDOWN
from webapp.http.paths import path_of
from webapp.models import ShownArticle
from webapp.presenting import absolute
from webapp.text.elsewhere import as_markdown, with_whole_addresses


def answer_in_markdown(article: ShownArticle) -> Response:
    """Answer with the article; its page is named as the one that search engines shall show."""
    url = absolute(path_of("reading.show_article", article.slug))
    body = as_markdown(with_whole_addresses(article.html, url))
    written = render_template("feeds/article.md", article=article, body=body)
    response = Response(written, mimetype=MARKDOWN)
    response.headers["Link"] = f'<{url}>; rel="canonical"'
    response.content_location = path_of("reading.show_article_as_markdown", article.slug)
    return response
