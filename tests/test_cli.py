"""The command line, as an operator meets it."""

from __future__ import annotations

import json
import lzma
import mailbox
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from PIL import Image
from sqlalchemy import select

from tests.factories import fields_of, make_article
from tests.mail import reports
from tests.pages import CheckingClient
from webapp.extensions import db
from webapp.models import Subscriber
from webapp.services import illustrating, relating, returning, subscribing
from webapp.settings import ROOT


def write_lines(path: Path, *articles: object) -> Path:
    path.write_text("\n".join(a if isinstance(a, str) else json.dumps(a) for a in articles))
    return path


def run(*words: str, data: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a process of its own."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("BROADSHEET_")}
    env |= {"BROADSHEET_DATA": str(data), "PYTHONPATH": str(ROOT), **environment}
    command = [sys.executable, "-m", "webapp", *words]
    return subprocess.run(command, env=env, text=True, capture_output=True, timeout=120)


def test_importing_twice_says_all_unchanged(runner: FlaskCliRunner, tmp_path: Path) -> None:
    file = write_lines(tmp_path / "a.jsonl", fields_of(), fields_of(), fields_of())
    first = runner.invoke(args=["import", "jsonl", str(file)])
    assert (first.exit_code, first.stdout) == (
        0,
        "3 new, 0 updated, 0 unchanged, 0 not imported.\n",
    )
    second = runner.invoke(args=["import", "jsonl", str(file)])
    assert (second.exit_code, second.stdout) == (0, "All 3 articles are unchanged.\n")


def test_a_bad_line_is_reported_and_the_rest_goes_in(
    runner: FlaskCliRunner, client: CheckingClient, tmp_path: Path
) -> None:
    good = fields_of(title="The good one")
    file = write_lines(tmp_path / "a.jsonl", "{broken", {"title": "No body"}, good, '["list"]')
    result = runner.invoke(args=["import", "jsonl", str(file)])
    assert result.exit_code == 1
    for told in ("line 1: not imported: it is not JSON", "line 2: not imported: body is missing"):
        assert told in result.stderr
    assert "1 new, 0 updated, 0 unchanged, 3 not imported." in result.stdout
    assert "The good one" in client.page("/").text


def test_standard_input_and_packed_files_can_be_imported(
    runner: FlaskCliRunner, tmp_path: Path
) -> None:
    packed = tmp_path / "a.jsonl.xz"
    packed.write_bytes(lzma.compress(json.dumps(fields_of()).encode()))
    result = runner.invoke(
        args=["import", "jsonl", str(packed), "-"], input=json.dumps(fields_of()) + "\n"
    )
    assert result.exit_code == 0
    assert result.stdout.count("1 new") == 2


def test_a_folder_of_markdown_can_be_imported(
    runner: FlaskCliRunner, client: CheckingClient, tmp_path: Path
) -> None:
    (tmp_path / "a-brief.md").write_text("---\ntitle: A brief\ntags: [Bread]\n---\nText of it.\n")
    assert runner.invoke(args=["import", "markdown", str(tmp_path)]).exit_code == 0
    assert "A brief" in client.page("/topics/bread").main


def test_what_was_imported_can_be_found_at_once(
    runner: FlaskCliRunner, client: CheckingClient, tmp_path: Path
) -> None:
    file = write_lines(tmp_path / "a.jsonl", fields_of(body="A rare theodolite."))
    runner.invoke(args=["import", "jsonl", str(file)])
    assert client.get("/search.json?q=theodolite").json["total"] == 1


def test_many_problems_are_summed_up(runner: FlaskCliRunner, tmp_path: Path) -> None:
    file = write_lines(tmp_path / "a.jsonl", *["{broken"] * 30)
    result = runner.invoke(args=["import", "jsonl", str(file)])
    assert "… and 10 more." in result.stderr


def test_publish_and_withdraw_change_what_readers_see(
    runner: FlaskCliRunner, client: CheckingClient
) -> None:
    make_article(slug="a-plan", draft=True)
    assert runner.invoke(args=["publish", "a-plan"]).exit_code == 0
    assert client.get("/articles/a-plan").status_code == 200
    assert runner.invoke(args=["withdraw", "a-plan"]).exit_code == 0
    assert client.get("/articles/a-plan").status_code == 410
    unknown = runner.invoke(args=["publish", "no-plan"])
    assert unknown.exit_code == 1
    assert "There is no article with the slug no-plan." in unknown.stderr


def test_a_correction_is_told_to_readers(runner: FlaskCliRunner, client: CheckingClient) -> None:
    make_article(slug="boat")
    done = runner.invoke(args=["correct", "boat", "It is teal."])
    assert (done.exit_code, done.stdout) == (0, "Corrected boat.\n")
    shown = client.page("/articles/boat").main
    assert "Correction, 23 November 2026: It is teal." in shown
    refused = runner.invoke(args=["correct", "boat", " "])
    assert (refused.exit_code, refused.stderr) == (
        1,
        "Error: Say what was wrong and what is right.\n",
    )


def test_pictures_are_tidied(runner: FlaskCliRunner, app: Flask, tmp_path: Path) -> None:
    Image.new("RGB", (600, 400), "teal").save(tmp_path / "boat.png")
    make_article(image=str(tmp_path / "boat.png"))
    for path in illustrating.folder().glob("*-480.*"):
        path.unlink()
    told = runner.invoke(args=["doctor"])
    assert told.exit_code == 1
    assert "pictures: 1 lack some of their sizes. Run: broadsheet pictures" in told.stdout
    done = runner.invoke(args=["pictures"])
    assert done.stdout == "Made 2 sizes, removed 0 files that no article shows.\n"
    assert runner.invoke(args=["doctor"]).exit_code == 0


def test_reindex_says_how_many_and_how_fast(runner: FlaskCliRunner) -> None:
    make_article()
    result = runner.invoke(args=["reindex"])
    assert result.exit_code == 0
    assert result.stdout.startswith("Indexed 1 articles, ")


def test_after_import_and_reindex_what_is_related_is_known(
    runner: FlaskCliRunner, tmp_path: Path
) -> None:
    file = write_lines(tmp_path / "a.jsonl", *(fields_of() for _ in range(3)))
    for command in (["import", "jsonl", str(file)], ["reindex"]):
        assert runner.invoke(args=command).exit_code == 0
        assert relating.waiting() == 0


def test_reindex_waits_for_nobody(app: Flask, runner: FlaskCliRunner) -> None:
    with app.extensions["broadsheet"].engine.turn() as is_ours:
        assert is_ours
        result = runner.invoke(args=["reindex"])
    assert result.exit_code == 1
    assert "Another process is writing the index" in result.stderr


def test_bounces_are_counted_from_every_kind_of_source(
    app: Flask, runner: FlaskCliRunner, tmp_path: Path
) -> None:
    site = app.extensions["broadsheet"]
    site.settings = replace(site.settings, mail_return_path="bounces@letters.example.org")
    readers = []
    for name in ("ada", "eve", "ida"):
        subscribing.sign_up(f"{name}@example.com", "page", "203.0.113.7")
        reader = db.session.scalars(select(Subscriber).order_by(Subscriber.id.desc())).first()
        assert reader is not None
        readers.append(returning.return_path_of(reader.id, reader.address))
    folder = mailbox.Maildir(tmp_path / "box")
    folder.add(reports.exim(readers[0]))
    folder.add(reports.vacation())
    file = mailbox.mbox(tmp_path / "mbox")
    file.add(reports.postfix(readers[1], status="5.2.2"))
    file.close()
    piped = reports.yahoo(return_path=readers[2])
    for source, told in (
        (str(tmp_path / "box"), "1 hard, 0 soft, 0 complaints, 0 left, 1 others.\n"),
        (str(tmp_path / "box"), "0 hard, 0 soft, 0 complaints, 0 left, 0 others.\n"),
        (str(tmp_path / "mbox"), "0 hard, 1 soft, 0 complaints, 0 left, 0 others.\n"),
        (str(tmp_path / "mbox"), "0 hard, 0 soft, 0 complaints, 0 left, 1 others.\n"),
        ("-", "0 hard, 0 soft, 1 complaints, 0 left, 0 others.\n"),
    ):
        result = runner.invoke(args=["bounces", source], input=piped)
        assert (result.exit_code, result.output) == (0, told)


def test_bounces_that_cannot_be_read_are_told_in_a_sentence(
    runner: FlaskCliRunner, tmp_path: Path
) -> None:
    for words, told in (
        ([], "Say where bounces are: "),
        ([str(tmp_path / "none")], "There is no folder or file "),
        ([str(tmp_path)], "is no maildir: "),
        (["imaps://ada:secret@127.0.0.1:1/"], "The mail server 127.0.0.1 could not be read ("),
    ):
        result = runner.invoke(args=["bounces", *words])
        assert result.exit_code == 1
        assert told in result.stderr
        assert len(result.stderr.splitlines()) == 1
        assert "secret" not in result.output


def test_the_doctor_is_content_with_a_well_site(runner: FlaskCliRunner) -> None:
    make_article()
    result = runner.invoke(args=["doctor"])
    assert result.exit_code == 0
    assert all(line.startswith("ok  ") for line in result.stdout.splitlines())
    for name in ("settings", "data folder", "secret key", "clock", "database", "tables", "index"):
        assert f"ok    {name}: " in result.stdout


def test_the_doctor_tells_what_is_wrong_and_how_to_mend_it(
    app: Flask, runner: FlaskCliRunner
) -> None:
    article = make_article()
    engine = app.extensions["broadsheet"].engine
    with engine.turn():
        engine.apply([], [article.id])
    result = runner.invoke(args=["doctor"])
    assert result.exit_code == 1
    assert (
        "FAIL  index: differs from the database in 1 articles. Run: broadsheet reindex"
        in result.stdout
    )
    assert runner.invoke(args=["reindex"]).exit_code == 0
    assert runner.invoke(args=["doctor"]).exit_code == 0


def test_the_demo_goes_into_an_empty_site_only(
    runner: FlaskCliRunner, client: CheckingClient
) -> None:
    assert "Loaded the demo publication: 40 briefs." in runner.invoke(args=["demo"]).stdout
    assert "has articles already" in runner.invoke(args=["demo"]).stdout
    assert client.get("/search.json?q=theodolite").json["total"] == 1


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"BROADSHEET_SITENAME": "x"}, "Did you mean BROADSHEET_SITE_NAME?"),
        ({"BROADSHEET_PAGE_SIZE": "many"}, "BROADSHEET_PAGE_SIZE: give a whole number"),
        ({"BROADSHEET_DATA": "/dev/null/x"}, "The data folder /dev/null/x cannot be written"),
        (
            {"BROADSHEET_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"},
            "The database does not answer",
        ),
    ],
)
def test_what_stops_a_command_is_said_in_a_sentence(
    tmp_path: Path, environment: dict[str, str], told: str
) -> None:
    result = (
        run("doctor", data=Path(environment.get("BROADSHEET_DATA", tmp_path)), **environment)
        if "BROADSHEET_DATA" not in environment
        else run("doctor", data=Path(environment["BROADSHEET_DATA"]))
    )
    assert result.returncode == 1
    assert told in result.stderr
    assert "Traceback" not in result.stderr


def test_flask_gives_the_same_commands(tmp_path: Path) -> None:
    env = {k: v for k, v in os.environ.items() if not k.startswith("BROADSHEET_")}
    env |= {"BROADSHEET_DATA": str(tmp_path), "BROADSHEET_SEARCH_ENGINE": "memory"}
    result = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "demo"],
        env=env,
        cwd=ROOT,
        text=True,
        capture_output=True,
        timeout=120,
    )
    assert "Loaded the demo publication: 40 briefs." in result.stdout
