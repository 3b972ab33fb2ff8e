"""The details file: whole, private, and replaced in one step."""

import base64

from bankfeeds.demo import details


def test_it_is_its_owners_alone_and_leaves_no_draft(tmp_path):
    path = tmp_path / "details.json"
    details.write(path, {"platform": {"apiUrl": "http://127.0.0.1:1"}})
    details.write(path, {"platform": {"apiUrl": "http://127.0.0.1:2"}})
    assert details.read(path) == {"platform": {"apiUrl": "http://127.0.0.1:2"}}
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_the_authorization_is_the_key_alone_encoded():
    part = details.platform_part("http://127.0.0.1:8080", "bf_key")
    assert base64.b64decode(part["authorization"].removeprefix("Basic ")) == b"bf_key"
    assert not any(value.endswith("/") for value in part.values())
