"""The post: a message from its templates, and who carries it; knows nothing of subscribers."""

from webapp.mail.carriers import FolderCarrier, MemoryCarrier, SmtpCarrier
from webapp.mail.composing import Stencil, compose
from webapp.mail.contract import (
    AddressRefused,
    Carrier,
    CarrierDown,
    CarrierRefuses,
    Mail,
    MailDelayed,
    MessageRefused,
    Send,
)

__all__ = [
    "AddressRefused",
    "Carrier",
    "CarrierDown",
    "CarrierRefuses",
    "FolderCarrier",
    "Mail",
    "MailDelayed",
    "MemoryCarrier",
    "MessageRefused",
    "Send",
    "SmtpCarrier",
    "Stencil",
    "compose",
]
