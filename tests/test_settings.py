"""Every setting, read once from the environment."""

from __future__ import annotations

import ipaddress
from dataclasses import FrozenInstanceError, fields
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mail.keys import KEY
from webapp.errors import SettingsInvalid
from webapp.settings import PREFIX, ROOT, Settings, describe_settings, read_settings

SECRET = "a-secret-of-more-than-thirty-two-characters"
GOOD = [
    ("site_url", "https://News.Example.org/", "https://news.example.org"),
    ("site_url", "http://127.0.0.1:8001", "http://127.0.0.1:8001"),
    ("site_url", "https://[::1]:8000", "https://[::1]:8000"),
    ("site_name", " The Harbour Post ", "The Harbour Post"),
    ("tagline", "All the tides", "All the tides"),
    ("accent", " #8B1E3F ", "#8b1e3f"),
    ("logo", "marks/logo.svg", "marks/logo.svg"),
    (
        "footer_links",
        "Imprint = /imprint, Mail=mailto:desk@example.org,Map=https://a.example.org/?x=1",
        (
            ("Imprint", "/imprint"),
            ("Mail", "mailto:desk@example.org"),
            ("Map", "https://a.example.org/?x=1"),
        ),
    ),
    ("letter_pitch", "tides and boats", "tides and boats"),
    ("language", "pt-BR", "pt-BR"),
    ("time_zone", "Europe/Lisbon", ZoneInfo("Europe/Lisbon")),
    ("data", "/srv/harbour", Path("/srv/harbour")),
    ("data", "elsewhere/data", ROOT / "elsewhere" / "data"),
    ("data", "~/harbour", Path.home() / "harbour"),
    ("database_url", "postgresql://a@db/site", "postgresql+psycopg://a@db/site"),
    ("database_url", "postgresql+psycopg://a@db/site", "postgresql+psycopg://a@db/site"),
    ("database_url", "sqlite:////srv/site.db", "sqlite:////srv/site.db"),
    ("secret_key", SECRET, SECRET),
    ("allowed_hosts", "A.example.org, b.example.org,", ("a.example.org", "b.example.org")),
    ("allowed_hosts", "[2001:db8::1]", ("[2001:db8::1]",)),
    (
        "trusted_proxies",
        "10.0.0.0/8, ::1",
        (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1")),
    ),
    ("search_engine", "memory", "memory"),
    (
        "section_names",
        "why=Why this matters, big = The big picture",
        {"why": "Why this matters", "big": "The big picture"},
    ),
    ("page_size", "4", 4),
    ("page_size", "100", 100),
    ("recency", "0", 0),
    ("recency", "100", 100),
    ("smtp_url", "smtps://a%40b:c@mail.example.org:465", "smtps://a%40b:c@mail.example.org:465"),
    ("smtp_url", "smtp://127.0.0.1:2525", "smtp://127.0.0.1:2525"),
    ("mail_from", "Letter@Example.org", "Letter@example.org"),
    ("letter_at", "17:45", time(17, 45)),
    ("letter_at", "never", None),
    ("letter_hold_minutes", "30", 30),
    ("letter_editors", "a@Example.org, b@example.org", ("a@example.org", "b@example.org")),
    ("mail_connections", "4", 4),
    ("mail_rate", "600", 600),
    ("mail_pause_seconds", "5", 5),
    ("dkim_selector", "letter-2026", "letter-2026"),
    ("dkim_key", KEY.strip().replace("\n", "\\n"), KEY),
    ("mail_return_path", "Bounces@Example.org", "Bounces@example.org"),
    ("mail_return_path", "b" * 36 + "@example.org", "b" * 36 + "@example.org"),
    ("bounces_url", "imaps://a%40b:c@example.org/INBOX", "imaps://a%40b:c@example.org/INBOX"),
    ("sign_up_limit", "3 per minute", "3 per minute"),
    ("sign_up_limit_unproven", "1 per day", "1 per day"),
    ("sign_ups_in_all", "1000 per day", "1000 per day"),
    ("proof_of_work", "off", False),
    ("proof_of_work", "on", True),
    ("refused_domains", "/dev/null", ()),
    ("max_request_kb", "65536", 65536),
    ("page_cache_mb", "0", 0),
    ("websub_hub", "https://hub.example.org/?a=b", "https://hub.example.org/?a=b"),
    ("indexnow_key", "5f1e-Ab09", "5f1e-Ab09"),
    ("indexnow_url", "http://127.0.0.1:9/indexnow", "http://127.0.0.1:9/indexnow"),
    (
        "security_contact",
        "mailto:s@example.org, https://example.org/s",
        ("mailto:s@example.org", "https://example.org/s"),
    ),
]
BAD = [
    ("accent", "green"),
    ("accent", "#fff"),
    ("accent", "#0b5f47;} body{display:none"),
    ("logo", "logo\n.svg"),
    ("footer_links", "Imprint"),
    ("footer_links", "=/imprint"),
    ("footer_links", "Run=javascript:alert(1)"),
    ("footer_links", "Elsewhere=//a.example.org"),
    ("page_cache_mb", "-1"),
    ("smtp_url", "mail.example.org"),
    ("smtp_url", "https://mail.example.org"),
    ("smtp_url", "smtp://mail.example.org:mail"),
    ("smtp_url", "smtps://"),
    ("mail_from", "letter"),
    ("letter_at", "24:00"),
    ("letter_at", "6:00"),
    ("letter_editors", "a@example.org, b"),
    ("letter_hold_minutes", "1441"),
    ("mail_connections", "0"),
    ("mail_rate", "-1"),
    ("mail_pause_seconds", "soon"),
    ("mail_from", "a@example.org\nBcc: b@example.org"),
    ("dkim_selector", "a.b"),
    ("dkim_key", "rubbish"),
    ("mail_return_path", "bounces"),
    ("mail_return_path", "b" * 37 + "@example.org"),
    ("mail_return_path", "rückläufer@example.org"),
    ("bounces_url", "imap://a:b@mail.example.org/INBOX"),
    ("bounces_url", "imaps://a@mail.example.org/INBOX"),
    ("bounces_url", "imaps://a:b@mail.example.org:x/INBOX"),
    ("bounces_url", "/var/mail/bounces"),
    ("websub_hub", "hub.example.org"),
    ("websub_hub", "file:///etc/passwd"),
    ("websub_hub", 'https://hub.example.org/>;rel="x'),
    ("indexnow_key", "short"),
    ("indexnow_key", "no/slash/in/it"),
    ("indexnow_url", "file:///etc/passwd"),
    ("security_contact", "security@example.org"),
    ("security_contact", "mailto:a@example.org\nExpires: never"),
    ("site_url", "news.example.org"),
    ("site_url", "ftp://news.example.org"),
    ("site_url", "https://news.example.org/blog"),
    ("site_url", "https://news.example.org?x=1"),
    ("site_url", "https://news.example.org#top"),
    ("site_url", "https://user@news.example.org"),
    ("site_url", "https://"),
    ("site_url", "https://[broken"),
    ("site_url", "https://news.example.org:port"),
    ("site_url", "https://news.example.org:99999"),
    ("site_url", "https://news example.org"),
    ("site_name", "   "),
    ("site_name", "x" * 301),
    ("tagline", "two\nlines"),
    ("letter_pitch", "\x07"),
    ("language", "English"),
    ("language", "en_GB"),
    ("time_zone", "Mars/Olympus"),
    ("time_zone", "../../etc/passwd"),
    ("time_zone", "x" * 5000),
    ("data", "  "),
    ("data", "~nobody-of-this-name/site"),
    ("database_url", "not a url"),
    ("database_url", "mysql://a@db/site"),
    ("secret_key", "short"),
    ("allowed_hosts", "https://news.example.org"),
    ("allowed_hosts", "news.example.org:8000"),
    ("allowed_hosts", "*"),
    ("trusted_proxies", "nginx"),
    ("trusted_proxies", "10.0.0.1/8"),
    ("search_engine", "elastic"),
    ("section_names", "why"),
    ("section_names", "Why=Why this matters"),
    ("section_names", "why="),
    ("page_size", "3"),
    ("page_size", "101"),
    ("page_size", "many"),
    ("page_size", "²"),
    ("page_size", "-5"),
    ("recency", "101"),
    ("recency", "ten"),
    ("sign_up_limit", "often"),
    ("sign_up_limit_unproven", "seldom"),
    ("sign_ups_in_all", "300"),
    ("proof_of_work", "yes"),
    ("refused_domains", "/no/such/file"),
    ("refused_domains", "/dev"),
    ("refused_domains", "~nobody-of-this-name/domains"),
    ("max_request_kb", "15"),
    ("max_request_kb", "65537"),
]


def variable(name: str) -> str:
    return PREFIX + name.upper()


@pytest.mark.parametrize(("name", "value", "read"), GOOD)
def test_a_value_that_fits_is_read(name: str, value: str, read: object) -> None:
    assert getattr(read_settings({variable(name): value}), name) == read


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_value_that_does_not_fit_is_refused_by_name_with_what_to_give(
    name: str, value: str
) -> None:
    with pytest.raises(SettingsInvalid) as refusal:
        read_settings({variable(name): value})
    assert str(refusal.value).startswith(f"{variable(name)}: ")
    assert str(refusal.value).endswith(".")


def test_every_setting_is_tried_here_with_good_and_bad_values() -> None:
    names = {f.name for f in fields(Settings)}
    assert {name for name, *_ in GOOD} == names
    assert {name for name, _ in BAD} == names


@settings(deadline=None)
@given(st.sampled_from([f.name for f in fields(Settings)]), st.text(max_size=40))
def test_any_value_is_read_or_refused(name: str, value: str) -> None:
    try:
        read_settings({variable(name): value})
    except SettingsInvalid as refusal:
        assert variable(name) in str(refusal)  # noqa: PT017 - both outcomes are right


def test_without_an_environment_every_setting_has_its_default() -> None:
    settings = read_settings({})
    assert settings.site_url == "http://127.0.0.1:8000"
    assert settings.site_name == "Broadsheet"
    assert settings.data == ROOT / "instance"
    assert settings.time_zone == ZoneInfo("UTC")
    assert (settings.database_url, settings.secret_key) == ("", "")
    assert (settings.allowed_hosts, settings.trusted_proxies) == ((), ())
    assert settings.search_engine == "whoosh"
    assert settings.section_names["why"] == "Why this matters"
    assert settings.sign_up_limit == "10 per hour"


@pytest.mark.parametrize("name", [f.name for f in fields(Settings)])
def test_an_empty_variable_counts_as_not_set(name: str) -> None:
    assert read_settings({variable(name): ""}) == read_settings({})


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("BROADSHEET_SITE_NAM", "Did you mean BROADSHEET_SITE_NAME?"),
        ("BROADSHEET_SECRETKEY_FILE", "Did you mean BROADSHEET_SECRET_KEY_FILE?"),
        ("BROADSHEET_Q", "The README lists all settings."),
        ("BROADSHEET_SITE_NAME_FILE", "Did you mean BROADSHEET_SITE_NAME?"),
    ],
)
def test_an_unknown_name_is_refused_with_a_suggestion(name: str, hint: str) -> None:
    with pytest.raises(SettingsInvalid) as refusal:
        read_settings({name: "x"})
    assert str(refusal.value) == f"{name} is not a setting. {hint}"


def test_the_variables_of_other_programs_are_none_of_ours() -> None:
    assert read_settings({"PATH": "/bin", "broadsheet_q": "x", "SITE_NAME": "x"}) == read_settings(
        {}
    )


def test_refused_domains_are_read_from_a_file_of_lines(tmp_path: Path) -> None:
    file = tmp_path / "domains.txt"
    file.write_text(
        "# Providers of addresses for a day\n\nThrowaway.Example  # a comment\n\n"
        "xn--bcher-kva.example\nbücher.example\r\nzip\n a_b.example \nthrowaway.example",
        encoding="utf-8-sig",
    )
    settings = read_settings({variable("refused_domains"): str(file)})
    assert settings.refused_domains == (
        "a_b.example",
        "bücher.example",
        "throwaway.example",
        "zip",
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a.example\nb example\n", "line 2 of the file is not a domain"),
        (b"*.example.org", "line 1 of the file is not a domain"),
        (b"ada@example.org", "line 1 of the file is not a domain"),
        (b"\xe9.example", "the file cannot be read (it is not text in UTF-8)"),
        (None, "the file cannot be read (No such file or directory)"),
    ],
)
def test_a_file_of_domains_that_cannot_be_used_is_refused_with_the_reason(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    if content is not None:
        (tmp_path / "domains.txt").write_bytes(content)
    with pytest.raises(SettingsInvalid) as refusal:
        read_settings({variable("refused_domains"): str(tmp_path / "domains.txt")})
    assert str(refusal.value) == f"BROADSHEET_REFUSED_DOMAINS: {reason}."


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(SettingsInvalid) as refusal:
        read_settings({variable("page_size"): "x", variable("language"): "x", "BROADSHEET_X": "x"})
    for name in ("BROADSHEET_PAGE_SIZE", "BROADSHEET_LANGUAGE", "BROADSHEET_X is not"):
        assert name in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "content", "read"),
    [
        ("secret_key", SECRET + "\n", SECRET),
        ("database_url", "postgresql://a:b@db/site\n", "postgresql+psycopg://a:b@db/site"),
    ],
)
def test_a_secret_may_stand_in_a_file(tmp_path: Path, name: str, content: str, read: str) -> None:
    (tmp_path / "secret").write_text(content)
    settings = read_settings({variable(name) + "_FILE": str(tmp_path / "secret")})
    assert getattr(settings, name) == read


def test_a_secret_that_is_set_wins_over_its_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("another " * 9)
    environ = {
        variable("secret_key"): SECRET,
        variable("secret_key") + "_FILE": str(tmp_path / "secret"),
    }
    assert read_settings(environ).secret_key == SECRET


def test_a_file_of_a_secret_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"\xe9" * 40)
    for path in (tmp_path / "missing", tmp_path, tmp_path / "latin"):
        with pytest.raises(
            SettingsInvalid, match="the file that BROADSHEET_SECRET_KEY_FILE names cannot be read"
        ):
            read_settings({"BROADSHEET_SECRET_KEY_FILE": str(path)})


def test_no_refusal_repeats_a_secret() -> None:
    for name in ("secret_key", "database_url"):
        with pytest.raises(SettingsInvalid) as refusal:
            read_settings({variable(name): "hunter2"})
        assert "hunter2" not in str(refusal.value)


def test_the_database_is_in_the_data_folder_unless_another_is_named() -> None:
    inside = read_settings({"BROADSHEET_DATA": "/srv/harbour"})
    assert inside.database == "sqlite:////srv/harbour/broadsheet.sqlite3"
    outside = read_settings({"BROADSHEET_DATABASE_URL": "postgresql://a@db/site"})
    assert outside.database == "postgresql+psycopg://a@db/site"


def test_the_hosts_are_the_sites_own_loopback_and_those_allowed() -> None:
    settings = read_settings(
        {
            "BROADSHEET_SITE_URL": "https://news.example.org:8443",
            "BROADSHEET_ALLOWED_HOSTS": "old.example.org",
        }
    )
    assert settings.hosts == {
        "news.example.org",
        "old.example.org",
        "127.0.0.1",
        "localhost",
        "[::1]",
    }
    assert "[2001:db8::5]" in read_settings({"BROADSHEET_SITE_URL": "http://[2001:db8::5]"}).hosts


def test_settings_cannot_be_changed_while_the_site_runs() -> None:
    with pytest.raises(FrozenInstanceError):
        read_settings({}).site_name = "Other"  # type: ignore[misc]


def test_every_setting_is_described_by_its_name_default_and_meaning() -> None:
    described = describe_settings()
    assert [name for name, _, _ in described] == [variable(f.name) for f in fields(Settings)]
    assert all(meaning[0].isupper() for _, _, meaning in described)
    defaults = {name: default for name, default, _ in described}
    assert read_settings(defaults) == read_settings({})
    assert Settings.default("page_size") == defaults["BROADSHEET_PAGE_SIZE"]


@pytest.mark.parametrize(
    ("site_url", "sender"),
    [
        ("http://127.0.0.1:8000", "letter@[127.0.0.1]"),
        ("http://[::1]:8000", "letter@[IPv6:::1]"),
        ("https://news.example.org", "letter@news.example.org"),
    ],
)
def test_mails_come_from_an_address_that_mail_servers_take(site_url: str, sender: str) -> None:
    assert read_settings({"BROADSHEET_SITE_URL": site_url}).sender == sender
