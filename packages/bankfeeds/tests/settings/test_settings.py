"""Settings: read from the environment and a file, checked one by one, refused in one line."""

import pytest

from bankfeeds.settings import TABLE, Settings, WrongSetting, load

KEY = "k" * 32
SAGE = {
    "BANKFEEDS_SAGE_PROVIDER_URL": "https://papi.example/",
    "BANKFEEDS_SAGE_TOKEN_URL": "https://id.example/oauth/token",
    "BANKFEEDS_SAGE_CLIENT_ID": "client",
    "BANKFEEDS_SAGE_CLIENT_SECRET": "hush-hush",
    "BANKFEEDS_SAGE_AUDIENCE": "audience",
    "BANKFEEDS_SAGE_API_KEY": "api-key",
    "BANKFEEDS_SAGE_HEADER_NAME": "X-Key",
    "BANKFEEDS_SAGE_HEADER_VALUE": "value",
}


def test_without_any_setting_the_defaults_are_in_force():
    assert load({"HOME": "/root", "PATH": "/bin"}) == Settings()


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("BANKFEEDS_PORT", "80a", 'BANKFEEDS_PORT: "80a" is not a whole number from 0 to 65535'),
        ("BANKFEEDS_PORT", "65536", 'BANKFEEDS_PORT: "65536" is not a whole number from 0 to 65535'),
        ("BANKFEEDS_PORT", "-1", 'BANKFEEDS_PORT: "-1" is not a whole number from 0 to 65535'),
        ("BANKFEEDS_PORT", "", 'BANKFEEDS_PORT: "" is not a whole number from 0 to 65535'),
        ("BANKFEEDS_PORT", "8\n0", 'BANKFEEDS_PORT: "8?0" is not a whole number from 0 to 65535'),
        ("BANKFEEDS_PORT", "9" * 5000, f'BANKFEEDS_PORT: "{"9" * 60}…" is not a whole number from 0 to 65535'),
        ("BANKFEEDS_PORT", "٨٠", 'BANKFEEDS_PORT: "٨٠" is not a whole number from 0 to 65535'),
        ("BANKFEEDS_PROT", "1", "BANKFEEDS_PROT: there is no such setting; did you mean BANKFEEDS_PORT?"),
        ("BANKFEEDS_XYZZY", "1", "BANKFEEDS_XYZZY: there is no such setting"),
        ("BANKFEEDS_ENVIRONMENT", "prod", 'BANKFEEDS_ENVIRONMENT: "prod" is not one of development, production'),
        ("BANKFEEDS_PUBLIC_URL", "bank.example", 'BANKFEEDS_PUBLIC_URL: "bank.example" is not an address such as https://bank.example'),
        ("BANKFEEDS_PUBLIC_URL", "http://x:99999", 'BANKFEEDS_PUBLIC_URL: "http://x:99999" is not an address such as https://bank.example'),
        ("BANKFEEDS_DATABASE_URL", "mysql://u:hunter2@h/d", "BANKFEEDS_DATABASE_URL: must be sqlite:///path or postgresql://user:password@host/name"),
        ("BANKFEEDS_DATABASE_URL", "sqlite:///", "BANKFEEDS_DATABASE_URL: must be sqlite:///path or postgresql://user:password@host/name"),
        ("BANKFEEDS_SECRET_KEY", "short", "BANKFEEDS_SECRET_KEY: a key must have 32 characters or more"),
        ("BANKFEEDS_SECRET_KEY", f"{KEY},short", "BANKFEEDS_SECRET_KEY: a key must have 32 characters or more"),
        ("BANKFEEDS_CONFIG", "/nowhere/at/all", "BANKFEEDS_CONFIG: /nowhere/at/all cannot be read: No such file or directory"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_one_line_that_names_it(name, text, line):
    with pytest.raises(WrongSetting) as refused:
        load({name: text})
    assert str(refused.value) == line


def test_production_requires_a_secret_key():
    with pytest.raises(WrongSetting, match="BANKFEEDS_SECRET_KEY: is required in production"):
        load({"BANKFEEDS_ENVIRONMENT": "production"})
    settings = load({"BANKFEEDS_ENVIRONMENT": "production", "BANKFEEDS_SECRET_KEY": f"{KEY}, {'j' * 40}"})
    assert settings.secret_key == (KEY, "j" * 40)


def test_a_first_listing_is_given_whole_or_not_at_all():
    assert load(SAGE).has_first_listing
    assert load(SAGE).sage_provider_url == "https://papi.example"
    for name in SAGE:
        with pytest.raises(WrongSetting, match=f"^{name}: is missing; a first listing needs it beside BANKFEEDS_SAGE_"):
            load({other: text for other, text in SAGE.items() if other != name})


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path):
    file = tmp_path / "bankfeeds.toml"
    file.write_text('port = 9000\nbankfeeds_host = "::1"\nredirect_hosts = ["a.example", "b.example"]\nlease_s = 90\n')
    settings = load({"BANKFEEDS_CONFIG": str(file), "BANKFEEDS_PORT": "9001"})
    assert (settings.port, settings.host, settings.lease_s) == (9001, "::1", 90)
    assert settings.redirect_hosts == ("a.example", "b.example")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("prot = 1", "prot in {file}: there is no such setting; did you mean BANKFEEDS_PORT?"),
        ("port = 1.5", "port in {file}: must be a string, a whole number or a list of strings"),
        ("port = true", 'BANKFEEDS_PORT: "true" is not a whole number from 0 to 65535'),
        ("port = ", "BANKFEEDS_CONFIG: {file} is not TOML: Invalid value (at end of document)"),
        ("[port]\nx = 1", "port in {file}: must be a string, a whole number or a list of strings"),
    ],
)
def test_a_wrong_file_is_one_line_that_names_it(tmp_path, content, line):
    file = tmp_path / "bankfeeds.toml"
    file.write_text(content)
    with pytest.raises(WrongSetting) as refused:
        load({"BANKFEEDS_CONFIG": str(file)})
    assert str(refused.value) == line.format(file=file)


def test_no_secret_shows_in_the_settings_own_words():
    settings = load({**SAGE, "BANKFEEDS_SECRET_KEY": KEY, "BANKFEEDS_DATABASE_URL": "postgresql://u:hunter2@h/d"})
    for secret in ("hush-hush", "api-key", KEY, "hunter2"):
        assert secret not in repr(settings)


@pytest.mark.parametrize("row", [row for row in TABLE if row.kind is int], ids=lambda row: row.field)
def test_every_number_keeps_to_its_bounds(row):
    for good in (row.about.low, row.about.high, row.default):
        assert getattr(load({row.name: str(good)}), row.field) == good
    for bad in (row.about.low - 1, row.about.high + 1):
        with pytest.raises(WrongSetting, match=row.name):
            load({row.name: str(bad)})
