"""A statement file on its way through the portal: uploaded, looked at, then taken or let go; sealed in between."""

import base64
import zlib
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from bankfeeds.domain.errors import NotFound
from bankfeeds.flows.context import World
from bankfeeds.store import uploads
from bankfeeds.store.uploads import Stored

KEPT = timedelta(hours=1)
BYTES_MAX = 8 * 1024 * 1024
_COMPRESSION = 6


@dataclass(frozen=True, slots=True)
class Upload:
    """`account`, `encoding` and `profile` are what the operator says of the file; empty if nothing."""

    name: str
    content: bytes
    account: str = ""
    encoding: str = ""
    profile: str = ""


_decoder = msgspec.json.Decoder(tuple[str, str, str, str, str])


def keep(world: World, operator_pk: int, upload: Upload, upload_id: str | None = None) -> str:
    """Its id; a new one unless it is kept anew, read otherwise. What the operator had uploaded before goes."""
    packed = base64.b64encode(zlib.compress(upload.content, _COMPRESSION)).decode()
    text = msgspec.json.encode((upload.name, packed, upload.account, upload.encoding, upload.profile)).decode()
    stored = Stored(world.clock(), world.sealer.seal(text))
    kept_as = upload_id or world.ids.uuid()
    world.db.write(lambda tx: uploads.put(tx, operator_pk, kept_as, stored))
    return kept_as


def get(world: World, operator_pk: int, upload_id: str) -> Upload:
    """NotFound once it is taken, replaced by another, or older than an hour."""
    stored = world.db.read(lambda tx: uploads.find(tx, operator_pk, upload_id))
    if stored is None or stored.at < world.clock() - KEPT:
        raise NotFound("upload", "the file is no longer here: it was taken, replaced by another, or an hour has passed")
    name, packed, account, encoding, profile = _decoder.decode(world.sealer.unseal(stored.sealed_content))
    return Upload(name, zlib.decompress(base64.b64decode(packed)), account, encoding, profile)


def discard(world: World, operator_pk: int) -> None:
    world.db.write(lambda tx: uploads.delete(tx, operator_pk))


def purge(world: World) -> int:
    """What was left lying is gone an hour later."""
    before = world.clock() - KEPT
    return world.db.write(lambda tx: uploads.purge(tx, before))
