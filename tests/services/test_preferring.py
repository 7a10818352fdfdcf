"""What readers want of the letter, and what they do about what is kept of them."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage

import pytest
from flask import Flask
from sqlalchemy import select

from tests.conftest import NOON, Clock
from tests.factories import make_article
from tests.races import meanwhile
from tests.services.test_subscribing import everything_stored
from webapp.errors import AddressTaken, LinkExpired, LinkUnreadable, TooManySignUps, WishesRefused
from webapp.extensions import db, the_site
from webapp.mail import MemoryCarrier
from webapp.models import (
    Bounce,
    BounceKind,
    Delivery,
    DeliveryState,
    Departure,
    Frequency,
    Subscriber,
    SubscriberState,
)
from webapp.services import account, account_letters, linking, mailing, preferring, subscribing
from webapp.services.preferring import Wishes

CLIENT = "203.0.113.7"
EVERYTHING = Wishes(Frequency.DAILY, 0, has_all_topics=True, topics=frozenset())


@pytest.fixture(autouse=True)
def sent(app: Flask) -> list[EmailMessage]:
    carrier = MemoryCarrier()
    the_site().carrier = carrier
    return carrier.sent


def reader(name: str = "ada") -> Subscriber:
    db.session.expire_all()
    found = subscribing.known(f"{name}@example.org")
    assert found is not None
    return found


def join(name: str = "ada") -> Subscriber:
    """Make a reader, whom no mail of today counts for."""
    subscribing.noted(f"{name}@example.org", "page")
    reader(name).state = SubscriberState.CONFIRMED
    db.session.commit()
    return reader(name)


def preferences(name: str = "ada") -> str:
    return linking.sign_for("preferences", reader(name).key, reader(name).address)


def account_token(name: str = "ada") -> str:
    return linking.sign_for("account", reader(name).key, reader(name).address)


def confirmation() -> str:
    return linking.sign_for("confirmation", reader().key, reader().address)


def mails() -> list[tuple[str, str | None]]:
    return [(d.letter, d.address) for d in db.session.scalars(select(Delivery))]


def queries(name: str = "ada") -> list[str]:
    return [search.query for search in reader(name).searches]


def wishes(**other: object) -> Wishes:
    return Wishes(**{**{n: getattr(EVERYTHING, n) for n in Wishes.__slots__}, **other})


def test_what_a_reader_wants_is_what_he_said_last() -> None:
    make_article(topics=["Harbours", "Ferries", "Night"])
    join()
    weekly = wishes(
        frequency=Frequency.WEEKLY,
        weekday=4,
        has_all_topics=False,
        topics=frozenset({"harbours", "night", "no-such-topic"}),
        search="  falcon \t OR\u2028osprey\x00 ",
    )
    preferring.save(preferences(), weekly)
    stored = reader()
    assert (stored.frequency, stored.weekday, stored.has_all_topics) == ("weekly", 4, False)
    assert [topic.name for topic in stored.topics] == ["Harbours", "Night"]
    assert queries() == ["falcon OR osprey"]
    preferring.save(preferences(), EVERYTHING)
    stored = reader()
    assert (stored.frequency, stored.has_all_topics, stored.topics) == ("daily", True, [])
    assert queries() == ["falcon OR osprey"]


def test_a_letter_of_which_nothing_would_come_is_refused_and_nothing_changes() -> None:
    make_article(topics=["Harbours"])
    join()
    nothing = wishes(frequency=Frequency.EACH, has_all_topics=False)
    with pytest.raises(WishesRefused) as refusal:
        preferring.save(preferences(), nothing)
    assert refusal.value.field == "topics"
    assert (reader().frequency, reader().has_all_topics) == ("daily", True)
    preferring.save(preferences(), wishes(has_all_topics=False, search="ferries"))
    (search,) = reader().searches
    removed = frozenset({search.id})
    with pytest.raises(WishesRefused):
        preferring.save(preferences(), wishes(has_all_topics=False, removed=removed))
    assert queries() == ["ferries"]


def test_a_search_is_followed_once_and_twenty_at_most_of_200_characters_at_most() -> None:
    join()
    for n in (*range(20), 0):
        preferring.save(preferences(), wishes(search=f"ferries {n}"))
    assert len(queries()) == 20
    for search in ("one more", "x" * 201):
        with pytest.raises(WishesRefused) as refusal:
            preferring.save(preferences(), wishes(search=search))
        assert refusal.value.field == "search"
    first = frozenset({reader().searches[0].id})
    # The place of one that goes is free for the one that comes.
    preferring.save(preferences(), wishes(removed=first, search="x" * 200))
    assert queries() == [*(f"ferries {n}" for n in range(1, 20)), "x" * 200]


def test_nobody_removes_the_searches_of_another() -> None:
    join("ada")
    join("eve")
    preferring.save(preferences("eve"), wishes(search="ferries"))
    others = frozenset({reader("eve").searches[0].id})
    preferring.save(preferences("ada"), wishes(removed=others))
    assert queries("eve") == ["ferries"]


def test_topics_to_choose_are_those_of_articles_and_those_that_were_chosen(clock: Clock) -> None:
    make_article(topics=["Harbours"])
    later = (NOON + timedelta(days=1)).isoformat()
    make_article(topics=["later"], published_at=later)
    join()
    assert [topic.name for topic in preferring.topics_for(reader())] == ["Harbours"]
    chosen = frozenset({"later"})
    preferring.save(preferences(), wishes(has_all_topics=False, topics=chosen))
    assert [topic.name for topic in preferring.topics_for(reader())] == ["Harbours", "later"]


def test_a_link_to_the_preferences_lasts_90_days(clock: Clock) -> None:
    join()
    token = preferences()
    clock.forward(days=90)
    preferring.save(token, EVERYTHING)
    clock.forward(seconds=1)
    with pytest.raises(LinkExpired):
        preferring.save(token, EVERYTHING)


def test_a_link_leads_nowhere_once_its_reader_has_left() -> None:
    join()
    tokens = preferences(), account_token()
    account.erase(account_token())
    with pytest.raises(LinkExpired):
        preferring.save(tokens[0], EVERYTHING)
    with pytest.raises(LinkExpired):
        account.account_of(tokens[1])


def test_who_has_not_confirmed_has_no_preferences() -> None:
    subscribing.sign_up("ada@example.org", "page", CLIENT)
    with pytest.raises(LinkExpired):
        preferring.reader_of(preferences())


def test_a_link_from_a_letter_neither_gives_out_nor_moves_nor_erases() -> None:
    join()
    for deed in (account.everything_about, account.erase, account.account_of):
        with pytest.raises(LinkUnreadable):
            deed(preferences())
    with pytest.raises(LinkUnreadable):
        account.ask_to_move(preferences(), "new@example.org")
    assert reader()


def test_only_a_confirmed_reader_is_mailed_a_link() -> None:
    join("ada")
    subscribing.noted("eve@example.org", "page")
    join("bob").state = SubscriberState.BOUNCED
    db.session.commit()
    for n, name in enumerate(("ADA", "eve", "bob", "nobody")):
        preferring.ask_for_link(f"{name}@example.org", f"192.0.{n}.1")
    assert [d.subscriber_id for d in db.session.scalars(select(Delivery))] == [reader().id]
    assert mails() == [("preferences", None)]


def test_asking_for_links_counts_with_the_sign_ups_of_a_network() -> None:
    join()
    subscribing.sign_up("reader@example.org", "page", CLIENT)
    preferring.ask_for_link("ada@example.org", CLIENT)
    preferring.ask_to_follow("eve@example.org", "ferries", CLIENT)
    for deed in (
        lambda: preferring.ask_for_link("ada@example.org", CLIENT),
        lambda: preferring.ask_to_follow("ada@example.org", "ferries", CLIENT),
        lambda: subscribing.sign_up("reader9@example.org", "page", CLIENT),
    ):
        with pytest.raises(TooManySignUps):
            deed()


def test_of_three_mails_a_day_strangers_cannot_use_up_the_readers_own(clock: Clock) -> None:
    join()
    for n in range(3):
        preferring.ask_for_link("ada@example.org", f"192.0.{n}.1")
        preferring.ask_to_follow("ada+tag@example.org", "ferries", f"192.1.{n}.1")
        subscribing.sign_up("ada@example.org", "page", f"192.2.{n}.1")
    assert len(mails()) == 2
    assert account.ask_for_link(preferences())
    assert not account.ask_for_link(preferences())
    assert [letter for letter, _ in mails()][2:] == ["account"]
    clock.forward(days=1, seconds=1)
    assert all(account.ask_for_link(preferences()) for _ in range(3))


def test_a_link_to_the_account_lasts_an_hour_from_when_its_mail_was_written(
    clock: Clock, sent: list[EmailMessage]
) -> None:
    join()
    account.ask_for_link(preferences())
    clock.forward(hours=5)
    mailing.send_due()
    token = link_in(sent[-1], "account")
    clock.forward(hours=1)
    assert account.account_of(token).address == "ada@example.org"
    clock.forward(seconds=1)
    for deed in (account.account_of, account.everything_about, account.erase):
        with pytest.raises(LinkExpired):
            deed(token)


def link_in(message: EmailMessage, noun: str) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    begin = f"{the_site().settings.site_url}/newsletter/{noun}/"
    (line,) = [line for line in body.get_content().splitlines() if line.startswith(begin)]
    return line.removeprefix(begin)


def test_everything_is_all_that_is_kept(clock: Clock) -> None:
    make_article(topics=["Harbours"])
    join()
    chosen = frozenset({"harbours"})
    preferring.save(preferences(), wishes(topics=chosen, search="ferries"))
    bounce = Bounce(subscriber_id=reader().id, kind=BounceKind.SOFT, bounced_at=NOON)
    db.session.add(bounce)
    account.ask_for_link(preferences())
    mailing.send_due()
    account.ask_to_move(account_token(), "new@example.org")
    told = account.everything_about(account_token())
    assert told["address"] == "ada@example.org"
    assert told["consent"] == {
        "given_at": "2026-11-23T12:00:00+00:00",
        "form": "page",
        "wording": subscribing.WORDING,
        "confirmed_at": None,
    }
    assert (told["topics"], told["searches"]) == (["Harbours"], ["ferries"])
    letters = told["deliveries"]
    assert isinstance(letters, list)
    assert [(each["letter"], each["state"], each["address"]) for each in letters] == [
        ("account", "sent", "ada@example.org"),
        ("address", "waiting", "new@example.org"),
    ]
    assert told["bounces"] == [{"kind": "soft", "bounced_at": "2026-11-23T12:00:00+00:00"}]
    # The key is in every link to this reader; a file goes to more hands than a mail.
    assert reader().key not in str(told)


def test_of_who_is_erased_a_keyed_hash_remains_and_twice_is_as_once() -> None:
    join()
    preferring.save(preferences(), wishes(search="ferries"))
    account.ask_to_move(account_token(), "new@example.org")
    token, key = account_token(), reader().key
    account.erase(token)
    account.erase(token)
    assert len(db.session.scalars(select(Departure)).all()) == 1
    left = everything_stored()
    assert not [said for said in ("ada@example.org", "new@example.org", "ferries") if said in left]
    assert f"'{key}'" not in left


def moved_token(sent: list[EmailMessage]) -> str:
    mailing.send_due()
    return link_in(sent[-1], "address")


def test_a_new_address_gets_the_letter_once_it_has_confirmed(sent: list[EmailMessage]) -> None:
    join()
    bounce = Bounce(subscriber_id=reader().id, kind=BounceKind.SOFT, bounced_at=NOON)
    db.session.add(bounce)
    preferring.save(preferences(), wishes(search="ferries"))
    account.ask_to_move(account_token(), "New@example.org")
    token = moved_token(sent)
    assert sent[-1]["To"] == "new@example.org"
    assert account.new_address(token) == "new@example.org"
    assert reader("ada").address == "ada@example.org"
    account.move(token)
    assert queries("new") == ["ferries"]
    assert subscribing.known("ada@example.org") is None
    assert "ada@example.org" not in everything_stored()
    assert db.session.scalars(select(Bounce)).all() == []
    # No import brings the former address back.
    hashed = linking.keyed_hash("ada@example.org")
    assert db.session.scalars(select(Departure.address_hash)).all() == [hashed]
    with pytest.raises(LinkExpired):
        account.move(token)


def test_what_lies_in_the_former_mailbox_does_nothing_once_the_letter_has_moved(
    sent: list[EmailMessage],
) -> None:
    join()
    former = preferences(), account_token()
    (search,) = searches_asked_for("spam")
    leave = linking.sign("departure", reader().key)
    account.ask_to_move(former[1], "new@example.org")
    account.move(moved_token(sent))
    for link, deed in (
        (former[0], lambda token: preferring.save(token, EVERYTHING)),
        (former[0], preferring.reader_of),
        (former[0], account.ask_for_link),
        (former[1], account.account_of),
        (former[1], account.everything_about),
        (former[1], account.erase),
        (former[1], lambda token: account.ask_to_move(token, "ada@example.org")),
        (search, preferring.follow),
    ):
        with pytest.raises(LinkExpired):
            deed(link)
    assert (reader("new").state, queries("new")) == ("confirmed", [])
    assert preferring.reader_of(preferences("new"))
    # The way to leave stands in mails that may have been kept, and is good for ever.
    subscribing.leave(leave)
    assert subscribing.known("new@example.org") is None


def test_a_token_fits_into_a_line_of_a_mail() -> None:
    join()
    # RFC 2045, 6.7: 76 characters, and the last of them says that the line goes on.
    for token in (preferences(), confirmation(), linking.sign("departure", reader().key)):
        assert len(token) <= 75


def test_who_is_erased_at_once_as_a_mail_is_asked_for_gets_none() -> None:
    join()
    link, fresh = preferences(), account_token()
    with meanwhile(lambda: account.erase(fresh)) as other, pytest.raises(LinkExpired):
        account.ask_for_link(link)
    assert other == [None]
    assert mails() == []


def test_who_is_erased_at_once_as_he_moves_is_erased(sent: list[EmailMessage]) -> None:
    join()
    fresh = account_token()
    with meanwhile(lambda: account.erase(fresh)) as other, pytest.raises(LinkExpired):
        account.ask_to_move(fresh, "new@example.org")
    assert other == [None]
    join("eve")
    fresh = account_token("eve")
    account.ask_to_move(fresh, "new@example.org")
    token = moved_token(sent)
    with meanwhile(lambda: account.erase(fresh)) as other, pytest.raises(LinkExpired):
        account.move(token)
    assert other == [None]
    assert db.session.scalars(select(Subscriber)).all() == []


def test_no_address_stands_in_a_link(sent: list[EmailMessage]) -> None:
    join()
    account.ask_to_move(account_token(), "new@example.org")
    token = moved_token(sent)
    said = linking.read("address", token, None)
    assert "example" not in said
    assert "@" not in said


def test_a_stranger_who_is_written_to_by_mistake_gets_no_link_to_leave(
    sent: list[EmailMessage],
) -> None:
    join()
    account.ask_to_move(account_token(), "new@example.org")
    moved_token(sent)
    assert "unsubscription" not in str(sent[-1])
    assert sent[-1]["List-Unsubscribe"] is None


def test_of_several_new_addresses_the_last_is_meant(clock: Clock, sent: list[EmailMessage]) -> None:
    join()
    account.ask_to_move(account_token(), "mistyped@example.org")
    mistyped = moved_token(sent)
    account.ask_to_move(account_token(), "new@example.org")
    with pytest.raises(LinkExpired):
        account.move(mistyped)
    account.move(moved_token(sent))
    assert reader("new")
    account.ask_to_move(account_token("new"), "newer@example.org")
    newer = moved_token(sent)
    # Whoever asks for the address that he has calls off the other.
    account.ask_to_move(account_token("new"), "new@example.org")
    with pytest.raises(LinkExpired):
        account.move(newer)
    account.ask_to_move(account_token("new"), "newest@example.org")
    newest = moved_token(sent)
    clock.forward(days=1, seconds=1)
    with pytest.raises(LinkExpired):
        account.move(newest)
    assert reader("new")


def test_an_address_that_another_reader_has_is_told_only_to_who_reads_its_mail(
    sent: list[EmailMessage],
) -> None:
    join("ada")
    join("eve")
    account.ask_to_move(account_token("ada"), "eve@example.org")
    token = moved_token(sent)
    with pytest.raises(AddressTaken):
        account.move(token)
    assert (reader("ada").state, reader("eve").state) == ("confirmed", "confirmed")
    assert db.session.scalars(select(Departure)).all() == []


def test_a_sign_up_that_waits_for_the_new_address_gives_way(sent: list[EmailMessage]) -> None:
    join()
    subscribing.sign_up("new@example.org", "page", CLIENT)
    account.ask_to_move(account_token(), "new@example.org")
    account.move(moved_token(sent))
    assert reader("new").state == SubscriberState.CONFIRMED
    assert len(db.session.scalars(select(Subscriber)).all()) == 1


def test_a_reader_has_five_new_addresses_a_day_mailed_to() -> None:
    join()
    for n in range(7):
        account.ask_to_move(account_token(), f"new{n}@example.org")
        asked = [address for letter, address in mails() if letter == "address"]
        assert asked == ([f"new{n}@example.org"] if n < 5 else [])


def test_a_known_reader_follows_a_search_by_the_button_of_a_mailed_link(
    sent: list[EmailMessage],
) -> None:
    join()
    preferring.ask_to_follow("Ada@example.org", ' "open\nsource" ', CLIENT)
    assert queries() == []
    mailing.send_due()
    token = link_in(sent[-1], "searches")
    assert preferring.search_of(token) == '"open source"'
    assert queries() == []
    for _ in range(2):  # twice is as once
        assert preferring.reader_of(preferring.follow(token)).id == reader().id
    assert queries() == ['"open source"']
    # Strangers could write to readers by it.
    assert "open source" not in str(sent[-1])


def test_a_search_whose_mail_was_put_off_is_still_that_search(
    sent: list[EmailMessage],
) -> None:
    join()
    preferring.ask_to_follow("ada@example.org", "ferries", CLIENT)
    delivery = db.session.scalars(select(Delivery)).one()
    delivery.reason = "450 busy"
    db.session.commit()
    mailing.send_due()
    assert preferring.search_of(link_in(sent[-1], "searches")) == "ferries"


def test_the_longest_search_fits_into_a_link(sent: list[EmailMessage]) -> None:
    join()
    query = "".join(chr(0x1F300 + n * 37 % 0x200) for n in range(200))
    preferring.ask_to_follow("ada@example.org", query, CLIENT)
    mailing.send_due()
    preferring.follow(link_in(sent[-1], "searches"))
    assert queries() == [query]


def searches_asked_for(*searches: str) -> list[str]:
    """Ask for each in the name of ada, and give the tokens that are mailed."""
    tokens = []
    for n, search in enumerate(searches):
        preferring.ask_to_follow("Ada@example.org", search, f"192.0.{n}.1")
        tokens.append(linking.sign_for("search", reader().key, reader().address, search))
    return tokens


def test_who_is_no_reader_yet_becomes_one_of_the_search_alone(sent: list[EmailMessage]) -> None:
    preferring.ask_to_follow("Ada@example.org", "ferries", CLIENT)
    assert (reader().state, reader().consent_form) == (SubscriberState.PENDING, "search")
    mailing.send_due()
    # It is a mail about a search, and not about the letter.
    assert "search" in sent[-1]["Subject"]
    assert "letter" not in str(sent[-1].get_body(("plain",))).replace("newsletter/", "")
    token = link_in(sent[-1], "searches")
    assert preferring.search_of(token) == "ferries"
    assert preferring.reader_of(preferring.follow(token)).state == SubscriberState.CONFIRMED
    assert (reader().has_all_topics, reader().frequency) == (False, "daily")
    assert reader().confirmed_at == NOON
    assert queries() == ["ferries"]


def test_only_the_search_of_the_mail_that_was_opened_is_followed() -> None:
    subscribing.sign_up("ada@example.org", "page", CLIENT)
    others, own = searches_asked_for("spam", "ferries")
    assert queries() == []
    preferring.follow(own)
    assert queries() == ["ferries"]
    # Nor is the letter, of which this mail said nothing.
    assert not reader().has_all_topics
    preferring.follow(others)
    assert queries() == ["ferries", "spam"]


def test_who_follows_a_search_and_then_confirms_the_letter_gets_all_of_it() -> None:
    subscribing.sign_up("ada@example.org", "page", CLIENT)
    (own,) = searches_asked_for("ferries")
    preferring.follow(own)
    subscribing.confirm(confirmation())
    assert reader().has_all_topics
    assert queries() == ["ferries"]


def test_who_confirms_the_letter_follows_no_search_that_was_asked_for_in_his_name() -> None:
    searches_asked_for("spam")
    subscribing.confirm(confirmation())
    assert reader().has_all_topics
    assert queries() == []


def test_who_left_follows_nothing_by_an_older_link() -> None:
    (own,) = searches_asked_for("ferries")
    subscribing.leave(linking.sign("departure", reader().key))
    for deed in (preferring.search_of, preferring.follow):
        with pytest.raises(LinkExpired):
            deed(own)


@pytest.mark.parametrize("query", ["", " \n ", "\x00", "x" * 201])
def test_what_is_no_search_is_not_followed(query: str) -> None:
    with pytest.raises(WishesRefused):
        preferring.ask_to_follow("ada@example.org", query, CLIENT)
    assert subscribing.known("ada@example.org") is None


def test_every_mail_that_can_be_asked_for_says_what_for_and_for_how_long(
    sent: list[EmailMessage], clock: Clock
) -> None:
    join()
    for letter in account_letters.LETTERS:
        to = "new@example.org" if letter == "address" else None
        delivery = Delivery(subscriber_id=reader().id, letter=letter, address=to, due_at=NOON)
        delivery.about = "ferries"
        db.session.add(delivery)
    db.session.commit()
    assert mailing.send_due().sent == 4
    for message in sent:
        plain, html = (message.get_body((kind,)) for kind in ("plain", "html"))
        assert plain is not None
        assert html is not None
        assert "Broadsheet" in message["Subject"]
        assert "do nothing" in plain.get_content()
        assert "do nothing" in html.get_content()
        assert "{" not in plain.get_content()
    states = db.session.scalars(select(Delivery.state)).all()
    assert set(states) == {DeliveryState.SENT}
