"""Signing up for the daily letter."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.errors import TooManySignUps
from webapp.forms import NewsletterForm
from webapp.http.caching import kept
from webapp.http.security import refuse_other_sites
from webapp.services import subscribing

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
    try:
        subscribing.sign_up(form.address, form.form_name, request.remote_addr or "")
    except TooManySignUps as problem:
        form.email.errors = [str(problem)]
        page = render_template("newsletter/sign_up.html", form=form)
        return page, 429, {"Retry-After": str(problem.retry_after_seconds)}
    return redirect(url_for(".show_received"), 303)


@pages.get("/newsletter/received")
@kept()
def show_received() -> ResponseReturnValue:
    """Thank the reader and say what happens next."""
    return render_template("newsletter/received.html")
