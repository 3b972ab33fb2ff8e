"""A first call to the API in three languages, to copy and run: it lists companies, and changes nothing."""

import base64

_CURL = """curl {url}/companies \\
  -H "Authorization: Basic {credential}\""""
_PYTHON = """# pip install codat-platform
from codat_platform import CodatPlatform
from codat_platform.models import shared

codat = CodatPlatform(
    server_url="{url}",
    security=shared.Security(auth_header="Basic {credential}"),
)
for company in codat.companies.list(request={{}}).results or []:
    print(company.id, company.name)"""
_TYPESCRIPT = """// npm install @codat/platform
import {{ CodatPlatform }} from "@codat/platform";

const codat = new CodatPlatform({{
  serverURL: "{url}",
  authHeader: "Basic {credential}",
}});
console.log(await codat.companies.list({{}}));"""


def first_calls(url: str, key: str) -> list[tuple[str, str]]:
    """(language, text) of each."""
    credential = base64.b64encode(key.encode()).decode() if key.isascii() else "BASE64_OF_YOUR_KEY"
    languages = (("curl", _CURL), ("Python", _PYTHON), ("TypeScript", _TYPESCRIPT))
    return [(name, text.format(url=url, credential=credential)) for name, text in languages]
