"""Signing up for the daily letter, confirming, and leaving."""

from __future__ import annotations

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.errors import ProviderRefused, TooManySignUps
from webapp.forms import NewsletterForm
from webapp.http.caching import kept
from webapp.http.security import refuse_other_sites
from webapp.services import proving, subscribing
from webapp.services.proving import Proof

pages = Blueprint("newsletter", __name__)


@pages.get("/newsletter")
@kept()
def show_sign_up() -> ResponseReturnValue:
    """Show the form by itself."""
    return render_template("newsletter/sign_up.html", form=None)


@pages.post("/newsletter")
def sign_up() -> ResponseReturnValue:
    """Note a sign-up; the answer is the same whether the address was known or not."""
    refuse_other_sites()
    form = NewsletterForm(formdata=request.form)
    if form.is_bots:
        return redirect(url_for(".show_received"), 303)
    if not form.validate():
        return render_template("newsletter/sign_up.html", form=form), 422
    proof = Proof(*form.proof)
    try:
        subscribing.sign_up(form.address, form.form_name, request.remote_addr or "", proof)
    except ProviderRefused as problem:
        form.email.errors = [str(problem)]
        return render_template("newsletter/sign_up.html", form=form), 422
    except TooManySignUps as problem:
        form.email.errors = [str(problem)]
        page = render_template("newsletter/sign_up.html", form=form)
        return page, 429, {"Retry-After": str(problem.retry_after_seconds)}
    return redirect(url_for(".show_received"), 303)


@pages.get("/newsletter/challenge")
def give_challenge() -> ResponseReturnValue:
    """Give a sum to the page's script, when somebody is about to sign up."""
    return jsonify(challenge=proving.new_challenge(), bits=proving.BITS)


@pages.get("/newsletter/received")
@kept()
def show_received() -> ResponseReturnValue:
    """Thank the reader and say what happens next."""
    return render_template("newsletter/received.html")


@pages.get("/newsletter/confirmation/<token>")
def ask_to_confirm(token: str) -> ResponseReturnValue:
    """Show the button that confirms: programs that look at mails open every link in them."""
    reader = subscribing.asked_by(token)
    return render_template("newsletter/confirm.html", token=token, reader=reader)


@pages.post("/newsletter/confirmation/<token>")
def confirm(token: str) -> ResponseReturnValue:
    """Begin to send the letter to the one who was asked."""
    refuse_other_sites()
    subscribing.confirm(token)
    return redirect(url_for(".show_welcome"), 303)


@pages.get("/newsletter/welcome")
@kept()
def show_welcome() -> ResponseReturnValue:
    """Welcome the reader."""
    return render_template("newsletter/welcome.html")


@pages.get("/newsletter/unsubscription/<token>")
def ask_to_leave(token: str) -> ResponseReturnValue:
    """Show the button that unsubscribes; it is there also for one who has left."""
    subscribing.left_by(token)
    return render_template("newsletter/leave.html", token=token)


@pages.post("/newsletter/unsubscription/<token>")
def leave(token: str) -> ResponseReturnValue:
    """Unsubscribe at once: by the button, or by a mail program's one click (RFC 8058).

    Such a program sends neither cookies nor an origin, and follows no redirect.
    """
    subscribing.leave(token)
    return render_template("newsletter/left.html")
