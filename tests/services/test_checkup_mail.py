"""The doctor on mail: asked of a real mail server and a real server of DNS."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import dns.message
import dns.resolver
import dns.rrset
import pytest

from tests.conftest import Clock
from tests.factories import make_article, make_readers
from tests.mail.keys import KEY, OTHER
from tests.mail.test_carriers import Box, server
from tests.test_serving import free_port
from webapp.extensions import db, the_site
from webapp.models import EditionState
from webapp.services import editing, living, outbox
from webapp.services.checking import Check
from webapp.services.checkup_mail import examine_mail, quoted
from webapp.text.keys import dns_record

pytestmark = pytest.mark.usefixtures("app")
DOMAIN = "harbour-post.net"


class Zone(dict[str, list[str]]):
    """The TXT records of a server of DNS, by name; the test changes them."""


@pytest.fixture
def zone() -> Iterator[tuple[Zone, dns.resolver.Resolver]]:
    records = Zone()
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            asked, client = listener.recvfrom(4096)
            if not asked:
                return
            query = dns.message.from_wire(asked)
            answer = dns.message.make_response(query)
            name = query.question[0].name
            texts = records.get(name.to_text().rstrip("."), [])
            if texts:
                # A string of a TXT record has at most 255 bytes.
                quoted = ['"' + '" "'.join(re.findall(".{1,200}", text)) + '"' for text in texts]
                answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *quoted))
            listener.sendto(answer.to_wire(), client)

    thread = threading.Thread(target=serve)
    thread.start()
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = listener.getsockname()[1]
    yield records, resolver
    listener.sendto(b"", listener.getsockname())
    thread.join()
    listener.close()


def set_site(**settings: object) -> None:
    site = the_site()
    site.settings = replace(site.settings, **settings)


def seen(resolver: dns.resolver.Resolver | None = None) -> dict[str, Check]:
    return {check.name: check for check in examine_mail(resolver)}


def test_it_says_when_mail_is_due_and_nobody_sends_it(clock: Clock) -> None:
    assert seen()["worker"].is_well
    make_readers("ada")
    outbox.put("preferences", 1)
    db.session.commit()
    clock.forward(minutes=5)
    assert seen()["worker"].is_well, "a worker may just be at it"
    clock.forward(minutes=10)
    check = seen()["worker"]
    assert (check.is_well, "bin/broadsheet worker" in check.remedy) == (False, True)
    living.own_name()
    assert seen()["worker"] == Check("worker", True, "one runs here")


def test_it_says_when_an_edition_is_overdue(clock: Clock) -> None:
    editing.compose_due()
    clock.forward(days=1)
    assert not seen()["worker"].is_well
    editing.compose_due()
    assert seen()["worker"].is_well


def test_without_a_server_it_says_where_mails_go() -> None:
    checks = seen()
    assert checks["mail server"].is_well
    assert "outbox" in checks["mail server"].seen
    assert "SPF" not in checks


def test_a_paused_edition_is_told_with_its_reason() -> None:
    make_article(published_at="2026-11-23T11:00:00Z")
    edition = editing.compose_now()
    edition.state, edition.reason = EditionState.PAUSED, "535 wrong password"
    db.session.commit()
    assert not seen()["letter"].is_well
    assert "535 wrong password" in seen()["letter"].seen


def test_all_is_well_where_all_is_written(zone: tuple[Zone, dns.resolver.Resolver]) -> None:
    records, resolver = zone
    records[DOMAIN] = ["other=1", "v=spf1 mx -all"]
    records[f"_dmarc.{DOMAIN}"] = ["v=DMARC1; p=none"]
    records[f"letter._domainkey.news.{DOMAIN}"] = [dns_record(KEY)]
    records[f"news.{DOMAIN}"] = ["v=spf1 mx -all"]
    with server(Box()) as url:
        set_site(
            smtp_url=url,
            mail_from=f"letter@news.{DOMAIN}",
            mail_return_path=f"bounces@{DOMAIN}",
            dkim_key=KEY,
        )
        checks = seen(resolver)
    assert [name for name, check in checks.items() if not check.is_well] == []
    assert set(checks) == {"letter", "worker", "mail server", "SPF", "DKIM", "DMARC", "return path"}


def test_what_lacks_is_told_with_what_to_write(zone: tuple[Zone, dns.resolver.Resolver]) -> None:
    records, resolver = zone
    records[f"letter._domainkey.{DOMAIN}"] = [dns_record(OTHER)]
    set_site(
        smtp_url=f"smtp://127.0.0.1:{free_port()}",
        mail_from=f"letter@{DOMAIN}",
        mail_return_path="bounces@elsewhere.net",
        dkim_key=KEY,
    )
    checks = seen(resolver)
    bad = {name for name, check in checks.items() if not check.is_well}
    assert bad == {"mail server", "SPF", "DKIM", "DMARC", "return path"}
    assert f'{DOMAIN}. TXT "v=spf1 ' in checks["SPF"].remedy
    assert quoted(dns_record(KEY)) in checks["DKIM"].remedy
    assert f'_dmarc.{DOMAIN}. TXT "v=DMARC1; ' in checks["DMARC"].remedy
    del records[f"letter._domainkey.{DOMAIN}"]
    assert "no key" in seen(resolver)["DKIM"].seen
    records[DOMAIN] = ["v=spf1 a -all", "v=spf1 mx -all"]
    assert "2 records" in seen(resolver)["SPF"].seen


def test_a_server_on_this_machine_sends_under_the_sites_name(
    zone: tuple[Zone, dns.resolver.Resolver],
) -> None:
    set_site(smtp_url="smtp://127.0.0.1:9", mail_from=f"letter@{DOMAIN}")
    assert '"v=spf1 mx ~all"' in seen(zone[1])["SPF"].remedy
    set_site(site_url=f"https://news.{DOMAIN}")
    assert f'"v=spf1 a:news.{DOMAIN} ~all"' in seen(zone[1])["SPF"].remedy


def test_a_long_record_is_written_in_parts() -> None:
    assert quoted("x" * 300) == f'"{"x" * 255}" "{"x" * 45}"'


def test_a_second_key_at_the_selector_does_no_harm(
    zone: tuple[Zone, dns.resolver.Resolver],
) -> None:
    zone[0][f"letter._domainkey.{DOMAIN}"] = [dns_record(OTHER), dns_record(KEY)]
    set_site(smtp_url="smtp://127.0.0.1:9", mail_from=f"letter@{DOMAIN}", dkim_key=KEY)
    assert seen(zone[1])["DKIM"].is_well


def test_a_server_that_does_not_want_our_mail_is_told(
    zone: tuple[Zone, dns.resolver.Resolver],
) -> None:
    box = Box()
    with server(box) as url:
        set_site(smtp_url=url, mail_from=f"forged@{DOMAIN}")
        check = seen(zone[1])["mail server"]
    assert "not your domain" in check.seen
    assert not check.is_well
    assert box.taken == []


def test_silence_of_dns_is_no_fault_of_ours() -> None:
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], free_port()
    set_site(smtp_url=f"smtp://127.0.0.1:{free_port()}", mail_from=f"letter@{DOMAIN}", dkim_key=KEY)
    checks = seen(resolver)
    assert checks["SPF"].is_well
    assert "DNS does not answer" in checks["SPF"].seen


@pytest.mark.parametrize("address", ["letter@127.0.0.1", "letter@localhost", "letter@example.org"])
def test_an_address_of_nobody_is_told(address: str) -> None:
    set_site(smtp_url=f"smtp://127.0.0.1:{free_port()}", mail_from=address)
    assert not seen()["mail address"].is_well
