"""Calls as an HTTP archive (HAR 1.2), which browsers' tools and proxies read."""

from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

from sage_sandbox.calls.log import Call


def archive_of(calls: list[Call], origin: str) -> dict[str, object]:
    creator = {"name": "sage-sandbox", "version": "1"}
    return {"log": {"version": "1.2", "creator": creator, "entries": [_entry(call, origin) for call in calls]}}


def _entry(call: Call, origin: str) -> dict[str, object]:
    began = call.at - timedelta(milliseconds=call.duration_ms)
    entry: dict[str, object] = {
        "startedDateTime": began,
        "time": call.duration_ms,
        "request": _request(call, origin),
        "response": _response(call),
        "cache": {},
        "timings": {"send": 0, "wait": call.duration_ms, "receive": 0},
        "_direction": call.direction,
    }
    if call.rule is not None:
        entry["comment"] = f"{call.rule.header()}: {call.rule.message}"
    return entry


def _request(call: Call, origin: str) -> dict[str, object]:
    url = call.url if call.direction == "out" else origin + call.url
    request: dict[str, object] = {
        "method": call.method,
        "url": url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(call.request_headers),
        "queryString": [
            {"name": name, "value": value} for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True)
        ],
        "headersSize": -1,
        "bodySize": call.request_bytes,
    }
    if call.request_body:
        kind = call.request_headers.get("content-type", "application/json")
        request["postData"] = {"mimeType": kind, "text": call.request_body}
    return request


def _response(call: Call) -> dict[str, object]:
    return {
        "status": call.status or 0,
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(call.response_headers),
        "content": {
            "size": call.response_bytes,
            "mimeType": call.response_headers.get("content-type", ""),
            "text": call.response_body,
        },
        "redirectURL": call.response_headers.get("location", ""),
        "headersSize": -1,
        "bodySize": call.response_bytes,
    }


def _pairs(headers: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]
