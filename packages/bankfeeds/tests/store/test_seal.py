"""Sealing: what one key sealed only that key opens, and keys can be turned over."""

import pytest

from bankfeeds.store.seal import SealBroken, Sealer

OLD, NEW = "the old secret key of the tests", "the new secret key of the tests"


def test_a_seal_tells_nothing_and_opens_again():
    sealer = Sealer((OLD,))

    sealed = sealer.seal("api key")

    assert "api key" not in sealed
    assert sealer.unseal(sealed) == "api key"
    assert sealer.seal("api key") != sealed


def test_after_a_new_key_the_old_seals_still_open_and_new_ones_are_the_new_keys():
    sealed = Sealer((OLD,)).seal("api key")
    both = Sealer((NEW, OLD))

    assert both.unseal(sealed) == "api key"
    assert Sealer((NEW,)).unseal(both.seal("api key")) == "api key"


@pytest.mark.parametrize("spoil", [lambda s: s[:-4] + "AAA=", lambda _s: "", lambda _s: "nonsense"])
def test_a_broken_seal_never_opens(spoil):
    sealer = Sealer((OLD,))

    with pytest.raises(SealBroken):
        sealer.unseal(spoil(sealer.seal("api key")))


def test_another_key_opens_nothing():
    with pytest.raises(SealBroken):
        Sealer((NEW,)).unseal(Sealer((OLD,)).seal("api key"))


def test_digests_are_keyed_and_the_writing_key_comes_first():
    both = Sealer((NEW, OLD))

    assert both.digests("K7QM2X") == (Sealer((NEW,)).digest("K7QM2X"), Sealer((OLD,)).digest("K7QM2X"))
    assert both.digest("K7QM2X") == both.digests("K7QM2X")[0]
    assert both.digest("K7QM2X") != both.digest("K7QM2Y")


@pytest.mark.parametrize("keys", [(), ("",), (OLD, "")])
def test_no_key_is_no_sealer(keys):
    with pytest.raises(ValueError, match="secret key"):
        Sealer(keys)
