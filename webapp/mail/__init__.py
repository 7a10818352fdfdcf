"""The post: a message from its templates, and who carries it; knows nothing of subscribers."""

from webapp.mail.carriers import FolderCarrier, MemoryCarrier, SmtpCarrier
from webapp.mail.composing import compose
from webapp.mail.contract import AddressRefused, Carrier, MailDelayed, Send

__all__ = [
    "AddressRefused",
    "Carrier",
    "FolderCarrier",
    "MailDelayed",
    "MemoryCarrier",
    "Send",
    "SmtpCarrier",
    "compose",
]
