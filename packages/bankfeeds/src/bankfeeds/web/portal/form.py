"""A form on a page: what was filled in, and what is wrong with it, field by field."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP

from bankfeeds.domain.errors import Refusal
from bankfeeds.web.form import FIELDS_MAX, read_form
from bankfeeds.web.portal.phrases import PHRASES, told
from bankfeeds.web.portal.visit import PostedFile
from bankfeeds.web.portal.words import Words


@dataclass(frozen=True, slots=True)
class Form:
    """`problems` by field; `problem` is about the whole, or about a field that the page does not have."""

    values: Mapping[str, str] = field(default_factory=dict[str, str])
    problems: Mapping[str, str] = field(default_factory=dict[str, str])
    problem: str = ""

    @property
    def is_wrong(self) -> bool:
        return bool(self.problems or self.problem)


def refused(words: Words, values: Mapping[str, str], refusal: Refusal, kind: str = "") -> Form:
    """What was filled in, with what the flow says against it.

    The catalogue's `flaw_{kind}{field}` or `refusal_{code}` is said if there is one; else the flow's own words, by
    phrases.py.
    """
    problems = {flaw.field: said(words, f"flaw_{kind}{flaw.field}", flaw.message) for flaw in refusal.flaws}
    return Form(values, problems, "" if problems else whole(words, refusal))


def whole(words: Words, refusal: Refusal) -> str:
    """A refusal in one text: the catalogue's, else the flow's own in the page's language."""
    if f"refusal_{refusal.code}" in words:
        return words[f"refusal_{refusal.code}"]
    if refusal.flaws and words.language in PHRASES:
        return " ; ".join(f"{flaw.field} : {told(words.language, flaw.message)}" for flaw in refusal.flaws)
    return told(words.language, refusal.message)


def said(words: Words, key: str, otherwise: str) -> str:
    return words.texts.get(key) or told(words.language, otherwise)


def read_fields(content_type: str, body: bytes) -> tuple[dict[str, str], dict[str, PostedFile]]:
    """Fields and files, as a browser posts them; both empty for what is no form or has too many parts."""
    if not content_type.lower().startswith("multipart/form-data"):
        return read_form(body), {}
    whole = BytesParser(EmailMessage, policy=HTTP).parsebytes(
        b"content-type: " + content_type.encode("latin-1", "replace") + b"\r\n\r\n" + body
    )
    parts = list(whole.iter_parts()) if whole.is_multipart() else []
    fields: dict[str, str] = {}
    files: dict[str, PostedFile] = {}
    for part in parts[:FIELDS_MAX] if len(parts) <= FIELDS_MAX else []:
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes):
            continue
        called = part.get_filename()
        if called is None:
            fields[name] = content.decode("utf-8", "replace")
        else:
            files[name] = PostedFile(called, content)
    return fields, files
