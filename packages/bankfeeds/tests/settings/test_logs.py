"""What the log never says."""

import pytest

from bankfeeds.logs import mask_secrets


@pytest.mark.parametrize("name", ["authorization", "api_key", "clientSecret", "otp", "access_token", "Header_Value"])
def test_values_of_secret_looking_names_are_masked(name):
    masked = mask_secrets(None, "info", {"event": "request", name: "hush", "route": "/companies"})
    assert masked == {"event": "request", name: "(secret)", "route": "/companies"}
