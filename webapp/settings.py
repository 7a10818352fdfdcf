"""Every setting: name, type, default and meaning, read once from the environment.

The only module that reads the environment.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import limits
from email_validator import EmailNotValidError, ValidatedEmail, validate_email
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from webapp.errors import SettingsInvalid
from webapp.text.colours import is_colour
from webapp.text.keys import dns_record

PREFIX = "BROADSHEET_"
ROOT = Path(__file__).resolve().parent.parent
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _text(value: str) -> str:
    if not value.strip() or len(value) > 300 or not value.isprintable():
        raise ValueError("give a line of 1 to 300 characters")
    return value.strip()


def _colour(value: str) -> str:
    if not is_colour(value.strip()):
        raise ValueError("give a colour as six hexadecimal digits, as in #0b5f47")
    return value.strip().lower()


def _path(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise ValueError("give a file, by its path or by its name in the data folder")
    return value.strip()


def _links(value: str) -> tuple[tuple[str, str], ...]:
    links = []
    for part in filter(str.strip, value.split(",")):
        label, _, address = (side.strip() for side in part.partition("="))
        if not label or not re.fullmatch(r"(https?://|mailto:|/(?!/))[!-~]*", address):
            raise ValueError(
                "give Label=address pairs separated by commas, as in Imprint=/imprint or "
                "Contact=mailto:desk@example.org"
            )
        links.append((label, address))
    return tuple(links)


def _site_url(value: str) -> str:
    found = re.fullmatch(
        r"(https?)://([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?/?", value, re.IGNORECASE
    )
    if not found or int(found[3] or 80) not in range(1, 65536):
        raise ValueError("give scheme and host alone, as in https://news.example.org")
    return value.rstrip("/").lower()


def _web_address(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s<>\"]{3,500}", value):
        raise ValueError("give a web address, as in https://hub.example.org/")
    return value


def _key(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]{8,128}", value):
        raise ValueError("give 8 to 128 letters, digits and hyphens")
    return value


def _contacts(value: str) -> tuple[str, ...]:
    contacts = tuple(contact.strip() for contact in value.split(",") if contact.strip())
    if not all(re.fullmatch(r"(mailto:|https://|tel:)[^\s<>\"]{3,300}", each) for each in contacts):
        raise ValueError("give addresses such as mailto:security@example.org, separated by commas")
    return contacts


def _language(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", value):
        raise ValueError("give a language tag, as in en or pt-BR")
    return value


def _time_zone(value: str) -> ZoneInfo:
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("give a zone of the tz database, as in Europe/Berlin") from None


def _folder(value: str) -> Path:
    if not value.strip():
        raise ValueError("give a folder")
    try:
        return (ROOT / Path(value).expanduser()).resolve()
    except (RuntimeError, OSError):
        raise ValueError("give a folder that can be found") from None


def _database_url(value: str) -> str:
    if re.fullmatch(r"[^:]+\.sqlite3?", value):
        value = f"sqlite:///{Path(value).expanduser().resolve()}"
    try:
        backend = make_url(value).get_backend_name()
    except ArgumentError:
        raise ValueError("give a database URL, as in postgresql+psycopg://name@host/db") from None
    if backend not in ("sqlite", "postgresql"):
        raise ValueError("only sqlite and postgresql are supported")
    return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", value)


def _secret(value: str) -> str:
    if len(value.strip()) < 32:
        raise ValueError("give at least 32 random characters")
    return value.strip()


def _hosts(value: str) -> tuple[str, ...]:
    hosts = tuple(host.strip().lower() for host in value.split(",") if host.strip())
    if not all(re.fullmatch(r"[a-z0-9.-]+|\[[0-9a-f:.]+\]", host) for host in hosts):
        raise ValueError("give host names without scheme or port, separated by commas")
    return hosts


def _networks(value: str) -> tuple[Network, ...]:
    try:
        return tuple(
            ipaddress.ip_network(part.strip()) for part in value.split(",") if part.strip()
        )
    except ValueError:
        raise ValueError("give addresses or networks, as in 127.0.0.1,10.0.0.0/8") from None


def _smtp_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_whole = parts.scheme in ("smtp", "smtps") and bool(parts.hostname)
        if not is_whole or parts.port == 0 or parts.path not in ("", "/") or parts.query:
            raise ValueError
    except ValueError:
        raise ValueError(
            "give smtps://name:password@host, or smtp:// for STARTTLS, name and password with "
            "%40 for @ and so on"
        ) from None
    return value


def _mail_address(value: str) -> str:
    """Read an address; its domain goes by its name in DNS (RFC 5890), as any server takes it."""
    address = _validated(value).ascii_email
    if not address:
        raise ValueError("give an address of ASCII letters before the @")
    return address


def _validated(address: str) -> ValidatedEmail:
    try:
        return validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise ValueError("give an address, as in letter@example.org") from None


def _mail_addresses(value: str) -> tuple[str, ...]:
    return tuple(_mail_address(part.strip()) for part in value.split(",") if part.strip())


def _hour(value: str) -> time | None:
    if value == "never":
        return None
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value):
        raise ValueError("give a time of day, as in 06:30, or never")
    return time.fromisoformat(value)


def _return_path(value: str) -> str:
    try:
        found = validate_email(value, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise ValueError("give an address, as in bounces@example.org") from None
    # RFC 5321, 4.5.3.1.1: 64 characters stand before the @, and ours take 28.
    if not found.ascii_email or len(found.local_part) > 36:
        raise ValueError("give an address with at most 36 plain characters before the @")
    return found.ascii_email


def _imap_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_whole = parts.scheme == "imaps" and bool(parts.hostname) and bool(parts.password)
        if not is_whole or parts.port == 0 or parts.query or not value.isprintable():
            raise ValueError
    except ValueError:
        raise ValueError(
            "give imaps://name:password@host/INBOX, name and password with %40 for @ and so on"
        ) from None
    return value


def _selector(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?", value):
        raise ValueError("give letters, digits and hyphens, as in letter2026")
    return value


def _dkim_key(value: str) -> str:
    # A variable of the environment may have its lines joined by \\n.
    key = value.replace("\\n", "\n").strip() + "\n"
    dns_record(key)
    return key


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in choices:
            raise ValueError(f"give one of: {', '.join(choices)}")
        return value

    return parse


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
            raise ValueError(f"give a whole number from {low} to {high}")
        return int(value)

    return parse


def _rate(value: str) -> str:
    try:
        limits.parse(value)
    except ValueError:
        raise ValueError("give a rate, as in 10 per hour") from None
    return value


def _switch(value: str) -> bool:
    return _one_of("on", "off")(value) == "on"


def _domains(value: str) -> tuple[str, ...]:
    """Read a file of domains, one a line, and sort them; what stands behind # is for people."""
    if not value:
        return ()
    try:
        lines = (ROOT / Path(value).expanduser()).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError, RuntimeError) as problem:
        reason = getattr(problem, "strerror", None) or "it is not text in UTF-8"
        raise ValueError(f"the file cannot be read ({reason})") from None
    domains = set()
    for number, line in enumerate(lines, 1):
        domain = line.partition("#")[0].strip().lower()
        if domain and not _PLAIN_DOMAIN.fullmatch(domain):
            try:
                domain = _validated(f"a@{domain}").domain
            except ValueError:
                raise ValueError(f"line {number} of the file is not a domain") from None
        domains.add(domain)
    return tuple(sorted(domains - {""}))


# Most are; the others are brought into the form that addresses have, which takes longer.
_PLAIN_DOMAIN = re.compile(r"(?!.*\bxn--)[a-z0-9_-]+(\.[a-z0-9_-]+)*")


def _section_names(value: str) -> dict[str, str]:
    names = {}
    for part in filter(str.strip, value.split(",")):
        short, equals, label = part.partition("=")
        if not equals or not re.fullmatch(r"[a-z]{2,20}", short.strip()) or not label.strip():
            raise ValueError(
                "give name=Label pairs separated by commas, as in why=Why this matters"
            )
        names[short.strip()] = label.strip()
    return names


def _setting(
    default: str, parse: Callable[[str], Any], meaning: str, *, secret: bool = False
) -> Any:
    return field(
        metadata={"default": default, "parse": parse, "meaning": meaning, "secret": secret}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the operator decides; each field is BROADSHEET_ and its name in capitals."""

    site_url: str = _setting(
        "http://127.0.0.1:8000",
        _site_url,
        "The public address, without a path; links are made of it",
    )
    site_name: str = _setting("Broadsheet", _text, "The name in the masthead")
    tagline: str = _setting(
        "The day in artificial intelligence, briefly", _text, "The line under the name"
    )
    accent: str = _setting(
        "#0b5f47",
        _colour,
        "Colour of links, labels and icons; darkened or lightened where text would be hard to read",
    )
    logo: str = _setting(
        "",
        _path,
        "PNG, WebP or SVG file shown in place of the name: its path, or its name in the data "
        "folder",
    )
    footer_links: tuple[tuple[str, str], ...] = _setting(
        "",
        _links,
        "More links in the footer, as in Imprint=https://example.org/imprint,…",
    )
    letter_pitch: str = _setting(
        "breaking news, product launches and deals, research and policy",
        _text,
        "What the sign-up promises after “Join our daily newsletter for”",
    )
    language: str = _setting(
        "en", _language, "Language of the site, and of articles that name none"
    )
    time_zone: ZoneInfo = _setting("UTC", _time_zone, "Decides on which day an article stands")
    data: Path = _setting(
        "instance", _folder, "The data folder: database, index, uploads, secret key"
    )
    database_url: str = _setting(
        "", _database_url, "PostgreSQL to use in place of SQLite in the data folder", secret=True
    )
    secret_key: str = _setting(
        "", _secret, "Signs links and sign-ins; made in the data folder when not set", secret=True
    )
    allowed_hosts: tuple[str, ...] = _setting(
        "", _hosts, "Host names to answer to besides that of the site's address and loopback"
    )
    trusted_proxies: tuple[Network, ...] = _setting(
        "", _networks, "Proxies whose X-Forwarded headers count"
    )
    search_engine: str = _setting(
        "whoosh", _one_of("whoosh", "memory"), "The search engine: whoosh, or memory for trials"
    )
    section_names: dict[str, str] = _setting(
        "why=Why this matters,big=The big picture,lines=Reading between the lines,next=What’s next",
        _section_names,
        "Short names of sections for the search, as in why:tariffs",
    )
    recency: int = _setting(
        "10", _whole(0, 100), "By how many percent the newest are lifted among the best results"
    )
    page_size: int = _setting("18", _whole(4, 100), "Articles on a page of a listing")
    page_cache_mb: int = _setting(
        "16",
        _whole(0, 4096),
        "Memory in MB in which each process keeps finished pages",
    )
    websub_hub: str = _setting(
        "", _web_address, "The hub that tells feed readers at once what is new (WebSub)"
    )
    indexnow_key: str = _setting(
        "", _key, "The key under which search engines are told at once what is new (IndexNow)"
    )
    indexnow_url: str = _setting(
        "https://api.indexnow.org/indexnow", _web_address, "Where IndexNow is told"
    )
    security_contact: tuple[str, ...] = _setting(
        "", _contacts, "Whom to tell of a weakness, for /.well-known/security.txt"
    )
    smtp_url: str = _setting(
        "",
        _smtp_url,
        "The mail server, as in smtps://name:password@mail.example.org; without one mails go to "
        "outbox/ in the data folder",
        secret=True,
    )
    mail_from: str = _setting(
        "",
        _mail_address,
        "The address that mails come from; when not set, letter@ and the site's host",
    )
    letter_at: time | None = _setting(
        "06:00", _hour, "When the daily letter is composed, in the site's time zone; or never"
    )
    letter_hold_minutes: int = _setting(
        "0", _whole(0, 1440), "How long an edition is held for the editors before it goes"
    )
    letter_editors: tuple[str, ...] = _setting(
        "", _mail_addresses, "Who gets an edition that is held at once, to look at it"
    )
    mail_connections: int = _setting(
        "1", _whole(1, 16), "Connections over which mail is sent at the same time"
    )
    mail_rate: int = _setting("0", _whole(0, 1_000_000), "Mails a minute at most; 0 for any number")
    mail_pause_seconds: int = _setting(
        "0", _whole(0, 600), "Seconds to wait after each 25 mails of a connection"
    )
    mail_return_path: str = _setting(
        "",
        _return_path,
        "Where mails come back to that cannot be delivered, a box whose server takes "
        "name+more@host for name@host; when not set, the address that mails come from",
    )
    bounces_url: str = _setting(
        "",
        _imap_url,
        "The box that they come back to, as in imaps://name:password@mail.example.org/INBOX",
        secret=True,
    )
    dkim_selector: str = _setting(
        "letter", _selector, "The name under which the key of our signature stands in DNS"
    )
    dkim_key: str = _setting(
        "", _dkim_key, "The RSA key, as PEM, that mails are signed with (DKIM)", secret=True
    )
    sign_up_limit: str = _setting("10 per hour", _rate, "Sign-ups from one block of addresses")
    sign_up_limit_unproven: str = _setting(
        "3 per hour", _rate, "Those among them that come without proof of work, as without script"
    )
    sign_ups_in_all: str = _setting(
        "300 per hour", _rate, "Sign-ups from everywhere; beyond it none is noted or mailed"
    )
    proof_of_work: bool = _setting(
        "on",
        _switch,
        "Whether the page’s script does a sum of about a second for a sign-up: on or off",
    )
    refused_domains: tuple[str, ...] = _setting(
        "",
        _domains,
        "File of mail providers whose addresses are not taken: a domain a line, with all below it",
    )
    max_request_kb: int = _setting("64", _whole(16, 65536), "The largest request body, in kB")

    @classmethod
    def default(cls, name: str) -> str:
        """The default of a setting, as it would be typed."""
        return str(next(f.metadata["default"] for f in fields(cls) if f.name == name))

    @property
    def database(self) -> str:
        """The database URL that counts: the one that is set, or SQLite in the data folder."""
        return self.database_url or f"sqlite:///{self.data / 'broadsheet.sqlite3'}"

    @property
    def sender(self) -> str:
        """The address that mails come from."""
        return self.mail_from or f"letter@{self.mail_domain}"

    @property
    def mail_domain(self) -> str:
        """The site's host as it stands in addresses of mail: a number in brackets.

        RFC 5321, 4.1.3; mail servers take no other.
        """
        host = urlsplit(self.site_url).hostname or "localhost"
        try:
            number = ipaddress.ip_address(host)
        except ValueError:
            return host
        return f"[IPv6:{number}]" if number.version == 6 else f"[{number}]"

    @property
    def hosts(self) -> frozenset[str]:
        """Every host name that the site answers to, without port."""
        own = urlsplit(self.site_url).hostname or ""
        own = f"[{own}]" if ":" in own else own
        return frozenset({own, "127.0.0.1", "localhost", "[::1]", *self.allowed_hosts})


def describe_settings() -> list[tuple[str, str, str]]:
    """Name, default and meaning of every setting, in order; the README's table is held to it."""
    return [
        (PREFIX + f.name.upper(), f.metadata["default"], f.metadata["meaning"])
        for f in fields(Settings)
    ]


def with_database(settings: Settings, url: str) -> Settings:
    """Give the same settings for another database: its URL, or a file of SQLite.

    Raises SettingsInvalid.
    """
    try:
        return replace(settings, database_url=_database_url(url))
    except ValueError as problem:
        raise SettingsInvalid(f"{url}: {problem}.") from None


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read all settings; an empty variable counts as not set.

    A secret may stand in a file named by `…_FILE`. Raises SettingsInvalid, with one
    sentence a problem, for a value that does not fit or a BROADSHEET_ name that is none.
    """
    known = {PREFIX + f.name.upper(): f for f in fields(Settings)}
    files = {name + "_FILE": name for name, f in known.items() if f.metadata["secret"]}
    problems = [
        _unknown(name, [*known, *files])
        for name in environ
        if name.startswith(PREFIX) and name not in known and name not in files
    ]
    values: dict[str, Any] = {}
    for name, f in known.items():
        try:
            file = environ.get(name + "_FILE", "") if f.metadata["secret"] else ""
            text = environ.get(name) or _from_file(file, name) or f.metadata["default"]
            # An empty default means "not set", whatever the parser would say of it.
            values[f.name] = f.metadata["parse"](text) if text or f.type in _EMPTY else ""
        except ValueError as problem:
            problems.append(f"{name}: {problem}.")
    if problems:
        raise SettingsInvalid(" ".join(problems))
    return Settings(**values)


_EMPTY = ("tuple[str, ...]", "tuple[tuple[str, str], ...]", "tuple[Network, ...]", "dict[str, str]")


def _from_file(path: str, name: str) -> str:
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise ValueError(f"the file that {name}_FILE names cannot be read") from None


def _unknown(name: str, known: list[str]) -> str:
    # The prefix, which all share, would make everything look alike.
    near = difflib.get_close_matches(
        name.removeprefix(PREFIX), [other.removeprefix(PREFIX) for other in known], n=1
    )
    hint = f" Did you mean {PREFIX}{near[0]}?" if near else " The README lists all settings."
    return f"{name} is not a setting.{hint}"
