"""The forms that a person fills in; they check shape, services check rules."""

from __future__ import annotations

import re
from typing import ClassVar

from email_validator import EmailNotValidError, validate_email
from flask_wtf import FlaskForm
from wtforms import (
    EmailField,
    HiddenField,
    SelectMultipleField,
    StringField,
    ValidationError,
)
from wtforms.validators import AnyOf, Length

FORM_NAMES = ("page", "banner", "footer", "article")
FREQUENCIES = ("daily", "weekly", "each")
WEEKDAYS = ("0", "1", "2", "3", "4", "5", "6")  # 0 is Monday


class NewsletterForm(FlaskForm):
    """Asks for the daily letter.

    It stands on pages that are the same for everyone and kept by caches, so it has no
    token that is bound to a session; the view checks where it was sent from instead.
    """

    class Meta:
        """Switches the token off, for this form only."""

        csrf: ClassVar[bool] = False

    email = EmailField("Your e-mail address")
    website = StringField("Leave this empty", validators=[Length(max=2000)])
    form = HiddenField(default="page")
    # What the page's script may add; whether it is right is not for a form to say.
    challenge = HiddenField(default="")
    answer = HiddenField(default="")

    def validate_email(self, field: EmailField) -> None:
        """Refuse what mail cannot be sent to, and keep the address in its usual form."""
        typed = (field.data or "").strip()
        if not typed:
            raise ValidationError("Please type your e-mail address.")
        try:
            # Strict: no server takes more than 64 characters before the @ (RFC 5321, 4.5.3.1).
            found = validate_email(typed, check_deliverability=False, strict=True)
            self.address = found.normalized
        except EmailNotValidError:
            raise ValidationError(
                "This does not look like an e-mail address. It should be like name@example.org."
            ) from None

    @property
    def is_bots(self) -> bool:
        """Whether the field that people do not see was filled in."""
        return bool(self.website.data)

    @property
    def proof(self) -> tuple[str, str]:
        """The challenge that the page's script was given, and its answer; mostly empty."""
        return self.challenge.data or "", self.answer.data or ""

    @property
    def form_name(self) -> str:
        """Which of the site's forms it was."""
        return self.form.data if self.form.data in FORM_NAMES else "page"


class FollowForm(NewsletterForm):
    """Asks to be mailed what is new for a search."""

    q = StringField("What are you looking for?")


class PreferencesForm(FlaskForm):
    """Says what a reader wants of the letter; who it is, the signed link in its address says."""

    class Meta:
        """Switches the token off: nobody is signed in, and the view checks where it came from."""

        csrf: ClassVar[bool] = False

    frequency = StringField(
        validators=[AnyOf(FREQUENCIES, message="Please choose how often the letter is to come.")]
    )
    weekday = StringField(validators=[AnyOf(WEEKDAYS, message="Please choose a day of the week.")])
    which = StringField(
        validators=[AnyOf(("all", "chosen"), message="Please choose all topics, or some.")]
    )
    topics = SelectMultipleField(validate_choice=False)
    remove = SelectMultipleField(validate_choice=False)
    search = StringField()

    @property
    def removed(self) -> frozenset[int]:
        """The ids of the searches to be removed."""
        said = self.remove.data or []
        # More digits than a row's number has are none, and from some thousand on int() refuses.
        return frozenset(int(id) for id in said if re.fullmatch(r"[0-9]{1,18}", id))

    @property
    def chosen(self) -> frozenset[str]:
        """The slugs of the topics; without signs that not every database takes, as NUL."""
        return frozenset(slug for slug in self.topics.data or () if slug.isprintable())
