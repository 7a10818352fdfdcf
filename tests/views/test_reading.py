"""The front page, articles and listings, as a reader meets them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import event

from tests.conftest import Clock
from tests.factories import YESTERDAY, fields_of, import_items, make_article, make_articles
from tests.pages import CheckingClient
from webapp.extensions import db, the_site
from webapp.services import publishing
from webapp.settings import Settings

BRIEF = (
    "Ferries will run all night.\n\n"
    "**The big picture:** The harbour asked for years.\n\n- Two boats\n- One crew\n\n"
    "**Why this matters:** Night nurses get home.\n"
)


def test_the_front_page_of_an_empty_site_says_so_kindly(client: CheckingClient) -> None:
    page = client.page("/")
    assert "nothing" in page.main.lower() or "no briefs" in page.main.lower()


def test_the_front_page_leads_with_the_newest_article(client: CheckingClient) -> None:
    make_articles(3)
    newest = make_article(title="The newest of all", published_at="2026-11-23T11:00:00Z")
    page = client.page("/")
    assert page.links()[0] == f"/articles/{newest.slug}" or page.words("h2")[0] == newest.title
    assert page.main.index(newest.title) < page.main.index("Headline number")


def test_a_front_page_with_one_article_only_is_whole(client: CheckingClient) -> None:
    make_article(title="Alone in the paper")
    assert "Alone in the paper" in client.page("/").main


def test_cards_show_title_summary_topic_and_date(client: CheckingClient) -> None:
    make_articles(2)
    make_article(
        title="Card title",
        summary="One sentence about it.",
        topics=["Harbours"],
        published_at="2026-11-01T09:00:00Z",
    )
    page = client.page("/")
    for shown in ("Card title", "One sentence about it.", "Harbours", "1 Nov"):
        assert shown in page.main


def test_older_articles_stand_on_further_pages_linked_both_ways(client: CheckingClient) -> None:
    make_articles(40)
    first, second, third = (client.page(path) for path in ("/", "/?page=2", "/?page=3"))
    assert "/?page=2" in first.links()
    assert "/?page=3" in second.links()
    assert "/" in second.links()
    shown = {
        a for page in (first, second, third) for a in page.links() if a.startswith("/articles/")
    }
    assert len(shown) == 40


@pytest.mark.parametrize(
    ("page", "status"), [("4", 404), ("0", 400), ("-1", 400), ("x", 400), ("²", 400)]
)
def test_a_page_that_is_none_is_refused(client: CheckingClient, page: str, status: int) -> None:
    make_articles(3)
    assert client.get("/", query_string={"page": page}).status_code == status


def test_an_article_shows_all_its_parts_in_order(client: CheckingClient) -> None:
    article = make_article(
        title="Night ferries begin",
        summary="The harbour board agreed on Monday.",
        body=BRIEF,
        authors=["Ada Quay", "Ben Pier"],
        topics=["Harbours"],
        source_title="Ferries all night, says board",
        source_url="https://www.harbour.example.org/story/1",
    )
    page = client.page(f"/articles/{article.slug}")
    parts = [
        "Night ferries begin",
        "Written by Ada Quay",
        "Published on 22 November 2026",
        "Join our daily newsletter for",
        "The harbour board agreed on Monday.",
        "Ferries will run all night.",
        "The big picture: The harbour asked for years.",
        "Two boats",
        "Why this matters: Night nurses get home.",
        "Ferries all night, says board",
        "harbour.example.org",
    ]
    places = [page.text.index(part) for part in parts]
    assert places == sorted(places)
    assert page.words("h1") == ["Night ferries begin"]


def test_every_section_has_an_anchor_that_one_can_link_to(client: CheckingClient) -> None:
    article = make_article(body=BRIEF)
    page = client.page(f"/articles/{article.slug}")
    assert page.all("div", id="the-big-picture")
    assert "#why-this-matters" in page.links()


def test_a_section_never_takes_an_id_that_the_page_needs_itself(client: CheckingClient) -> None:
    make_articles(4, body="All about ferries.")
    plain = client.page(f"/articles/{make_article(body='All about ferries.').slug}")
    ids = [e.get("id") for e in plain.root.iter() if e.get("id")]
    body = "\n\n".join(f"## {id.replace('-', ' ')}\n\nAll about ferries." for id in ids)
    article = make_article(body=body)
    assert len(article.sections) == len(ids)
    client.page(f"/articles/{article.slug}")


def test_missing_parts_leave_nothing_odd_behind(client: CheckingClient) -> None:
    article = make_article(title="Bare", body="Only a body.")
    page = client.page(f"/articles/{article.slug}")
    assert "Written by" not in page.text
    assert "Source" not in page.main.replace("Sources", "")
    assert "None" not in page.text


def test_a_source_title_without_an_address_is_shown_without_a_link(client: CheckingClient) -> None:
    article = make_article(source_title="A story on paper")
    page = client.page(f"/articles/{article.slug}")
    assert "A story on paper" in page.main
    assert not [a for a in page.links() if a.startswith("http")]


def test_an_article_offers_recent_news_and_what_is_near_to_it(client: CheckingClient) -> None:
    near = make_article(title="Ferries of the north", body="Ferries, harbours and night crossings.")
    make_articles(4, body="Bread and cheese and other matters of the market.")
    article = make_article(title="Ferries of the south", body="Ferries, harbours, night crossings.")
    page = client.page(f"/articles/{article.slug}")
    assert "Recent news" in page.main
    assert f"/articles/{near.slug}" in page.links()
    assert f"/articles/{article.slug}" not in page.links()


def test_an_article_describes_itself_to_machines(client: CheckingClient) -> None:
    article = make_article(
        title="Said </script> & done",
        authors=["Ada Quay"],
        source_url="https://a.example.org/x",
        published_at="2026-11-20T06:30:00Z",
    )
    page = client.page(f"/articles/{article.slug}")
    scripts = page.all("script", type="application/ld+json")
    described = json.loads(scripts[0].text or "")
    assert described["@type"] == "NewsArticle"
    assert described["headline"] == article.title
    assert described["datePublished"] == "2026-11-20T06:30:00+00:00"
    assert described["author"][0]["name"] == "Ada Quay"
    assert described["isBasedOn"]["url"] == "https://a.example.org/x"
    assert described["url"] == f"http://127.0.0.1:8000/articles/{article.slug}"


def test_hostile_text_stays_text_everywhere(client: CheckingClient) -> None:
    hostile = "<img src=x onerror=alert(1)><script>alert(1)</script>"
    article = make_article(
        title=f"Safe {hostile}",
        summary=f"Sum {hostile}",
        body=f"Body {hostile} [x](javascript:alert(1))",
        authors=[f"Eve {hostile}"],
        topics=[f"Top {hostile}"],
        source_title=f"Src {hostile}",
    )
    for path in ("/", f"/articles/{article.slug}", "/topics/", "/authors/"):
        page = client.page(path)
        for script in page.all("script"):
            assert not script.text or json.loads(script.text)
        assert not page.all("img")
        assert not [a for a in page.all("a") if a.get("href", "").startswith("javascript")]


def test_an_article_in_another_language_says_so(client: CheckingClient) -> None:
    article = make_article(title="مرحبا بالعالم", body="نص قصير", language="ar", slug="marhaba")
    page = client.page(f"/articles/{article.slug}")
    (story,) = page.all("article", class_="story")
    assert story.get("dir") == "rtl"
    assert page.all("h1")[0].get("lang") == "ar"


def test_a_former_address_leads_to_the_present_one(client: CheckingClient) -> None:
    make_article(id="7", slug="old-name", title="One", body="a")
    make_article(id="7", slug="new-name", title="One", body="b")
    response = client.get("/articles/old-name")
    assert (response.status_code, response.location) == (301, "/articles/new-name")


def test_a_withdrawn_article_is_gone_and_listed_nowhere(client: CheckingClient) -> None:
    article = make_article(title="Taken back", topics=["Harbours"])
    publishing.withdraw(article.slug)
    assert client.get(f"/articles/{article.slug}").status_code == 410
    assert "Taken back" not in client.page("/").text
    assert client.get("/topics/harbours").status_code == 404


def test_strangers_learn_nothing_of_a_draft(client: CheckingClient) -> None:
    hidden = {"topics": ["Secret merger"], "authors": ["Hidden Person"], "draft": True}
    make_article(id="9", slug="older-plan", body="a", **hidden)
    draft = make_article(id="9", slug="secret-plan", body="b", **hidden)
    for path in ("articles/older-plan", "articles/secret-plan", "topics/secret-merger"):
        response = client.get(f"/{path}")
        assert response.status_code == 404
        assert draft.title not in response.text
    assert client.get("/authors/hidden-person").status_code == 404


def test_a_scheduled_article_appears_when_its_time_has_come(
    client: CheckingClient, clock: Clock
) -> None:
    article = make_article(title="Tomorrow’s news", published_at="2026-11-24T06:00:00Z")
    assert client.get(f"/articles/{article.slug}").status_code == 404
    clock.forward(hours=18)
    assert client.get(f"/articles/{article.slug}").status_code == 200
    assert "Tomorrow’s news" in client.page("/").text


@pytest.mark.parametrize(
    "path",
    [
        "/topics/harbours",
        "/authors/ada-quay",
        "/sources/harbour.example.org",
        "/archive/2026",
        "/archive/2026/11",
        "/archive/2026/11/22",
    ],
)
def test_listings_show_what_is_filed_there_by_pages(client: CheckingClient, path: str) -> None:
    make_articles(
        20,
        topics=["Harbours"],
        authors=["Ada Quay"],
        source_url="",
        source_title="",
    )
    make_article(
        title="Filed here",
        topics=["Harbours"],
        authors=["Ada Quay"],
        source_url="https://www.harbour.example.org/1",
        published_at="2026-11-22T10:00:00Z",
    )
    make_article(title="Filed elsewhere", published_at="2020-01-01T00:00:00Z")
    page = client.page(path)
    assert "Filed here" in page.main
    assert "Filed elsewhere" not in page.main
    if "sources" not in path:
        assert f"{path}?page=2" in page.links()
        assert "Headline number" in client.page(f"{path}?page=2").main


@pytest.mark.parametrize(
    "path",
    [
        "/topics/none",
        "/authors/none",
        "/sources/none.example.org",
        "/archive/1999",
        "/archive/2026/13",
        "/archive/2026/02/30",
        "/archive/0000",
        "/archive/9999/12/31",
        "/articles/none",
        "/articles/%00",
        "/images/none.webp",
        "/images/..%2fsecret-key",
        "/no-such-page",
    ],
)
def test_what_is_not_there_is_a_404_that_offers_a_search(client: CheckingClient, path: str) -> None:
    make_article()
    page = client.page(path, status=404)
    assert page.all("input", name="q")


def test_directories_list_every_name_with_its_number_of_articles(client: CheckingClient) -> None:
    make_articles(2, topics=["Harbours"], authors=["Ada Quay"])
    make_article(topics=["Bridges"], source_url="https://a.example.org/1")
    make_article(topics=["Bridges"], draft=True)
    topics = client.page("/topics/")
    assert {"/topics/harbours", "/topics/bridges"} <= set(topics.links())
    assert "Harbours 2 briefs" in topics.main
    assert "Bridges 1 brief" in topics.main
    assert "/authors/ada-quay" in client.page("/authors/").links()
    assert "/sources/a.example.org" in client.page("/sources/").links()


def test_the_archive_counts_by_year_and_month(client: CheckingClient) -> None:
    make_article(published_at="2025-12-31T10:00:00Z")
    make_articles(2)
    page = client.page("/archive/")
    assert {"/archive/2025", "/archive/2026", "/archive/2026/11", "/archive/2025/12"} <= set(
        page.links()
    )


def test_the_zone_of_the_site_decides_on_which_day_an_article_stands(app: Flask) -> None:
    site = app.extensions["broadsheet"]
    site.settings = replace(site.settings, time_zone=ZoneInfo("Asia/Tokyo"))
    make_article(title="Late in London", published_at="2026-11-21T20:00:00Z")
    client = app.test_client()
    assert isinstance(client, CheckingClient)
    assert "Late in London" in client.page("/archive/2026/11/22").main
    assert client.get("/archive/2026/11/21").status_code == 404
    assert "22 November 2026" in client.page("/").main


def test_the_list_of_articles_leads_to_the_archive(client: CheckingClient) -> None:
    assert client.get("/articles/").location == "/archive/"


def statements(client: CheckingClient, path: str) -> list[str]:
    """What the database is asked for a page."""
    seen: list[str] = []
    listener = lambda *args: seen.append(args[2])  # noqa: E731
    event.listen(db.engine, "before_cursor_execute", listener)
    client.page(path)
    event.remove(db.engine, "before_cursor_execute", listener)
    return seen


def test_an_article_asks_the_database_a_constant_number_of_times_and_never_the_index(
    client: CheckingClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ferries = {"body": BRIEF, "topics": ["Harbours"], "authors": ["Ada Quay"]}
    make_articles(4, **ferries)
    article = make_article(published_at="2020-01-01T00:00:00Z", **ferries)
    few = statements(client, f"/articles/{article.slug}")
    make_articles(14, **ferries)
    monkeypatch.setattr(the_site(), "engine", None)
    many = statements(client, f"/articles/{article.slug}")
    assert "More on this" in client.page(f"/articles/{article.slug}").main
    assert len(many) == len(few)
    assert len([each for each in many if "related_article" in each]) == 1


def test_pictures_are_served_with_their_size_and_kept_for_ever(
    client: CheckingClient, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from PIL import Image

    folder = tmp_path_factory.mktemp("pictures")
    Image.new("RGB", (2000, 1000), "teal").save(folder / "boat.png")
    article = make_article(image={"path": str(folder / "boat.png"), "alt": "A teal boat"})
    page = client.page(f"/articles/{article.slug}")
    (image,) = [i for i in page.all("img") if i.get("alt") == "A teal boat"]
    assert (image.get("width"), image.get("height")) == ("1600", "800")
    response = client.get(image.get("src"))
    assert response.mimetype == "image/webp"
    assert "immutable" in response.headers["Cache-Control"]


def test_a_picture_is_offered_in_the_sizes_and_kinds_that_browsers_take(
    client: CheckingClient, tmp_path: Path
) -> None:
    from PIL import Image

    Image.new("RGB", (2000, 1000), "teal").save(tmp_path / "boat.png")
    picture = {"path": "boat.png", "alt": "A teal boat"}
    import_items(fields_of(slug="boat", image=picture), folder=tmp_path)
    for path in ("/", "/articles/boat"):
        page = client.page(path)
        (head,) = [i for i in page.all("img") if i.get("alt") == "A teal boat"]
        assert (head.get("fetchpriority"), head.get("loading")) == ("high", None)
        assert head.get("sizes")
        offered = [s.split()[0] for s in (head.get("srcset") or "").split(", ")]
        offered += [s.split()[0] for s in (page.all("source")[0].get("srcset") or "").split(", ")]
        assert len(offered) == 6
        for address in offered:
            response = client.get(address)
            assert response.mimetype == f"image/{address.rpartition('.')[2]}"
            assert "immutable" in response.headers["Cache-Control"]
    small = offered[-3]
    (the_site().settings.data / "uploads" / small.removeprefix("/images/")).unlink()
    instead = client.get(small)
    assert (instead.status_code, instead.mimetype) == (200, "image/webp")
    assert instead.headers["Cache-Control"] == "public, max-age=3600"


def test_a_picture_in_a_text_is_lazy_and_has_its_size(
    client: CheckingClient, tmp_path: Path
) -> None:
    from PIL import Image

    Image.new("RGB", (700, 350), "teal").save(tmp_path / "boat.png")
    import_items(fields_of(slug="boat", body="![Inside](boat.png)"), folder=tmp_path)
    page = client.page("/articles/boat")
    (inside,) = page.all("img")
    assert (inside.get("alt"), inside.get("loading")) == ("Inside", "lazy")
    assert (inside.get("width"), inside.get("height")) == ("700", "350")
    assert "480w" in (inside.get("srcset") or "")


def test_corrections_are_announced_near_the_top_and_told_at_the_end(
    client: CheckingClient,
) -> None:
    article = make_article(
        body=BRIEF,
        source_title="A story",
        corrections=[
            {"at": "2026-11-23T08:00:00Z", "text": "It was <Monday> & not Sunday."},
            {"at": "2026-11-22T20:00:00Z", "text": "Two boats, not three."},
        ],
    )
    page = client.page(f"/articles/{article.slug}")
    parts = [
        "Corrected on 23 November 2026",
        "Why this matters",
        "Correction, 22 November 2026: Two boats, not three.",
        "Correction, 23 November 2026: It was <Monday> & not Sunday.",
        "A story",
    ]
    places = [page.text.index(part) for part in parts]
    assert places == sorted(places)
    assert "#corrections" in page.links()
    told = [json.loads(s.text or "") for s in page.all("script", type="application/ld+json")]
    (described,) = (thing for thing in told if thing["@type"] == "NewsArticle")
    assert described["dateModified"] == "2026-11-23T08:00:00+00:00"
    assert "orrect" not in client.page(f"/articles/{make_article().slug}").main


def test_dates_of_an_updated_article_are_both_shown(client: CheckingClient) -> None:
    article = make_article(published_at=YESTERDAY.replace(day=1).isoformat())
    page = client.page(f"/articles/{article.slug}")
    assert "1 November 2026" in page.main


def test_links_to_further_pages_keep_nothing_that_means_nothing(client: CheckingClient) -> None:
    make_articles(40, topics=["Harbours"])
    for odd in (
        "endpoint=x",
        "_method=POST",
        "slug=bridges",
        "_scheme=https",
        "_anchor=a",
        "year=x",
    ):
        page = client.page(f"/topics/harbours?{odd}")
        assert "/topics/harbours?page=2" in page.links()
    assert client.get("/archive/2026?year=abc&month=x").status_code == 200


def test_days_at_the_ends_of_the_calendar_are_not_found(
    settings: Settings, make_app: Callable[[Settings], Flask]
) -> None:
    for zone in ("Europe/Berlin", "America/New_York"):
        app = make_app(replace(settings, time_zone=ZoneInfo(zone)))
        for path in (
            "/archive/0001",
            "/archive/9999",
            "/archive/9999/12/31",
            "/archive/0001/01/01",
        ):
            assert app.test_client().get(path).status_code == 404
