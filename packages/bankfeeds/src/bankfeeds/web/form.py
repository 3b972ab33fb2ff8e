"""A form as a browser posts it."""

from urllib.parse import parse_qsl

FIELDS_MAX = 50


def read_form(body: bytes) -> dict[str, str]:
    """Field by field; empty for what is no form or has too many."""
    try:
        return dict(parse_qsl(body.decode("latin-1"), max_num_fields=FIELDS_MAX))
    except ValueError:
        return {}
