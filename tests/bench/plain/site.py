"""The same article page as a Flask tutorial would make it: what an uncached page is measured by.

Models with relations, one query a question, a template with `url_for`; knows nothing of ours
but the tables, which it reads from the database that BROADSHEET_DATA names.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask, render_template
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = (
    f"sqlite:///{Path(os.environ['BROADSHEET_DATA']) / 'broadsheet.sqlite3'}"
)
db = SQLAlchemy(app)

written_by = db.Table(
    "article_author",
    db.Column("article_id", db.ForeignKey("article.id"), primary_key=True),
    db.Column("author_id", db.ForeignKey("author.id"), primary_key=True),
    db.Column("position", db.Integer),
)
filed_under = db.Table(
    "article_topic",
    db.Column("article_id", db.ForeignKey("article.id"), primary_key=True),
    db.Column("topic_id", db.ForeignKey("topic.id"), primary_key=True),
    db.Column("position", db.Integer),
)
Model: Any = db.Model


class Author(Model):
    id = db.Column(db.Integer, primary_key=True)
    slug = db.Column(db.String)
    name = db.Column(db.String)


class Topic(Model):
    id = db.Column(db.Integer, primary_key=True)
    slug = db.Column(db.String)
    name = db.Column(db.String)


class Section(Model):
    article_id = db.Column(db.ForeignKey("article.id"), primary_key=True)
    position = db.Column(db.Integer, primary_key=True)
    label = db.Column(db.String)
    anchor = db.Column(db.String)
    html = db.Column(db.Text)


class RelatedArticle(Model):
    article_id = db.Column(db.ForeignKey("article.id"), primary_key=True)
    position = db.Column(db.Integer, primary_key=True)
    related_id = db.Column(db.ForeignKey("article.id"))


class Article(Model):
    id = db.Column(db.Integer, primary_key=True)
    slug = db.Column(db.String)
    title = db.Column(db.String)
    summary = db.Column(db.Text)
    body = db.Column(db.Text)
    language = db.Column(db.String)
    status = db.Column(db.String)
    source_title = db.Column(db.String)
    source_url = db.Column(db.String)
    source_domain = db.Column(db.String)
    published_at = db.Column(db.DateTime)
    updated_at = db.Column(db.DateTime)
    word_count = db.Column(db.Integer)
    sections = db.relationship(Section, order_by=Section.position)
    authors = db.relationship(Author, secondary=written_by, order_by=written_by.c.position)
    topics = db.relationship(Topic, secondary=filed_under, order_by=filed_under.c.position)
    related = db.relationship(
        "Article",
        secondary=RelatedArticle.__table__,
        primaryjoin=lambda: Article.id == RelatedArticle.article_id,
        secondaryjoin=lambda: Article.id == RelatedArticle.related_id,
        order_by=RelatedArticle.position,
    )


@app.route("/articles/<slug>")
def show_article(slug: str) -> str:
    """Show an article, what is new and what is related."""
    article = db.first_or_404(db.select(Article).filter_by(slug=slug))
    newest = db.select(Article).where(
        Article.status.in_(["published", "scheduled"]),
        Article.published_at <= datetime.now(UTC).replace(tzinfo=None),
        Article.id != article.id,
    )
    recent = db.session.scalars(newest.order_by(Article.published_at.desc()).limit(3)).all()
    return render_template("article.html", article=article, recent=recent)


@app.route("/topics/<slug>")
@app.route("/authors/<slug>", endpoint="list_by_author")
@app.route("/sources/<slug>", endpoint="list_by_source")
def list_by_topic(slug: str) -> str:
    """Stand for the pages that are linked to."""
    return slug


@app.route("/healthz")
def show_health() -> str:
    """Say that it runs."""
    return "ok"
