"""Integrations, the institution and its branding: rows to values and back. The institution's row is always there."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bankfeeds.domain.branding import Branding, Logo
from bankfeeds.domain.integration import DataType, Institution, Integration
from bankfeeds.domain.listing import Listing
from bankfeeds.store import dialect
from bankfeeds.store import tables_integration as t
from bankfeeds.store.engine import Read, Write

_i = t.integrations.c
_o = t.institution.c
_PLAIN = [column for column in _o if column.name != "logo"]


def of(tx: Read, listing: Listing) -> Integration:
    """As it is set; the defaults where nothing was."""
    row = tx.row(sa.select(t.integrations).where(_i.listing_id == listing.id))
    url = listing.authorization_redirect_url
    if row is None:
        return Integration(listing.id, authorization_redirect_url=url)
    return Integration(listing.id, row.enabled, row.call_to_action_text, row.call_to_action_url, url)


def put(tx: Write, integration: Integration, now: datetime) -> None:
    """All but the redirect, which is the listing's. The listing is locked by the caller."""
    values = {
        "enabled": integration.enabled,
        "call_to_action_text": integration.call_to_action_text,
        "call_to_action_url": integration.call_to_action_url,
        "changed_at": now,
    }
    if not tx.run(t.integrations.update().where(_i.listing_id == integration.listing_id).values(values)):
        tx.run(t.integrations.insert().values(listing_id=integration.listing_id, **values))


def lock(tx: Write) -> None:
    """Changes of the institution come one after the other."""
    tx.row(dialect.for_update(sa.select(_o.pk).where(_o.pk == t.THE_ONE)))


def institution(tx: Read) -> tuple[Institution, Branding]:
    row: Any = tx.row(sa.select(*_PLAIN).where(_o.pk == t.THE_ONE))
    known = {each.value for each in DataType}
    types = None if row.data_types is None else tuple(DataType(each) for each in row.data_types if each in known)
    set_up = Institution(tuple(row.redirect_hosts or ()), tuple(DataType) if types is None else types)
    return set_up, Branding(row.name, row.colour, row.logo_type, row.logo_digest)


def logo(tx: Read) -> Logo | None:
    row = tx.row(sa.select(_o.logo, _o.logo_type).where(_o.pk == t.THE_ONE))
    return None if row is None or row.logo is None else Logo(row.logo_type, bytes(row.logo))


def set_institution(tx: Write, institution: Institution, now: datetime) -> None:
    types = [each.value for each in institution.data_types]
    _set(tx, redirect_hosts=list(institution.redirect_hosts), data_types=types, changed_at=now)


def set_branding(tx: Write, branding: Branding, now: datetime) -> None:
    """Name and colour."""
    _set(tx, name=branding.name, colour=branding.colour, changed_at=now)


def set_logo(tx: Write, logo: Logo | None, digest: str | None, now: datetime) -> None:
    content, type_ = (None, None) if logo is None else (logo.content, logo.type)
    _set(tx, logo=content, logo_type=type_, logo_digest=digest, changed_at=now)


def _set(tx: Write, **values: object) -> None:
    tx.run(t.institution.update().where(_o.pk == t.THE_ONE).values(values))
