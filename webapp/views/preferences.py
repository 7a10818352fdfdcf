"""What readers want of the letter, their searches and their account: by signed links."""

from __future__ import annotations

from flask import Blueprint, Response, json, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.errors import ProviderRefused, TooManySignUps, WishesRefused
from webapp.forms import FollowForm, NewsletterForm, PreferencesForm
from webapp.http.security import refuse_other_sites
from webapp.models import Frequency
from webapp.services import account, preferring
from webapp.services.preferring import Wishes
from webapp.services.proving import Proof

pages = Blueprint("preferences", __name__)


@pages.get("/newsletter/preferences")
def ask_for_link() -> ResponseReturnValue:
    """Show the form by which a reader without a letter at hand gets a link."""
    return render_template("preferences/ask.html", form=None)


@pages.post("/newsletter/preferences")
def send_link() -> ResponseReturnValue:
    """Have a link mailed; the answer is the same whether the address was known or not."""
    refuse_other_sites()
    form = NewsletterForm(formdata=request.form)
    if form.is_bots:
        return redirect(url_for(".show_requested"), 303)
    if not form.validate():
        return render_template("preferences/ask.html", form=form), 422
    try:
        preferring.ask_for_link(form.address, request.remote_addr or "", Proof(*form.proof))
    except TooManySignUps as problem:
        return _asked_to_wait("preferences/ask.html", form, problem)
    return redirect(url_for(".show_requested"), 303)


@pages.get("/newsletter/requested")
def show_requested() -> ResponseReturnValue:
    """Say where the link is to be looked for."""
    return render_template("preferences/requested.html")


@pages.get("/newsletter/preferences/<token>")
def show(token: str) -> ResponseReturnValue:
    """Show what a reader wants now; programs that look at mails open this, and nothing changes."""
    reader = preferring.reader_of(token)
    form = PreferencesForm(
        formdata=None,
        frequency=reader.frequency,
        weekday=str(reader.weekday),
        which="all" if reader.has_all_topics else "chosen",
        topics=[topic.slug for topic in reader.topics],
    )
    return _page(token, form)


@pages.post("/newsletter/preferences/<token>")
def save(token: str) -> ResponseReturnValue:
    """Write to the reader from now on as he wishes."""
    refuse_other_sites()
    preferring.reader_of(token)  # what strangers send is not even looked at
    form = PreferencesForm(formdata=request.form)
    if not form.validate():
        return _page(token, form), 422
    try:
        preferring.save(token, _wishes_in(form))
    except WishesRefused as problem:
        form[problem.field].errors = [str(problem)]
        return _page(token, form), 422
    return redirect(url_for(".show", token=token, told="saved"), 303)


def _wishes_in(form: PreferencesForm) -> Wishes:
    return Wishes(
        frequency=Frequency(form.frequency.data),
        weekday=int(form.weekday.data or 0),
        has_all_topics=form.which.data == "all",
        topics=form.chosen,
        removed=form.removed,
        search=form.search.data or "",
    )


def _page(token: str, form: PreferencesForm) -> str:
    reader = preferring.reader_of(token)
    return render_template(
        "preferences/preferences.html",
        token=token,
        form=form,
        reader=reader,
        topics=preferring.topics_for(reader),
        told="" if form.errors else request.args.get("told", ""),
    )


@pages.post("/newsletter/preferences/<token>/link")
def send_account_link(token: str) -> ResponseReturnValue:
    """Have the link mailed that lasts an hour and can do more."""
    refuse_other_sites()
    is_sent = account.ask_for_link(token)
    return redirect(url_for(".show", token=token, told="sent" if is_sent else "enough"), 303)


@pages.post("/newsletter/preferences/<token>/confirmation")
def ask_again(token: str) -> ResponseReturnValue:
    """Have one whose mail came back asked whether it arrives now."""
    refuse_other_sites()
    is_sent = preferring.ask_again(token)
    return redirect(url_for(".show", token=token, told="asked" if is_sent else "enough"), 303)


@pages.get("/newsletter/account/<token>")
def show_account(token: str) -> ResponseReturnValue:
    """Show what a reader can do about what is kept of him."""
    return _account_page(token, None)


def _account_page(token: str, form: NewsletterForm | None) -> str:
    address = account.account_of(token).address
    told = "" if form else request.args.get("told", "")
    return render_template(
        "preferences/account.html", token=token, form=form, address=address, told=told
    )


@pages.post("/newsletter/account/<token>/file")
def give_everything(token: str) -> Response:
    """Give all that is kept of a reader as a file."""
    refuse_other_sites()
    everything = json.dumps(account.everything_about(token), indent=2)
    response = Response(everything + "\n", mimetype="application/json")
    response.headers.set("Content-Disposition", "attachment", filename="my-letter.json")
    return response


@pages.post("/newsletter/account/<token>/address")
def ask_to_move(token: str) -> ResponseReturnValue:
    """Have a new address asked; the answer is the same whether somebody has it or not."""
    refuse_other_sites()
    account.account_of(token)
    form = NewsletterForm(formdata=request.form)
    if not form.validate():
        return _account_page(token, form), 422
    try:
        is_asked = account.ask_to_move(token, form.address)
    except ProviderRefused as problem:
        form.email.errors = [str(problem)]
        return _account_page(token, form), 422
    told = "asked" if is_asked else "enough"
    return redirect(url_for(".show_account", token=token, told=told), 303)


@pages.post("/newsletter/account/<token>/erasure")
def erase(token: str) -> ResponseReturnValue:
    """Forget a reader."""
    refuse_other_sites()
    account.erase(token)
    return render_template("newsletter/left.html")


@pages.get("/newsletter/address/<token>")
def ask_to_confirm_address(token: str) -> ResponseReturnValue:
    """Show the button that confirms a new address."""
    address = account.new_address(token)
    return render_template("preferences/new_address.html", token=token, address=address)


@pages.post("/newsletter/address/<token>")
def move(token: str) -> ResponseReturnValue:
    """Send the letter to the new address from now on."""
    refuse_other_sites()
    account.move(token)
    return redirect(url_for(".show_moved"), 303)


@pages.get("/newsletter/moved")
def show_moved() -> ResponseReturnValue:
    """Say that the new address is the reader's now."""
    return render_template("preferences/moved.html")


@pages.get("/newsletter/searches")
def ask_whom() -> ResponseReturnValue:
    """Show the form by which a search is followed by mail."""
    # Lone surrogates fit into no page.
    query = request.args.get("q", "").encode("utf-8", "replace").decode()
    form = FollowForm(formdata=None, q=query)
    return render_template("preferences/follow.html", form=form)


@pages.post("/newsletter/searches")
def ask_to_follow() -> ResponseReturnValue:
    """Have a link mailed that follows a search; the answer is the same for every address."""
    refuse_other_sites()
    form = FollowForm(formdata=request.form)
    if form.is_bots:
        return redirect(url_for("newsletter.show_received"), 303)
    if not form.validate():
        return render_template("preferences/follow.html", form=form), 422
    try:
        preferring.ask_to_follow(
            form.address, form.q.data or "", request.remote_addr or "", Proof(*form.proof)
        )
    except ProviderRefused as problem:
        form.email.errors = [str(problem)]
        return render_template("preferences/follow.html", form=form), 422
    except WishesRefused as problem:
        form.q.errors = [str(problem)]
        return render_template("preferences/follow.html", form=form), 422
    except TooManySignUps as problem:
        return _asked_to_wait("preferences/follow.html", form, problem)
    return redirect(url_for("newsletter.show_received"), 303)


@pages.get("/newsletter/searches/<token>")
def ask_to_confirm_search(token: str) -> ResponseReturnValue:
    """Show the button that adds a search."""
    query = preferring.search_of(token)
    return render_template("preferences/add_search.html", token=token, query=query, problem="")


@pages.post("/newsletter/searches/<token>")
def follow(token: str) -> ResponseReturnValue:
    """Add the search, and show what the reader wants now."""
    refuse_other_sites()
    try:
        preferences = preferring.follow(token)
    except WishesRefused as problem:
        query = preferring.search_of(token)
        page = render_template(
            "preferences/add_search.html", token=token, query=query, problem=str(problem)
        )
        return page, 422
    return redirect(url_for(".show", token=preferences, told="saved"), 303)


def _asked_to_wait(
    template: str, form: NewsletterForm, problem: TooManySignUps
) -> ResponseReturnValue:
    form.email.errors = [str(problem)]
    page = render_template(template, form=form)
    return page, 429, {"Retry-After": str(problem.retry_after_seconds)}
