"""The results page and its JSON."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import event

from index import open_index
from tests.conftest import Clock
from tests.factories import make_article, make_articles
from tests.pages import CheckingClient
from webapp.extensions import db
from webapp.services import finding, publishing

BRIEF = (
    "Ferries will run all night.\n\n"
    "**The big picture:** The harbour asked for years.\n\n"
    "**Why this matters:** A theodolite stands on the quay.\n"
)


def test_without_a_question_the_page_shows_how_to_ask_one(client: CheckingClient) -> None:
    page = client.page("/search")
    assert [f for f in page.root.find(".//main").iter("input") if f.get("name") == "q"]


def test_a_word_from_the_middle_of_a_body_finds_its_article(client: CheckingClient) -> None:
    make_articles(3)
    article = make_article(
        title="Night ferries",
        body=BRIEF,
        authors=["Ada Quay"],
        topics=["Harbours"],
        source_url="https://www.harbour.example.org/1",
    )
    page = client.page("/search?q=theodolite")
    assert page.words("mark") == ["theodolite"]
    address = f"/articles/{article.slug}"
    assert f"{address}#:~:text=theodolite" in page.links()
    assert f"{address}#why-this-matters:~:text=theodolite" in page.links()
    for shown in ("Ada Quay", "Harbours", "harbour.example.org", "22 November 2026"):
        assert shown in page.main


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "A theodolite for the museum"},
        {"summary": "A theodolite was found."},
        {"body": "Deep in the text stands a theodolite."},
        {"body": "**The theodolite:** it is old."},
        {"authors": ["Tess Theodolite"]},
        {"topics": ["Theodolite"]},
        {"source_url": "https://theodolite.example.org/1"},
        {"source_title": "A theodolite, they say"},
    ],
)
def test_every_part_of_an_article_can_be_found(
    client: CheckingClient, fields: dict[str, object]
) -> None:
    make_article()
    article = make_article(**fields)
    found = client.get("/search.json?q=theodolite").json
    assert [result["id"] for result in found["results"]] == [article.id]


def test_the_query_stays_in_its_field_and_the_page_is_not_for_crawlers(
    client: CheckingClient,
) -> None:
    make_article()
    page = client.page("/search", query_string={"q": '"night ferries" <b>'})
    fields = [f.get("value") for f in page.all("input", name="q")]
    assert '"night ferries" <b>' in fields
    assert [m for m in page.all("meta", name="robots") if "noindex" in m.get("content", "")]
    # The page that one searches from may be found.
    empty = client.page("/search")
    assert not empty.all("meta", name="robots")
    assert empty.all("meta", name="description")[0].get("content")


def test_results_come_best_first_or_newest_first(client: CheckingClient) -> None:
    old = make_article(title="Ferries, ferries", published_at="2020-01-01T00:00:00Z")
    new = make_article(
        title="Bread", body="Not about a ferries matter at all, only bread and cheese."
    )
    best = client.get("/search.json?q=ferries").json["results"]
    newest = client.get("/search.json?q=ferries&sort=newest").json["results"]
    assert [r["id"] for r in best] == [old.id, new.id]
    assert [r["id"] for r in newest] == [new.id, old.id]
    page = client.page("/search?q=ferries&sort=newest")
    assert [a for a in page.all("a") if a.get("aria-current") and "newest" in a.get("href", "")]


def test_results_are_paged_by_real_links_that_keep_the_question(client: CheckingClient) -> None:
    make_articles(20, body="All about ferries.")
    page = client.page("/search?q=ferries&sort=newest")
    (following,) = {a for a in page.links() if "page=2" in a}
    assert "q=ferries" in following
    assert "sort=newest" in following
    assert client.page(following).main.count("Headline number") >= 2
    assert client.get("/search?q=ferries&page=9").status_code == 404


@pytest.mark.parametrize("path", ["/search", "/search.json"])
def test_the_database_is_asked_two_things_however_many_were_found(
    client: CheckingClient, path: str
) -> None:
    make_articles(18, body="ferries", authors=["Ada Quay", "Ben Pier"], topics=["Harbours", "Sea"])
    make_article(body="A ferry and a theodolite.")
    client.get("/search?q=ferries")  # the first search is written down
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        for query, statements in (("ferries", 2), ("theodolite", 2), ("zyzzyva", 0)):
            asked.clear()
            client.get(f"{path}?q={query}")
            assert len(asked) == statements
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_the_json_answer_tells_all_that_the_page_tells(client: CheckingClient) -> None:
    article = make_article(
        title="Night ferries & <boats>",
        summary="Boats go.",
        body=BRIEF,
        authors=["Ada Quay"],
        topics=["Harbours"],
        source_url="https://harbour.example.org/1",
    )
    answer = client.get("/search.json?q=theodolite").json
    assert (answer["query"], answer["total"]) == ("theodolite", 1)
    (result,) = answer["results"]
    address = f"http://127.0.0.1:8000/articles/{article.slug}"
    assert result["url"] == address
    assert result["title"] == "Night ferries & <boats>"
    assert result["title_html"] == "Night ferries &amp; &lt;boats&gt;"
    assert "<mark>theodolite</mark>" in result["snippet_html"]
    assert result["section"] == {
        "label": "Why this matters",
        "anchor": "why-this-matters",
        "url": f"{address}#why-this-matters",
    }
    assert result["authors"] == [{"name": "Ada Quay", "slug": "ada-quay"}]
    assert result["topics"] == [{"name": "Harbours", "slug": "harbours"}]
    assert result["source"] == "harbour.example.org"
    assert result["summary"] == "Boats go."
    assert result["published_at"] == "2026-11-22T08:30:00+00:00"
    assert result["score"] > 0


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "page=0", "page=x", "sort=oldest", "page=99999999"]
)
def test_values_that_cannot_be_read_are_refused_with_a_reason(
    client: CheckingClient, query: str
) -> None:
    make_article(body="ferries")
    response = client.get(f"/search.json?q=ferries&{query}")
    assert response.status_code == 400
    assert response.json["error"]["reason"]
    assert client.get(f"/search?q=ferries&{query}").status_code == (
        200 if query.startswith("limit") else 400
    )


def test_an_empty_question_has_no_results(client: CheckingClient) -> None:
    make_article()
    for query in ("", "?q=", "?q=%20%20"):
        answer = client.get(f"/search.json{query}")
        assert (answer.status_code, answer.json["results"], answer.json["total"]) == (200, [], 0)


def test_limit_and_page_cut_one_ranked_list(client: CheckingClient) -> None:
    make_articles(7, body="All about ferries.")
    whole = [r["id"] for r in client.get("/search.json?q=ferries&limit=100").json["results"]]
    parts = [
        [r["id"] for r in client.get(f"/search.json?q=ferries&limit=3&page={n}").json["results"]]
        for n in (1, 2, 3, 4)
    ]
    assert [id for part in parts for id in part] == whole
    assert parts[3] == []


def test_what_is_withdrawn_or_not_yet_due_is_not_found(
    client: CheckingClient, clock: Clock
) -> None:
    gone = make_article(body="ferries gone")
    make_article(body="ferries later", published_at="2026-11-24T00:00:00Z")
    make_article(body="ferries draft", draft=True)
    publishing.withdraw(gone.slug)
    assert client.get("/search.json?q=ferries").json["total"] == 0
    clock.forward(days=1)
    assert client.get("/search.json?q=ferries").json["total"] == 1


def test_nothing_found_is_said_kindly(client: CheckingClient) -> None:
    make_article()
    page = client.page("/search?q=zyzzyva")
    assert [field for field in page.all("input", name="q") if field.get("value") == "zyzzyva"]
    assert "No brief fits" in page.main
    assert not page.all("mark")


def test_where_nothing_is_found_the_query_is_offered_without_a_part_of_it(
    client: CheckingClient,
) -> None:
    make_articles(2, body="Albacete has dry cooling, which takes little water.")
    make_article(body="Halvorsen buys wafers.", topics=["Chips"])
    query = "albacete dry cooling -water"
    (less,) = client.get("/search.json", query_string={"q": query}).json["relaxed"]
    assert less == {"part": "without water", "query": "albacete dry cooling", "count": 2}
    page = client.page("/search", query_string={"q": "wafers before:2020", "topic": "chips"})
    (item,) = page.words("li", class_="relaxed-part")
    assert item == "1 brief if you leave out published before 1 January 2020"
    assert "/search?q=wafers&topic=chips" in page.links()
    page = client.page("/search", query_string={"q": "wafers before:2020", "topic": "ships"})
    assert not page.all("li", class_="relaxed-part")


def test_only_where_nothing_is_found_the_query_is_tried_without_its_parts(
    app: Flask, client: CheckingClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_article(body="Ferries sail.")
    engine, asked = app.extensions["broadsheet"].engine, []
    answer = engine.answer
    monkeypatch.setattr(
        engine, "answer", lambda question, **how: asked.append(question) or answer(question, **how)
    )
    for query, tries in (
        ("ferries", 1),
        ("ferries zyzzyva", 1),
        ("zyzzyva", 1),
        ("ferries sail -sail", 4),
        ("a -b -c -d -e -f -g -h", 7),
    ):
        asked.clear()
        client.get("/search", query_string={"q": query})
        assert len(asked) == tries, query
    monkeypatch.setattr(finding, "RELAXING_SECONDS", 0)
    asked.clear()
    client.get("/search", query_string={"q": "ferries sail -sail"})
    assert len(asked) == 1


def test_markup_in_a_text_is_shown_as_text_in_its_passage(client: CheckingClient) -> None:
    make_article(
        title="Title <script>alert(1)</script> zebra",
        body="A `<script>alert(1)</script>` zebra & <b>more</b> of it.",
    )
    page = client.page("/search?q=zebra")
    assert {"zebra"} == set(page.words("mark"))
    assert not [s for s in page.all("script") if not s.get("src")]


@given(text=st.text(max_size=300), newest=st.booleans())
@hypothesis_settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_is_typed_gets_a_page(client: CheckingClient, text: str, newest: bool) -> None:
    if not client.get("/search.json?q=headline").json.get("total"):
        make_article()
    query = {"q": text.encode("utf-8", "surrogatepass"), "sort": "newest" if newest else "best"}
    assert client.get("/search", query_string=query).status_code == 200
    assert client.get("/search.json", query_string=query).status_code == 200


@pytest.mark.parametrize(
    "text",
    [
        "a" * 7000,
        "word " * 500,
        "(" * 200 + "x" + ")" * 200,
        "\0 NUL",
        "%ed%a0%80",
        "\u202eright to left\u200f",
        "'; DROP TABLE article; --",
        "<script>alert(1)</script>",
        "AND OR NOT",
        '"',
        "-",
        "title:",
        "*",
        "a* b*",
        "[1 TO 2]",
        "date:yesterday before:x after:9999-99-99",
    ],
)
def test_odd_questions_are_just_text(client: CheckingClient, text: str) -> None:
    make_article()
    assert client.get("/search", query_string={"q": text}).status_code == 200


def test_a_missing_index_is_said_calmly_and_everything_can_still_be_read(
    app: Flask, client: CheckingClient
) -> None:
    article = make_article()
    site = app.extensions["broadsheet"]
    site.engine = open_index("whoosh", site.settings.data / "nowhere")
    # While it is being built, as it seems.
    site.mending.acquire()
    assert client.get("/search?q=headline").status_code == 503
    reason = client.get("/search.json?q=headline")
    assert (reason.status_code, bool(reason.json["error"]["reason"])) == (503, True)
    assert client.get(f"/articles/{article.slug}").status_code == 200


def test_an_index_that_is_found_missing_is_built_while_the_site_goes_on(
    app: Flask, client: CheckingClient
) -> None:
    make_article(title="Night ferries")
    site = app.extensions["broadsheet"]
    site.engine = open_index("whoosh", site.settings.data / "nowhere")
    assert client.get("/search?q=ferries").status_code == 503
    # Who has it now is the one that mends.
    with site.mending:
        page = client.page("/search?q=ferries")
    assert "Night ferries" in page.text


def test_the_page_says_how_it_read_the_query_and_lets_each_part_be_taken_away(
    client: CheckingClient,
) -> None:
    make_article(title="Falcon nests", body="A falcon nests in the city.")
    page = client.page("/search", query_string={"q": "title:falcon city -tariffs"})
    parts = page.words("span", class_="understood-part")
    assert len(parts) == 3
    assert "falcon" in parts[0]
    assert "without" in parts[2].lower()
    links = [span.find("a").get("href") for span in page.all("span", class_="understood-part")]
    assert links == [
        "/search?q=city+-tariffs",
        "/search?q=title%3Afalcon+-tariffs",
        "/search?q=title%3Afalcon+city",
    ]
    assert not client.page("/search?q=falcon").all("span", class_="understood-part")[0].findall("a")


def test_facets_narrow_with_counts_of_the_narrowed_set_and_can_be_undone(
    client: CheckingClient,
) -> None:
    make_articles(3, body="ferries", topics=["Harbours"], authors=["Ada Quay"])
    make_articles(2, body="ferries", topics=["Harbours", "Bridges"], authors=["Ben Pier"])
    make_article(
        body="ferries",
        topics=["Bridges"],
        source_url="https://a.example.org/1",
        published_at="2025-02-03T00:00:00Z",
    )
    page = client.page("/search?q=ferries")
    facets = " ".join(page.words("aside", class_="facets"))
    for shown in (
        "Harbours 5 briefs",
        "Bridges 3 briefs",
        "Ada Quay 3",
        "a.example.org 1",
        "2025 1",
    ):
        assert shown in facets
    assert "/search?q=ferries&topic=bridges" in page.links()
    narrowed = client.page("/search?q=ferries&topic=bridges")
    facets = " ".join(narrowed.words("aside", class_="facets"))
    assert "Ben Pier 2" in facets
    assert "Ada Quay" not in facets
    assert "/search?q=ferries" in narrowed.links()
    assert "/search?q=ferries&topic=bridges&author=ben-pier" in narrowed.links()
    answer = client.get("/search.json?q=ferries&topic=bridges&period=2025-02").json
    assert answer["total"] == 1
    assert answer["facets"]["sources"] == [
        {"key": "a.example.org", "name": "a.example.org", "count": 1}
    ]
    assert client.get("/search.json?q=ferries&topic=none").json["total"] == 0


def test_a_source_is_the_same_however_it_is_written(client: CheckingClient) -> None:
    make_article(body="ferries", source_url="https://ft.com/1")
    page = client.page("/search?q=ferries&source=FT.com")
    assert "ft.com × 1 brief" in " ".join(page.words("li", class_="chosen"))
    assert client.get("/search.json?q=ferries&source=FT.com").json["total"] == 1


def test_months_are_offered_once_a_year_is_chosen(client: CheckingClient) -> None:
    for month in ("2025-01", "2025-02", "2026-03"):
        make_article(body="ferries", published_at=f"{month}-05T00:00:00Z")
    page = client.page("/search?q=ferries&period=2025")
    facets = " ".join(page.words("aside", class_="facets"))
    assert "February 2025 1" in facets
    assert "2026" not in facets
    assert "/search?q=ferries&period=2025-02" in page.links()


def test_sorting_and_paging_keep_what_was_narrowed(client: CheckingClient) -> None:
    make_articles(20, body="ferries", topics=["Harbours"])
    page = client.page("/search?q=ferries&topic=harbours")
    assert "/search?q=ferries&sort=newest&topic=harbours" in page.links()
    assert [a for a in page.links() if "page=2" in a and "topic=harbours" in a]


@pytest.mark.parametrize("query", ["period=soon", "period=2026-13", "topic=%00", "facets=x"])
def test_what_cannot_be_narrowed_to_is_refused(client: CheckingClient, query: str) -> None:
    make_article()
    assert client.get(f"/search.json?q=a&{query}").status_code == 400


def test_when_few_have_all_words_the_nearest_follow_under_a_line_that_says_so(
    client: CheckingClient,
) -> None:
    make_articles(12)
    make_article(title="Both", body="Night ferries sail.")
    make_article(title="One of them", body="Ferries sail by day.")
    page = client.page("/search?q=night+ferries")
    assert (
        page.main.index("Both") < page.main.index("come nearest") < page.main.index("One of them")
    )
    answer = client.get("/search.json?q=night+ferries").json
    assert [r["match"] for r in answer["results"]] == ["all", "some"]
    assert answer["match"] == "all"
    assert client.get("/search.json?q=day+night+zyzzyva").json["match"] == "some"


def test_the_total_is_said_in_the_same_words_on_the_page_and_as_data(
    client: CheckingClient,
) -> None:
    make_articles(11)
    make_article(body="Night ferries sail.")
    make_article(body="Ferries sail by day.")
    for query, words in (
        ("headline", "13 briefs"),
        ("night", "1 brief"),
        ("night ferries", "1 brief with all of it, 1 near to it"),
        ("day night zyzzyva", "No brief has all of it; 2 briefs have some"),
        ("nigth", "1 brief with a spelling near to it"),
        ("zyzzyva", "No brief fits this search"),
    ):
        answer = client.get("/search.json", query_string={"q": query}).json
        assert answer["total_in_words"] == words
        assert words in client.page("/search", query_string={"q": query}).main


def test_a_spelling_is_offered_and_finds_something(client: CheckingClient) -> None:
    make_articles(3, body="All about theodolites and ferries.")
    page = client.page("/search?q=theodolties")
    (line,) = page.all("p", class_="suggestion")
    address = line.find("a").get("href")
    assert address == "/search?q=theodolites"
    assert client.page(address).words("mark")
    assert client.get("/search.json?q=theodolties").json["suggestion"] == "theodolites"
    assert client.get("/search.json?q=theodolites").json["suggestion"] is None


def test_links_to_results_let_the_browser_mark_the_words(client: CheckingClient) -> None:
    article = make_article(body="**Why this matters:** GPT-4 stands on the quay.")
    page = client.page("/search?q=GPT-4")
    address = f"/articles/{article.slug}"
    assert f"{address}#:~:text=GPT%2D4" in page.links()
    assert f"{address}#why-this-matters:~:text=GPT%2D4" in page.links()
    (result,) = client.get("/search.json?q=GPT-4").json["results"]
    assert result["url"].endswith(address)
    assert result["link"] == f"{result['url']}#why-this-matters:~:text=GPT%2D4"


def test_a_link_to_a_result_in_which_nothing_is_marked_has_nothing_behind(
    client: CheckingClient,
) -> None:
    make_article(title="Bread")
    (result,) = client.get("/search.json?q=-zyzzyva").json["results"]
    assert result["link"] == result["url"]


def test_the_same_answer_is_not_sent_twice(client: CheckingClient) -> None:
    make_article(body="ferries")
    first = client.get("/search.json?q=ferries")
    again = client.get("/search.json?q=ferries", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    make_article(body="ferries")
    changed = client.get("/search.json?q=ferries", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200


def typed(client: CheckingClient, query: str, **more: object) -> dict[str, Any]:
    asked = {"q": query, "typing": "yes", "facets": "no", **more}
    answer: dict[str, Any] = client.get("/search.json", query_string=asked).json
    apart = ("took_ms", "facets", "relaxed")
    return {name: value for name, value in answer.items() if name not in apart}


def finished(client: CheckingClient, query: str, **more: object) -> dict[str, Any]:
    return typed(client, query, typing="no", **more)


def test_while_a_word_is_typed_what_begins_so_is_found_after_the_word_itself(
    client: CheckingClient,
) -> None:
    make_article(title="Moth lamps, moth traps", body="A moth and more moths.", slug="word")
    make_article(title="Mothballs, mothballs, mothballed", body="Mothballs.", slug="longer")
    answer = typed(client, "mot")
    assert (answer["total"], answer["is_begun"]) == (2, True)
    answer = typed(client, "moth")
    assert [r["url"].rpartition("/")[2] for r in answer["results"]] == ["word", "longer"]
    assert answer["understood"] == finished(client, "moth")["understood"]
    answer = typed(client, "title:mothb")
    assert [r["url"].rpartition("/")[2] for r in answer["results"]] == ["longer"]


def test_what_fills_the_page_while_one_types_is_what_enter_gives(client: CheckingClient) -> None:
    make_articles(4, body="A moth.")
    make_articles(2, body="A mother.")
    assert typed(client, "moth", limit=4) == finished(client, "moth", limit=4)
    answer, whole = typed(client, "moth", limit=5), finished(client, "moth", limit=5)
    assert answer["results"][:4] == whole["results"]
    assert len(answer["results"]) == 5


@pytest.mark.parametrize(
    "query",
    [
        "moth ",
        "moth -mot",
        '"mot',
        '"a mot"',
        "moth date:2026",
        "mot date:today",
        "mot before:2026-1",
        "moth after:202",
        "in:mot",
        "moth OR",
        "moth AND",
        "mot*",
        "(mot)",
        "mo",
        "mot-",
        "zyzzyva",
        "",
    ],
)
def test_only_a_plain_last_word_is_taken_for_the_beginning_of_one(
    client: CheckingClient, query: str
) -> None:
    make_article(body="A moth.", source_url="https://mot.example.org/1")
    make_article(body="A mother and an android ornament.")
    answer = typed(client, query)
    assert answer == finished(client, query)
    assert not answer["is_begun"]


@pytest.mark.parametrize("query", ["typing=x", "typing=", "typing=yes&page=2"])
def test_what_says_nothing_about_typing_is_refused(client: CheckingClient, query: str) -> None:
    make_article()
    assert client.get(f"/search.json?q=a&{query}").status_code == 400
