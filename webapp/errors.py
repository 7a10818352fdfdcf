"""What can go wrong, in the site's own words; knows nothing of HTTP."""

from __future__ import annotations


class SiteError(Exception):
    """Something that a person can be told; the message is a sentence for them."""


class SettingsInvalid(SiteError):
    """A setting is unknown or does not fit."""


class DataFolderUnusable(SiteError):
    """The data folder cannot be made or written."""


class DatabaseUnavailable(SiteError):
    """The database does not answer."""


class MoveRefused(SiteError):
    """A site cannot be moved from this database, or to that one; nothing was moved."""


class Busy(SiteError):
    """Something that takes its time is being done for somebody else."""


class ArticleNotFound(SiteError):
    """There is no such article, or none that readers may see."""


class ArticleWithdrawn(SiteError):
    """The article was published once and has been taken back."""


class ListingNotFound(SiteError):
    """There is no such topic, author, source, day or page."""


class QueryUnreadable(SiteError):
    """A parameter of the address cannot be read."""


class TooManySignUps(SiteError):
    """More sign-ups came from one block of addresses, or in all, than the limit allows."""

    def __init__(self, retry_after_seconds: int, *, in_all: bool = False) -> None:
        whence = "are coming in just now" if in_all else "came from your network"
        super().__init__(f"Too many sign-ups {whence}. Please try again later.")
        self.retry_after_seconds = retry_after_seconds


class ProviderRefused(SiteError):
    """An address is of a mail provider that the operator does not write to."""


class LinkExpired(SiteError):
    """A signed link is older than it lasts, or what it was for is over."""


class LinkUnreadable(SiteError):
    """A signed link was cut off or changed."""


class AddressTaken(SiteError):
    """Another reader has the address already."""


class WishesRefused(SiteError):
    """What a reader wants of the letter cannot be; `field` is the one in the form that is meant."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class CrossSiteRequest(SiteError):
    """A form was sent from another site."""


class HostNotOurs(SiteError):
    """A request was made under a host name that the site does not have."""


class EditionNotFound(SiteError):
    """There is no such edition of the letter, or none that readers may see."""


class MailUnavailable(SiteError):
    """Mail cannot be sent now; what is waiting goes on waiting."""


class NothingToSend(SiteError):
    """Nothing was published of which an edition could be made."""


class SubscribersUnreadable(SiteError):
    """A file is no list of subscribers."""


class ImageRefused(SiteError):
    """A file is not an image that we can show, or is too large."""


class CorrectionRefused(SiteError):
    """A correction says nothing, or too much."""


class ArticleUnreadable(SiteError):
    """Something to be imported is not an article; the message says why."""


class BouncesUnreadable(SiteError):
    """The place where returned mails arrive cannot be read."""
