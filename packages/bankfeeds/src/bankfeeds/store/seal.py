"""Sealing secrets at rest, and keyed hashes of secrets that are only ever compared."""

import base64
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_BYTES = 32


class SealBroken(Exception):
    """No secret key in force made this seal: the key was changed without keeping the old one, or the row was."""


class Sealer:
    """`ports.Sealer` with one or several secret keys: the first one writes, all of them read."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        if not keys or not all(keys):
            raise ValueError("sealing needs at least one secret key, and none of them empty")
        self._seals = MultiFernet(
            [Fernet(base64.urlsafe_b64encode(_derive(key, b"bankfeeds seal 1"))) for key in keys],
        )
        self._digest_keys = tuple(_derive(key, b"bankfeeds digest 1") for key in keys)

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


def _derive(key: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=purpose).derive(key.encode())
