"""An origin written wrongly stops the start, instead of failing every authorisation later."""

import pytest

from bankfeeds.settings import WrongSetting, load


@pytest.mark.parametrize("name", ["BANKFEEDS_REDIRECT_HOSTS", "BANKFEEDS_FRAME_ANCESTORS"])
@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1:9080/ui",
        "https://bank.example/",
        "bank.example:https",
        "ftp://bank.example",
        "bank.*",
        "'self'; script-src *",
        "https://",
    ],
)
def test_an_origin_that_is_none_is_refused_with_its_setting_and_its_form(name: str, text: str) -> None:
    with pytest.raises(WrongSetting, match=rf"^{name}: .* is not \[scheme://\]host\[:port\], without a path$"):
        load({name: f"link.bank.example,{text}"})


def test_origins_are_taken_with_and_without_scheme_and_port() -> None:
    texts = ("bank.example", "*.bank.example", "https://bank.example:8443", "http://127.0.0.1:*", "sandbox:9080")

    assert load({"BANKFEEDS_REDIRECT_HOSTS": ", ".join(texts)}).redirect_hosts == texts
