"""Sealing secrets at rest, and keyed hashes of secrets that are only ever compared."""

import base64
import hmac
from collections.abc import Iterable

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_BYTES = 32
_MARK_BYTES = 8


class SealBroken(Exception):
    """No secret key in force made this seal: the key was changed without keeping the old one, or the row was."""


class Sealer:
    """`ports.Sealer` with one or several secret keys: the first one writes, all of them read.

    `kept` are digest keys of secret keys that are gone, as `sealed_digest_key` made them: what they hashed is still
    found. One that no key in force opens is left out.
    """

    def __init__(self, keys: tuple[str, ...], kept: Iterable[str] = ()) -> None:
        if not keys or not all(keys):
            raise ValueError("sealing needs at least one secret key, and none of them empty")
        fernets = [Fernet(base64.urlsafe_b64encode(_derive(key, b"bankfeeds seal 1"))) for key in keys]
        self._first = fernets[0]
        self._seals = MultiFernet(fernets)
        own = {mark_of(key): _derive(key, b"bankfeeds digest 1") for key in keys}
        self._own_digest_keys = own
        opened = (self.opened(sealed) for sealed in kept)
        more = (bytes.fromhex(text) for text in opened if text is not None)
        self._digest_keys = tuple(dict.fromkeys((*own.values(), *more)))

    @property
    def marks(self) -> tuple[str, ...]:
        return tuple(self._own_digest_keys)

    def sealed_digest_key(self, mark: str) -> str:
        return self.seal(self._own_digest_keys[mark].hex())

    def resealed(self, sealed: str) -> str | None:
        try:
            self._first.decrypt(sealed)
        except InvalidToken:
            return self.seal(self.unseal(sealed))
        return None

    def seal(self, secret: str) -> str:
        return self._seals.encrypt(secret.encode()).decode()

    def unseal(self, sealed: str) -> str:
        try:
            return self._seals.decrypt(sealed).decode()
        except InvalidToken:
            raise SealBroken("a stored secret cannot be unsealed: was BANKFEEDS_SECRET_KEY changed?") from None

    def opened(self, sealed: str) -> str | None:
        try:
            return self._seals.decrypt(sealed).decode()
        except (InvalidToken, ValueError):
            return None

    def digest(self, secret: str) -> str:
        return self.digests(secret)[0]

    def digests(self, secret: str) -> tuple[str, ...]:
        return tuple(hmac.digest(key, secret.encode(), "sha256").hex() for key in self._digest_keys)


def mark_of(key: str) -> str:
    """Tells a secret key from others, and nothing else about it."""
    return _derive(key, b"bankfeeds mark 1")[:_MARK_BYTES].hex()


def _derive(key: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=purpose).derive(key.encode())
