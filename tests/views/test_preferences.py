"""Preferences, account and followed searches, by links from mails."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.conftest import Clock
from tests.factories import make_article
from tests.pages import CheckingClient, Page
from tests.proofs import solved
from tests.services.test_subscribing import everything_stored
from webapp.extensions import db, the_site
from webapp.mail import MemoryCarrier
from webapp.models import Bounce, BounceKind, Delivery, Subscriber, SubscriberState
from webapp.services import linking, mailing, subscribing
from webapp.services.proving import new_challenge


def reader(name: str = "ada") -> Subscriber:
    db.session.expire_all()
    found = subscribing.known(f"{name}@example.org")
    assert found is not None
    return found


def join(name: str = "ada") -> None:
    subscribing.noted(f"{name}@example.org", "page")
    reader(name).state = SubscriberState.CONFIRMED
    db.session.commit()


def path(noun: str, name: str = "ada") -> str:
    return f"/newsletter/{noun}/{linking.sign_for(noun, reader(name).key, reader(name).address)}"


def search(query: str) -> str:
    return linking.sign_for("search", reader().key, reader().address, query)


def mailed_path(noun: str) -> str:
    """Send what is due, and give the path of a link in the last mail."""
    carrier = MemoryCarrier()
    the_site().carrier = carrier
    mailing.send_due()
    body = carrier.sent[-1].get_body(("plain",))
    assert body is not None
    found = re.search(rf"http://127.0.0.1:8000(/newsletter/{noun}/\S+)", body.get_content())
    assert found
    return found[1]


def mails() -> list[str]:
    return list(db.session.scalars(select(Delivery.letter).order_by(Delivery.id)))


def typed(**other: object) -> dict[str, object]:
    return {"frequency": "daily", "weekday": "0", "which": "all", **other}


def chosen(page: Page) -> set[str]:
    fields = [i for i in page.root.find(".//main").iter("input") if i.get("checked") is not None]
    return {f"{field.get('name')}={field.get('value')}" for field in fields}


def error_of(page: Page, element: str, name: str) -> str:
    """Give the sentence that is tied to a field."""
    (field,) = [f for f in page.root.find(".//main").iter(element) if f.get("name") == name]
    assert field.get("aria-invalid") == "true"
    (sentence,) = page.words("p", id=field.get("aria-describedby", ""))
    return sentence


def test_the_page_shows_what_the_reader_wants_and_changes_nothing(client: CheckingClient) -> None:
    make_article(topics=["Harbours"])
    join()
    before = everything_stored()
    page = client.page(path("preferences"))
    assert chosen(page) == {"frequency=daily", "which=all"}
    assert "Harbours" in page.main
    client.head(path("preferences"))
    assert everything_stored() == before
    # It may be in the hands of one to whom a letter was passed on.
    assert "ada@example.org" not in page.html


def test_what_is_saved_is_shown_and_said(client: CheckingClient) -> None:
    make_article(topics=["Harbours", "Night"])
    join()
    data = typed(
        frequency="weekly", weekday="4", which="chosen", topics=["night"], search=" ferries  OR x "
    )
    response = client.post(path("preferences"), data=data)
    assert response.status_code == 303
    page = client.page(response.location)
    assert page.words("p", role="status") == ["Saved."]
    assert chosen(page) == {"frequency=weekly", "which=chosen", "topics=night"}
    assert [o.text for o in page.all("option") if o.get("selected") is not None] == ["Friday"]
    assert "/search?q=ferries%20OR%20x" in page.links()
    search = reader().searches[0].id
    client.post(path("preferences"), data=typed(remove=[str(search), "x", "-1"]))
    assert reader().searches == []
    assert not client.page(path("preferences")).words("p", role="status")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"which": "chosen"}, "nothing would ever come"),
        ({"which": "some"}, "all topics, or some"),
        ({"frequency": "hourly"}, "how often"),
        ({"frequency": ""}, "how often"),
        ({"weekday": "7"}, "day of the week"),
        ({"weekday": "soon"}, "day of the week"),
    ],
)
def test_what_cannot_be_is_told_and_keeps_what_was_typed(
    client: CheckingClient, wrong: dict[str, str], sentence: str
) -> None:
    join()
    page = client.page_of(client.post(path("preferences"), data=typed(**wrong)), 422)
    assert sentence in " ".join(page.words("p", class_="field-error"))
    assert page.words("title")[0].startswith("Please look again")
    (group,) = [f for f in page.all("fieldset") if f.get("aria-describedby")]
    assert sentence in page.words("p", id=group.get("aria-describedby", ""))[0]
    assert ("which=chosen" in chosen(page)) is (wrong == {"which": "chosen"})
    assert "Nothing is saved yet" in page.words("p", role="alert")[0]
    assert reader().has_all_topics


def test_a_search_that_is_too_long_is_told_beside_its_field(client: CheckingClient) -> None:
    join()
    answer = client.post(path("preferences"), data=typed(search="x" * 201))
    page = client.page_of(answer, 422)
    assert "200 characters" in error_of(page, "input", "search")


def test_nothing_typed_at_all_is_no_mistake_of_ours(client: CheckingClient) -> None:
    join()
    for body, kind in (("", None), ("[1]", "application/json"), ("topics=%ff%00", None)):
        assert client.post(path("preferences"), data=body, content_type=kind).status_code == 422


@pytest.mark.parametrize("number", ["9" * 5000, "9" * 19, "\N{SUPERSCRIPT TWO}", "-1", " 1"])
def test_what_is_no_number_of_a_search_removes_nothing(client: CheckingClient, number: str) -> None:
    join()
    client.post(path("preferences"), data=typed(search="ferries"))
    data = typed(remove=[number])
    assert client.post("/newsletter/preferences/x", data=data).status_code == 404
    assert client.post(path("preferences"), data=data).status_code == 303
    wrong = client.post(path("preferences"), data={**data, "weekday": "soon"})
    assert wrong.status_code == 422
    assert len(reader().searches) == 1


def every_post() -> list[str]:
    return [
        "/newsletter/preferences",
        "/newsletter/searches",
        path("preferences"),
        f"{path('preferences')}/link",
        f"{path('preferences')}/confirmation",
        f"{path('account')}/file",
        f"{path('account')}/address",
        f"{path('account')}/erasure",
        f"/newsletter/address/{linking.sign('address', reader().key)}",
        f"/newsletter/searches/{search('ferries')}",
    ]


def test_other_sites_cannot_do_any_of_it_for_a_reader(client: CheckingClient) -> None:
    join()
    for address in every_post():
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example.com"}):
            data = typed(email="new@example.org", q="ferries", search="ferries")
            assert client.post(address, data=data, headers=headers).status_code == 403, address
    assert (mails(), reader().searches) == ([], [])


def test_links_that_are_not_whole_or_late_say_so(client: CheckingClient, clock: Clock) -> None:
    join()
    posts = [address for address in every_post() if address.count("/") > 2]
    gets = [
        p
        for p in posts
        if not p.endswith(("/link", "/confirmation", "/file", "/address", "/erasure"))
    ]
    gets.append(path("account"))
    for address in posts:
        broken = re.sub(r"(/newsletter/[a-z]+)/[^/]+", r"\1/nothing", address)
        data = typed(email="new@example.org")
        assert client.post(broken, data=data).status_code == 404, address
    clock.forward(days=91)
    for address in gets:
        page = client.page(address, status=410)
        assert "does not work any more" in page.text
        assert "/newsletter/preferences" in page.links()


def test_pages_of_one_reader_are_kept_and_found_nowhere(client: CheckingClient) -> None:
    join()
    for address in (
        path("preferences"),
        path("account"),
        f"/newsletter/searches/{search('ferries')}",
        "/newsletter/preferences",
        "/newsletter/requested",
        "/newsletter/searches?q=x",
        "/newsletter/moved",
    ):
        response = client.get(address)
        assert response.headers["Cache-Control"] == "no-store"
        # The token in an address goes to no other site.
        assert response.headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
        (robots,) = Page(response.text).all("meta", name="robots")
        assert robots.get("content") == "noindex"
        assert not Page(response.text).all("link", rel="canonical")


def asked(client: CheckingClient, **data: str) -> TestResponse:
    return client.post("/newsletter/preferences", data=data)


def test_who_has_no_letter_at_hand_is_mailed_a_link(client: CheckingClient) -> None:
    join()
    assert "/newsletter/preferences" in client.page("/newsletter").links()
    client.page("/newsletter/preferences")
    answers = [asked(client, email=f"{name}@example.org") for name in ("Ada", "nobody")]
    assert len({(a.status_code, a.location, a.data) for a in answers}) == 1
    client.page(answers[0].location)
    assert mails() == ["preferences"]
    assert client.page(mailed_path("preferences"))


@pytest.mark.parametrize("form", ["/newsletter/preferences", "/newsletter/searches"])
def test_the_forms_for_all_are_guarded_as_the_sign_up_is(client: CheckingClient, form: str) -> None:
    join()
    wrong = client.page_of(client.post(form, data={"email": "ada@", "q": "x"}), 422)
    assert "does not look like" in error_of(wrong, "input", "email")
    bots = {"email": "ada@example.org", "q": "x", "website": "spam"}
    assert client.post(form, data=bots).status_code == 303
    assert mails() == []
    data = {"email": "nobody@example.org", "q": "x"}
    proof = solved(new_challenge())
    proven = {**data, "challenge": proof.challenge, "answer": proof.answer}
    assert [client.post(form, data=data).status_code for _ in range(3)] == [303] * 3
    refused = client.post(form, data=data)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert client.post(form, data=proven).status_code == 303


@pytest.mark.parametrize("form", ["/newsletter/searches", "account"])
def test_a_provider_that_is_refused_is_refused_by_every_form(
    client: CheckingClient, form: str
) -> None:
    join()
    site = the_site()
    site.settings = replace(site.settings, refused_domains=("throwaway.example",))
    place = f"{path('account')}/address" if form == "account" else form
    answer = client.post(place, data={"email": "x@throwaway.example", "q": "chips"})
    page = client.page_of(answer, 422)
    assert "provider" in error_of(page, "input", "email")


def test_a_letter_leads_to_the_account_only_by_a_fresh_mail(client: CheckingClient) -> None:
    join()
    response = client.post(f"{path('preferences')}/link")
    assert response.status_code == 303
    assert "on its way" in client.page(response.location).main
    token = path("preferences").rpartition("/")[2]
    assert client.get(f"/newsletter/account/{token}").status_code == 404
    page = client.page(mailed_path("account"))
    assert "ada@example.org" in page.main
    for _ in range(3):
        response = client.post(f"{path('preferences')}/link")
    page = client.page(response.location)
    assert "on its way" not in page.main
    assert "try again tomorrow" in page.words("p", role="status")[0]


def stop() -> None:
    """Let mail to the reader come back."""
    now, stopped = the_site().clock(), reader()
    bounce = Bounce(subscriber_id=stopped.id, kind=BounceKind.COMPLAINT, bounced_at=now)
    db.session.add(bounce)
    stopped.state, stopped.confirmed_at = SubscriberState.BOUNCED, now
    db.session.commit()


def test_whose_mail_came_back_is_told_so_and_gets_none_until_he_says_that_it_arrives(
    client: CheckingClient,
) -> None:
    join()
    stop()
    page = client.page(path("preferences"))
    assert "Nothing is sent to you now" in page.main
    again = f"{path('preferences')}/confirmation"
    assert [form.get("action") for form in page.all("form", action=again)] == [again]
    saved = client.post(path("preferences"), data=typed(frequency="weekly"))
    assert "Nothing is sent to you now" in client.page(saved.location).main
    # Neither who complained nor a dead mailbox is written to, whoever asks.
    client.post(f"{path('preferences')}/link")
    client.post("/newsletter", data={"email": "ada@example.org"})
    client.post("/newsletter/preferences", data={"email": "ada@example.org"})
    client.post("/newsletter/searches", data={"email": "ada@example.org", "q": "ferries"})
    assert mails() == []
    assert "A mail is on its way" in client.page(client.post(again).location).main
    confirmation = mailed_path("confirmation")
    assert reader().state == SubscriberState.BOUNCED
    assert "comes to you again" in client.page(confirmation).main
    client.post(confirmation)
    assert (reader().state, reader().frequency) == (SubscriberState.CONFIRMED, "weekly")
    assert "Nothing is sent" not in client.page(path("preferences")).main
    assert db.session.scalars(select(Bounce)).all() == []


def test_trying_again_has_its_limit_too_and_tells_it(client: CheckingClient) -> None:
    join()
    stop()
    for _ in range(4):
        response = client.post(f"{path('preferences')}/confirmation")
    assert "try again tomorrow" in client.page(response.location).words("p", role="status")[0]
    assert mails() == ["confirmation"] * 3


def test_whose_mail_arrives_is_not_asked_whether_it_does(client: CheckingClient) -> None:
    join()
    assert "Try again" not in client.page(path("preferences")).main
    client.post(f"{path('preferences')}/confirmation")
    assert mails() == []


def test_everything_comes_as_a_file_and_by_the_button_alone(client: CheckingClient) -> None:
    join()
    assert client.get(f"{path('account')}/file").status_code == 405
    response = client.post(f"{path('account')}/file")
    assert response.mimetype == "application/json"
    assert response.headers["Content-Disposition"] == "attachment; filename=my-letter.json"
    assert response.headers["Cache-Control"] == "no-store"
    assert json.loads(response.text)["address"] == "ada@example.org"


def test_a_new_address_confirms_by_a_button(client: CheckingClient) -> None:
    join("ada")
    join("eve")
    account = path("account")
    answers = [
        client.post(f"{account}/address", data={"email": f"{name}@example.org"})
        for name in ("ada", "eve", "new")
    ]
    assert len({(a.status_code, a.data) for a in answers}) == 1
    assert "on its way" in client.page(answers[0].location).main
    address = mailed_path("address")
    assert "new@example.org" in client.page(address).main
    assert reader("ada")
    moved = client.post(address)
    assert (moved.status_code, moved.location) == (303, "/newsletter/moved")
    client.page(moved.location)
    assert reader("new")
    assert client.get(address).status_code == 410
    account = path("account", "new")
    wrong = client.page_of(client.post(f"{account}/address", data={"email": "new@"}), 422)
    assert "does not look like" in error_of(wrong, "input", "email")


def test_who_has_asked_too_many_addresses_today_is_told_so(client: CheckingClient) -> None:
    join()
    place = f"{path('account')}/address"
    for n in range(6):
        response = client.post(place, data={"email": f"new{n}@example.org"})
        said = client.page(response.location).words("p", role="status")[0]
        assert ("on its way" in said) is (n < 5)
    assert "tomorrow" in said


def test_an_address_that_is_taken_says_so_to_who_reads_its_mail(client: CheckingClient) -> None:
    join("ada")
    join("eve")
    client.post(f"{path('account')}/address", data={"email": "eve@example.org"})
    page = client.page_of(client.post(mailed_path("address")), 409)
    assert "already" in page.main


def test_who_is_erased_is_told_so_also_the_second_time(client: CheckingClient) -> None:
    join()
    account = path("account")
    client.page(account)
    for _ in range(2):
        page = client.page_of(client.post(f"{account}/erasure"), 200)
        assert "your address is erased" in page.main
    assert subscribing.known("ada@example.org") is None
    assert client.get(account).status_code == 410


def test_results_offer_to_mail_what_is_new(client: CheckingClient) -> None:
    make_article()
    query = 'a & "b" <i>é'
    page = client.page("/search", query_string={"q": query})
    (link,) = [a for a in page.links() if a.startswith("/newsletter/searches")]
    form = client.page(link)
    (field,) = [i for i in form.all("input", name="q") if i.get("id") == "follow-q"]
    assert field.get("value") == query
    for other in ("", "   ", "x" * 201):
        page = client.page("/search", query_string={"q": other})
        assert not [a for a in page.links() if a.startswith("/newsletter/searches")]


def test_whoever_follows_a_search_gets_the_same_answer(client: CheckingClient) -> None:
    join()
    answers = [
        client.post("/newsletter/searches", data={"email": f"{name}@example.org", "q": "ferries"})
        for name in ("nobody", "ada")
    ]
    assert len({(a.status_code, a.location, a.data) for a in answers}) == 1
    client.page(answers[0].location)
    assert mails() == ["search", "search"]
    link = mailed_path("searches")
    assert "ferries" in client.page(link).main
    assert reader().searches == []
    added = client.post(link)
    assert added.status_code == 303
    assert "ferries" in client.page(added.location).main
    assert [search.query for search in reader().searches] == ["ferries"]


def test_who_follows_twenty_is_told_that_no_more_can_be(client: CheckingClient) -> None:
    join()
    for n in range(20):
        client.post(path("preferences"), data=typed(search=f"ferries {n}"))
    link = f"/newsletter/searches/{search('one more')}"
    page = client.page_of(client.post(link), 422)
    assert "Remove one" in page.main


def test_the_page_that_confirms_a_search_names_it(client: CheckingClient) -> None:
    client.post("/newsletter/searches", data={"email": "ada@example.org", "q": "ferries"})
    page = client.page(mailed_path("searches"))
    assert "“ferries”" in page.main
    assert "letter" not in page.main
    client.post("/newsletter", data={"email": "ada@example.org"})
    page = client.page(mailed_path("confirmation"))
    assert "daily letter" in page.main
    assert "ferries" not in page.main


@pytest.mark.parametrize("query", ["", "  ", "x" * 201])
def test_what_cannot_be_followed_is_told_beside_its_field(
    client: CheckingClient, query: str
) -> None:
    data = {"email": "ada@example.org", "q": query}
    page = client.page_of(client.post("/newsletter/searches", data=data), 422)
    assert error_of(page, "input", "q")


@pytest.mark.parametrize("query", ["%ED%A0%80", "%00", "%ff", "%F0%9F%90%A6", "<b>"])
def test_whatever_stands_in_an_address_or_a_form_has_its_page(
    client: CheckingClient, query: str
) -> None:
    assert client.page(f"/newsletter/searches?q={query}")
    body = f"{urlencode({'email': 'ada@'})}&q={query}"
    kind = "application/x-www-form-urlencoded"
    assert client.post("/newsletter/searches", data=body, content_type=kind).status_code == 422
    join()
    body = f"frequency=hourly&which=all&weekday=1&search={query}&topics={query}&remove={query}"
    answer = client.post(path("preferences"), data=body, content_type=kind)
    assert answer.status_code == 422


def test_capitals_in_a_token_are_as_they_were_signed(client: CheckingClient) -> None:
    join()
    for noun in ("preferences", "account"):
        address = path(noun)
        assert address != address.lower()
        assert client.get(address).status_code == 200
        assert client.get(address.lower()).status_code == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(client: CheckingClient, method: str) -> None:
    join()
    for address in every_post():
        assert client.open(address, method=method).status_code == 405
