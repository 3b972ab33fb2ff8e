"""The secret key of a development installation: made once, kept beside the database, its owner's alone."""

import threading

import pytest

from bankfeeds.app.secret_key import secret_keys
from bankfeeds.settings import Settings, WrongSetting


def test_it_is_made_once_and_readable_by_its_owner_alone(tmp_path):
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'own.db'}")
    (key,) = secret_keys(settings)
    assert len(key) >= 32
    assert secret_keys(settings) == (key,)
    assert (tmp_path / "own.db.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["own.db.key"]


def test_two_programs_that_start_together_agree_on_it(tmp_path):
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'own.db'}")
    found = []
    threads = [threading.Thread(target=lambda: found.append(secret_keys(settings))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_keys_that_are_set_are_used_and_none_is_made(tmp_path):
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'own.db'}", secret_key=("a" * 32, "b" * 32))
    assert secret_keys(settings) == ("a" * 32, "b" * 32)
    assert not list(tmp_path.iterdir())


def test_an_empty_key_file_is_refused_instead_of_sealing_with_nothing(tmp_path):
    (tmp_path / "own.db.key").write_text("")
    with pytest.raises(WrongSetting, match="is empty"):
        secret_keys(Settings(database_url=f"sqlite:///{tmp_path / 'own.db'}"))
