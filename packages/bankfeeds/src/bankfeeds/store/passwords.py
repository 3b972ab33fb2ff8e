"""Passwords of people, as Argon2id hashes: slow to guess, and compared without telling how close a guess was."""

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MEMORY_KIB = 47_104
PASSES = 1
AT_ONCE_MAX = 2
"""Hashes computed at a time in one process: each takes MEMORY_KIB and a whole processor."""
_hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=1)
_NOBODYS = _hasher.hash("nobody has this password")
_room = threading.BoundedSemaphore(AT_ONCE_MAX)


def hash_of(password: str) -> str:
    with _room:
        return _hasher.hash(password)


def is_right(stored: str | None, password: str) -> bool:
    """False for None, which takes as long as any other."""
    with _room:
        try:
            return _hasher.verify(stored or _NOBODYS, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False
