"""What a page says of itself to machines (schema.org, as JSON-LD)."""

from __future__ import annotations

from flask import url_for

from webapp.extensions import the_site
from webapp.models import Article
from webapp.presenting import absolute, iso


def describe_article(article: Article) -> dict[str, object]:
    """Describe an article as a NewsArticle; what is not known is left out."""
    address = absolute(url_for("reading.show_article", slug=article.slug))
    described: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": article.title,
        "mainEntityOfPage": address,
        "url": address,
        "inLanguage": article.language,
        "wordCount": article.word_count,
        "dateModified": iso(article.updated_at),
        "publisher": {
            "@type": "NewsMediaOrganization",
            "name": the_site().settings.site_name,
            "url": the_site().settings.site_url,
        },
    }
    if article.published_at:
        described["datePublished"] = iso(article.published_at)
    if article.summary:
        described["description"] = article.summary
    if article.authors:
        described["author"] = [
            {
                "@type": "Person",
                "name": author.name,
                "url": absolute(url_for("reading.list_by_author", slug=author.slug)),
            }
            for author in article.authors
        ]
    if article.topics:
        described["articleSection"] = [topic.name for topic in article.topics]
    if article.image_name:
        described["image"] = [absolute(url_for("reading.show_image", name=article.image_name))]
    if article.source_url:
        described["isBasedOn"] = article.source_url
    return described
