"""Between Sage's words and ours, once."""

import msgspec
from msgspec import UNSET

from bankfeeds.domain.authorisation import OfferedAccount
from bankfeeds.domain.errors import Invalid, one_flaw
from bankfeeds.domain.notification import CREATION, DELETION, Notification, NotificationKind
from bankfeeds.domain.text import is_storable
from bankfeeds.domain.transaction import parse_day
from bankfeeds.web.sage import wire

_KINDS = {
    (CREATION, "authorisation"): NotificationKind.authorisation_created,
    (CREATION, "bankAccount"): NotificationKind.account_created,
    (DELETION, "bankAccount"): NotificationKind.account_deleted,
}
_decode = msgspec.json.Decoder(wire.Notification).decode
_decode_data = msgspec.json.Decoder(wire.AdditionalData | None).decode


def to_notification(body: bytes) -> Notification:
    """Kinds that we do not know pass, whatever they carry; of those we know, every member is checked."""
    try:
        received = _decode(body)
        kind = _KINDS.get((received.type, received.resource.type), NotificationKind.unknown)
        data = None if kind is NotificationKind.unknown else _decode_data(received.additional_data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid("malformed", f"the notification cannot be read: {error}") from error
    data = data or wire.AdditionalData()
    texts = (received.type, received.resource.type, received.resource.id, data.bank_id, data.external_id)
    if not all(is_storable(text) for text in texts if text is not None):
        raise Invalid("malformed", "the notification has characters that no identifier has")
    if data.requested_start_date is not None and parse_day(data.requested_start_date) is None:
        raise one_flaw("additionalData.requestedStartDate", "is no date", "malformed")
    return Notification(
        kind,
        received.type,
        received.resource.type,
        received.resource.id,
        data.bank_id,
        data.external_id,
        data.requested_start_date,
    )


def to_available(account: OfferedAccount) -> wire.AvailableAccount:
    return wire.AvailableAccount(
        account_name=account.name,
        external_id=account.external_id,
        bank_identifier=account.bank_identifier,
        account_identifier=account.account_identifier,
        account_type=account.type or UNSET,
        branch_identifier=account.branch_identifier or UNSET,
    )
