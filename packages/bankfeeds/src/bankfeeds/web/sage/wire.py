"""What Sage sends and is sent at the four addresses we give it: its own names, nothing else of it."""

from typing import Annotated

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

Word = Annotated[str, Meta(min_length=1, max_length=200)]


class Resource(Struct, rename="camel"):
    id: Word
    type: Word


class Notification(Struct, rename="camel"):
    """`additionalData` is read by the kind of notification it turns out to be."""

    type: Word
    resource: Resource
    additional_data: Raw = Raw(b"null")


class AdditionalData(Struct, rename="camel"):
    bank_id: Word | None = None
    external_id: Word | None = None
    requested_start_date: Word | None = None


class AvailableAccount(Struct, rename="camel"):
    account_name: str
    external_id: str
    bank_identifier: str
    account_identifier: str
    account_type: str | UnsetType = UNSET
    branch_identifier: str | UnsetType = UNSET
