"""What a page says of itself to machines: its feeds, and what it is (schema.org, as JSON-LD)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from flask import request

from webapp.extensions import the_site
from webapp.http.paths import path_of
from webapp.models import ListedArticle, ShownArticle
from webapp.presenting import absolute, iso, logo_url
from webapp.text.addresses import image_path
from webapp.text.pictures import CROPS, crop_size
from webapp.views.cards import card_url
from webapp.views.feeds import FeedLink, links_to

Thing = dict[str, object]
Crumb = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """What stands in the head of a page for machines: things as JSON-LD, and feeds to follow."""

    things: list[Thing]
    feeds: list[FeedLink] = field(default_factory=list)


def tell_of_front() -> Told:
    """Describe the site, and how to search it."""
    settings = the_site().settings
    search = absolute(path_of("search.show_results"))
    site = {
        **_thing("WebSite"),
        "name": settings.site_name,
        "url": _home(),
        "description": settings.tagline,
        "inLanguage": settings.language,
        "publisher": _publisher(),
        "potentialAction": {
            "@type": "SearchAction",
            "target": {"@type": "EntryPoint", "urlTemplate": f"{search}?q={{search_term_string}}"},
            "query-input": "required name=search_term_string",
        },
    }
    return Told([site], links_to("feeds.follow_site"))


def tell_of_article(article: ShownArticle) -> Told:
    """Describe an article, and where it stands."""
    crumbs = [("Archive", path_of("reading.show_archive"))]
    if article.topics:
        topic = article.topics[0]
        crumbs = [("Topics", path_of("reading.list_topics"))]
        crumbs.append((topic.name, path_of("reading.list_by_topic", topic.slug)))
    things = [describe_article(article), _trail(crumbs, article.title)]
    return Told(things, links_to("feeds.follow_site"))


def tell_of_listing(
    kicker: str, heading: str, crumbs: Sequence[Crumb], articles: Iterable[ListedArticle]
) -> Told:
    """Describe a listing: an author's as that person's, any other as a collection."""
    url = absolute(request.path)
    listed = [
        {"@type": "ListItem", "position": n, "url": _url(article), "name": article.title}
        for n, article in enumerate(articles, 1)
    ]
    page = {
        **_thing("CollectionPage"),
        "name": heading,
        "url": url,
        "mainEntity": {"@type": "ItemList", "itemListElement": listed},
    }
    if kicker == "Author":
        person = {"@type": "Person", "name": heading, "url": url, "worksFor": _publisher()}
        page = {**_thing("ProfilePage"), "url": url, "mainEntity": person}
    noun, names = kicker.lower(), tuple((request.view_args or {}).values())
    feeds = links_to("feeds.follow_site")
    if noun in ("topic", "author", "source"):
        feeds = links_to(f"feeds.follow_{noun}", *names, title=heading)
    return Told([page, _trail(crumbs, heading)], feeds)


def describe_article(article: ShownArticle) -> Thing:
    """Describe an article as a NewsArticle; what is not known is left out."""
    described: Thing = {
        **_thing("NewsArticle"),
        "headline": article.title,
        "mainEntityOfPage": _url(article),
        "url": _url(article),
        "inLanguage": article.language,
        "wordCount": article.word_count,
        "isAccessibleForFree": True,
        "datePublished": iso(article.published_at),
        "dateModified": iso(max(article.updated_at, article.published_at)),
        "author": _authors(article),
        "publisher": _publisher(),
        "image": _images(article),
    }
    if article.summary:
        described["description"] = article.summary
    if article.topics:
        described["articleSection"] = [topic.name for topic in article.topics]
        described["keywords"] = [topic.name for topic in article.topics]
    if article.source_url:
        source = {"@type": "CreativeWork", "url": article.source_url}
        described["isBasedOn"] = {**source, "name": article.source_title or article.source_domain}
    corrections = _corrections(article)
    if corrections:
        described["correction"] = corrections
    return described


def _corrections(article: ShownArticle) -> list[Thing]:
    return [
        {
            "@type": "CorrectionComment",
            "text": correction.text,
            "datePublished": iso(correction.corrected_at),
        }
        for correction in article.corrections
    ]


def _authors(article: ShownArticle) -> list[Thing]:
    """Name who wrote it; a text that nobody has signed is the site's."""
    return [
        {
            "@type": "Person",
            "name": author.name,
            "url": absolute(path_of("reading.list_by_author", author.slug)),
        }
        for author in article.authors
    ] or [_publisher()]


def _images(article: ShownArticle) -> list[Thing]:
    images: list[Thing] = []
    if article.image_name:
        url = absolute(image_path(article.image_name))
        size = (article.image_width, article.image_height)
        images.append(_image(url, *size))
        for shape in CROPS:
            crop = absolute(path_of("cards.show_crop", shape, article.image_name))
            images.append(_image(crop, *crop_size(shape, *size)))
    return [*images, _image(card_url(article), 1200, 630)]


def _image(url: str, width: int, height: int) -> Thing:
    return {"@type": "ImageObject", "url": url, "width": width, "height": height}


def _publisher() -> Thing:
    logo = _image(*logo_url())
    name = the_site().settings.site_name
    return {"@type": "NewsMediaOrganization", "name": name, "url": _home(), "logo": logo}


def _trail(crumbs: Sequence[Crumb], here: str) -> Thing:
    steps: list[Thing] = [
        {"@type": "ListItem", "position": n, "name": name, "item": absolute(path)}
        for n, (name, path) in enumerate(crumbs, 1)
    ]
    steps.append({"@type": "ListItem", "position": len(steps) + 1, "name": here})
    return {**_thing("BreadcrumbList"), "itemListElement": steps}


def _thing(kind: str) -> Thing:
    return {"@context": "https://schema.org", "@type": kind}


def _home() -> str:
    return absolute(path_of("reading.show_front"))


def _url(article: ListedArticle) -> str:
    return absolute(path_of("reading.show_article", article.slug))
