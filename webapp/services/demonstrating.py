"""The demo publication: loaded into a site that is empty, and only there."""

from __future__ import annotations

from sqlalchemy import select

from webapp.extensions import db
from webapp.importers.markdown import MarkdownFolder
from webapp.models import Article
from webapp.services import importing
from webapp.settings import ROOT

FOLDER = ROOT / "webapp" / "demo"


def load_demo() -> int:
    """Load the demo publication when the site has no article yet; how many were added."""
    if db.session.scalar(select(Article.id).limit(1)) is not None:
        return 0
    return importing.run_import(MarkdownFolder(FOLDER)).created
