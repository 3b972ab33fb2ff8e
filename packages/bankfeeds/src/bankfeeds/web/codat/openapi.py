"""Our own OpenAPI document, made of the wire types, what `described.py` says, and the limits."""

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from typing import Any

from bankfeeds.domain.query import QUERY_LENGTH_MAX
from bankfeeds.readers.text import ENCODINGS
from bankfeeds.web.codat import wire
from bankfeeds.web.codat.described import OPERATIONS, PATH_NAMES, Described
from bankfeeds.web.codat.exchange import Api
from bankfeeds.web.codat.openapi_schemas import REF, components, schema_of
from bankfeeds.web.codat.paging import PAGE_MAX, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from bankfeeds.web.codat.transactions import TIMEOUT_MINUTES_MAX
from bankfeeds.web.endpoint import Answer, Call

PATH = "/openapi.json"
_UUIDS = frozenset({"company_id", "connection_id", "push_key", "api_key_id", "webhook_id"})
_UUID = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_ALWAYS = (400, 401, 403, 408, 413, 415, 429, 500, 503)
_REPEATABLE = frozenset({"POST", "PATCH"})
_MEANINGS = {
    400: "The request breaks a rule; `validation.errors` names each field by its path.",
    401: "There is no API key, or one that is not known.",
    403: "The API key was revoked, has expired or may not do this.",
    404: "There is no such thing, or not any more.",
    408: "The body took too long.",
    409: "In conflict with how things stand, or the first request with this Idempotency-Key is still carried out.",
    413: "The body is too large.",
    415: "The body says that it is something else than JSON.",
    422: "The Idempotency-Key was used for another request before.",
    429: "Too many requests; `Retry-After` says for how long.",
    500: "Our fault; quote the correlation id.",
    503: "The database or Sage does not answer; `Retry-After` says for how long.",
}
_HEADERS = {
    "X-Correlation-Id": {"schema": {"type": "string"}, "required": True, "description": "Quote it when you ask us."},
    "X-Rate-Limit-Limit": {"schema": {"type": "string"}, "description": "Requests a day."},
    "X-Rate-Limit-Remaining": {"schema": {"type": "string"}, "description": "Requests left today."},
    "X-Rate-Limit-Reset": {"schema": {"type": "string"}, "description": "When the next day begins, UTC."},
}
_HEADER_REFS = {name: {"$ref": f"#/components/headers/{name}"} for name in _HEADERS}
_ERROR = {"$ref": REF.format(name="ErrorMessage")}
_FLAG = {"type": "string", "enum": ["true", "false", "True", "False"]}
QUERY_PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "page": {"type": "integer", "minimum": 1, "maximum": PAGE_MAX, "default": 1},
    "pageSize": {"type": "integer", "minimum": 1, "maximum": PAGE_SIZE_MAX, "default": PAGE_SIZE_DEFAULT},
    "query": {"type": "string", "maxLength": QUERY_LENGTH_MAX},
    "orderBy": {"type": "string"},
    "tags": {"type": "string", "maxLength": QUERY_LENGTH_MAX},
    "timeoutInMinutes": {"type": "integer", "minimum": 1, "maximum": TIMEOUT_MINUTES_MAX},
    "allowSyncOnPushComplete": _FLAG,
    "dryRun": _FLAG,
    "partial": _FLAG,
    "acceptUnproved": _FLAG,
    "reason": {"type": "string"},
    "bankId": {"type": "string"},
    "profile": {"type": "string", "description": "A mapping profile of a CSV file, as JSON."},
    "fileName": {"type": "string", "description": "What the file is called; kept with what was taken of it."},
    "encoding": {"type": "string", "enum": list(ENCODINGS)},
}


def serve(api: Api, _call: Call, _actor: str) -> Answer:
    """To anybody: it says nothing that is not in the documentation."""
    return Answer(200, _served(api.public_url))


@cache
def _served(url: str) -> bytes:
    return json.dumps(document(url)).encode()


def document(url: str) -> dict[str, Any]:
    """OpenAPI 3.1."""
    paths: dict[str, dict[str, Any]] = {}
    for (method, path), described in OPERATIONS.items():
        paths.setdefault(spelled(path), {})[method.lower()] = _operation(method, path, described)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Bankfeeds",
            "version": version("bankfeeds"),
            "description": "Bank feeds into Sage, wire-compatible with Codat's Bank Feeds API.",
        },
        "servers": [{"url": url}],
        "security": [{"apiKey": []}],
        "paths": paths,
        "components": {
            "schemas": components(),
            "headers": _HEADERS,
            "responses": {_refusal_name(status): _refusal(status, _ERROR) for status in _MEANINGS},
            "securitySchemes": {
                "apiKey": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "`Basic`, then the API key alone in base64.",
                }
            },
        },
    }


def spelled(path: str) -> str:
    """With Codat's names of parameters."""
    return re.sub(r"\{(\w+)\}", lambda found: "{" + PATH_NAMES[found[1]] + "}", path)


def _operation(method: str, path: str, described: Described) -> dict[str, Any]:
    names = re.findall(r"\{(\w+)\}", path)
    parameters = [_path_parameter(name) for name in names]
    parameters += [{"name": name, "in": "query", "schema": dict(QUERY_PARAMETERS[name])} for name in described.query]
    if method in _REPEATABLE:
        schema = {"type": "string", "format": "uuid"}
        parameters.append({"name": "Idempotency-Key", "in": "header", "required": False, "schema": schema})
    operation: dict[str, Any] = {
        "operationId": described.id,
        "tags": [described.tag],
        "summary": described.summary,
        "parameters": parameters,
        "responses": _responses(method, described, has_path=bool(names)),
    }
    if described.body is bytes:
        operation["requestBody"] = {"required": True, "content": {"application/octet-stream": {}}}
    elif described.body is not None:
        schema = schema_of(described.body)
        if described.required:
            schema = {"allOf": [schema, {"required": list(described.required)}]}
        is_required = bool(described.required) or "items" in schema
        operation["requestBody"] = {"required": is_required, "content": {"application/json": {"schema": schema}}}
    return operation


def _path_parameter(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "minLength": 1}
    if name in _UUIDS:
        schema = {"type": "string", "pattern": _UUID}
    if name == "platform_key":
        schema = {"type": "string", "enum": [wire.PLATFORM_KEY]}
    return {"name": PATH_NAMES[name], "in": "path", "required": True, "schema": schema}


def _responses(method: str, described: Described, *, has_path: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for status, kind in described.answers.items():
        response: dict[str, Any] = {"description": "As asked.", "headers": _HEADER_REFS}
        if kind is not None:
            response["content"] = {"application/json": {"schema": schema_of(kind)}}
        found[str(status)] = response
    refusals = {*_ALWAYS, *described.refusals}
    refusals |= {404} if has_path else set()
    refusals |= {409, 422} if method in _REPEATABLE else set()
    for status in sorted(refusals):
        if str(status) in found:  # a batch may be a conflict in its own words
            own = found[str(status)]["content"]["application/json"]["schema"]
            found[str(status)] = _refusal(status, {"anyOf": [own, _ERROR]})
        else:
            found[str(status)] = {"$ref": f"#/components/responses/{_refusal_name(status)}"}
    return found


def _refusal(status: int, schema: Mapping[str, Any]) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    return {"description": _MEANINGS[status], "headers": _HEADER_REFS, "content": content}


def _refusal_name(status: int) -> str:
    return f"Refusal{status}"
