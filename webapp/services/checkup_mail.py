"""The doctor's questions about mail: is it taken, and will others believe that it is ours?"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import dns.exception
import dns.resolver
from sqlalchemy import select

from webapp.extensions import db, the_site
from webapp.mail import CarrierDown, CarrierRefuses, SmtpCarrier
from webapp.mail.carriers import LOOPBACK
from webapp.mail.signing import is_signed_by, sign
from webapp.models import Edition, EditionState
from webapp.services import editing, hours, living, outbox, progress
from webapp.services.checking import Check
from webapp.text.keys import dns_record

DNS_SECONDS = 5.0
# So long after its time something should have been done.
LATE = timedelta(minutes=10)
# Nobody owns these (RFC 2606, RFC 6761).
RESERVED = ("localhost", "test", "example", "invalid", "example.com", "example.net", "example.org")
SAMPLE = b"From: letter@%s\r\nSubject: Is this ours?\r\n\r\nIt is.\r\n"


class DnsSilent(Exception):
    """DNS did not answer."""


@dataclass(frozen=True, slots=True)
class Names:
    """What stands in DNS."""

    resolver: dns.resolver.Resolver | None

    def texts(self, name: str) -> list[str]:
        """Give the TXT records of a name. Raises DnsSilent."""
        try:
            resolver = self.resolver or dns.resolver.Resolver()
            answer = resolver.resolve(name, "TXT", lifetime=DNS_SECONDS)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except dns.exception.DNSException as problem:
            raise DnsSilent(f"DNS does not answer ({type(problem).__name__})") from problem
        return [b"".join(row.strings).decode("utf-8", "replace") for row in answer]


def examine_mail(resolver: dns.resolver.Resolver | None = None) -> Iterator[Check]:
    """Look at the editions, the mail server, and what DNS says of the address we write from."""
    yield _editions()
    yield _worker()
    settings = the_site().settings
    if not settings.smtp_url:
        seen = f"none is set: mails go to {settings.data / 'outbox'} and nowhere else"
        yield Check("mail server", True, seen, "BROADSHEET_SMTP_URL names one.")
        return
    yield _server()
    domain = settings.sender.rpartition("@")[2]
    if _is_nobodys(domain):
        seen = f"{domain} is no domain of yours"
        yield Check("mail address", False, seen, "Set BROADSHEET_MAIL_FROM to one that is.")
        return
    names = Names(resolver)
    silence = ""
    for name, check in (("SPF", _spf), ("DKIM", _dkim), ("DMARC", _dmarc)):
        # What did not answer once is not waited for again.
        try:
            told = None if silence else check(names, domain)
        except DnsSilent as problem:
            told, silence = None, str(problem)
        yield told or Check(name, True, f"could not be looked at: {silence}", "Try again later.")
    yield _return_path(domain)


def _editions() -> Check:
    paused = db.session.scalar(select(Edition).where(Edition.state == EditionState.PAUSED))
    if paused is not None:
        seen = f"{paused.slug} is paused: {paused.reason}"
        remedy = "Mend that, then run: broadsheet letter send"
        return Check("letter", False, seen, remedy)
    at = the_site().settings.letter_at
    return Check("letter", True, f"is composed at {at:%H:%M}" if at else "is never composed")


def _worker() -> Check:
    """See that somebody does what is due."""
    if living.is_anyone_alive():
        return Check("worker", True, "one runs here")
    late = the_site().clock() - LATE
    hour, until = hours.last_due(late), progress.until(editing.DEED)
    is_late = hour is not None and until is not None and until < hour
    remedy = "bin/serve runs one; beside gunicorn it is bin/broadsheet worker."
    if is_late or outbox.is_due(late):
        return Check("worker", False, "none runs here, and mail is due", remedy)
    return Check("worker", True, "none runs here now")


def _server() -> Check:
    settings = the_site().settings
    host = urlsplit(settings.smtp_url).hostname or ""
    try:
        SmtpCarrier(settings.smtp_url).probe(settings.sender)
    except CarrierRefuses as problem:
        remedy = f"See that it lets you send as {settings.sender}, and name and password."
        return Check("mail server", False, f"{host} refuses: {problem}", remedy)
    except CarrierDown as problem:
        remedy = "See that BROADSHEET_SMTP_URL is right and that the server runs."
        return Check("mail server", False, f"{host} cannot be used: {problem}", remedy)
    return Check("mail server", True, f"{host} takes mail from {settings.sender}")


def _is_nobodys(domain: str) -> bool:
    try:
        ipaddress.ip_address(domain.strip("[]"))
    except ValueError:
        return domain in RESERVED or domain.rpartition(".")[2] in RESERVED or "." not in domain
    return True


def _spf(names: Names, domain: str) -> Check:
    """Look for the one record that says who may send (RFC 7208, 4.5)."""
    settings = the_site().settings
    host = urlsplit(settings.smtp_url).hostname or ""
    if host in LOOPBACK:  # it sends from this machine, which the site's name leads to
        host = urlsplit(settings.site_url).hostname or ""
    sender = "mx" if _is_nobodys(host) else f"a:{host}"
    records = [each for each in names.texts(domain) if each.lower().split(" ")[0] == "v=spf1"]
    if len(records) > 1:
        remedy = f"Leave one TXT record of {domain} that begins with v=spf1."
        return Check("SPF", False, f"{domain} has {len(records)} records", remedy)
    if not records:
        remedy = f'Write in DNS: {domain}. TXT "v=spf1 {sender} ~all", or what your provider says.'
        return Check("SPF", False, f"{domain} has no record", remedy)
    return Check("SPF", True, f"{domain} says {records[0]}")


def _dkim(names: Names, domain: str) -> Check:
    """Look for the key by which others check our signature (RFC 6376, 3.6.2)."""
    settings = the_site().settings
    if not settings.dkim_key:
        seen = "mails are not signed here; the mail server may do it"
        return Check("DKIM", True, seen, "BROADSHEET_DKIM_KEY_FILE names a key for it.")
    name = f"{settings.dkim_selector}._domainkey.{domain}"
    wanted = f"Write in DNS: {name}. TXT {quoted(dns_record(settings.dkim_key))}"
    records = names.texts(name)
    if not records:
        return Check("DKIM", False, f"there is no key at {name}", wanted)
    sample = sign(
        SAMPLE % domain.encode(),
        domain=domain,
        selector=settings.dkim_selector,
        key=settings.dkim_key,
    )
    if not any(is_signed_by(sample, record) for record in records):
        return Check("DKIM", False, f"{name} has another key than ours", wanted)
    return Check("DKIM", True, f"{name} has our key")


def quoted(record: str) -> str:
    """Give a record as zone files have it, in strings of at most 255 bytes (RFC 1035, 3.3.14)."""
    return " ".join(f'"{part}"' for part in re.findall(".{1,255}", record))


def _dmarc(names: Names, domain: str) -> Check:
    """Look for what others are to do with mail that is not ours (RFC 7489, 6.6.3)."""
    parts = domain.split(".")
    # Also at the domains above: the one that is registered speaks for all under it.
    for start in range(len(parts) - 1):
        name = f"_dmarc.{'.'.join(parts[start:])}"
        records = [each for each in names.texts(name) if each.startswith("v=DMARC1")]
        if len(records) > 1:
            remedy = f"Leave one TXT record of {name}."
            return Check("DMARC", False, f"{name} has {len(records)} records", remedy)
        if records:
            return Check("DMARC", True, f"{name} says {records[0]}")
    policy = f"v=DMARC1; p=none; rua=mailto:postmaster@{domain}"
    remedy = f'Write in DNS: _dmarc.{domain}. TXT "{policy}"'
    return Check("DMARC", False, f"{domain} has no record", remedy)


def _return_path(domain: str) -> Check:
    """See that mails come back to the domain that they come from (RFC 7489, 3.1.2, relaxed)."""
    settings = the_site().settings
    back = (settings.mail_return_path or settings.sender).rpartition("@")[2]
    if back == domain or back.endswith(f".{domain}") or domain.endswith(f".{back}"):
        return Check("return path", True, f"{back} is aligned with {domain}")
    remedy = f"Set BROADSHEET_MAIL_RETURN_PATH to an address at {domain}."
    return Check("return path", False, f"{back} is another domain than {domain}", remedy)
