"""Passwords at rest: Argon2id with the parameters we say, and as slow for nobody as for somebody."""

from bankfeeds.store import passwords


def test_a_hash_says_how_it_was_made_and_only_the_password_fits_it():
    stored = passwords.hash_of("a long enough password")

    assert stored.startswith(f"$argon2id$v=19$m={passwords.MEMORY_KIB},t={passwords.PASSES},p=1$")
    assert passwords.is_right(stored, "a long enough password")
    assert not passwords.is_right(stored, "another")
    assert stored != passwords.hash_of("a long enough password")


def test_nobody_and_what_is_no_hash_have_no_right_password():
    assert not passwords.is_right(None, "nobody has this password")
    assert not passwords.is_right("not a hash", "anything")
