"""A report as a terminal's table, as JSON, as JUnit's XML, and as one HTML file."""

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
from jinja2 import Environment, PackageLoader, select_autoescape

from sage_sandbox.certify.outcome import Report, Result

_pages = Environment(
    loader=PackageLoader("sage_sandbox", "certify"),
    autoescape=select_autoescape(),
    trim_blocks=True,
    lstrip_blocks=True,
)
_SHOWN = {"passed": "passed", "failed": "FAILED", "skipped": "skipped"}
_INDENT = " " * 15


def row(result: Result) -> str:
    """One item in the terminal: a line, and why under it where it did not pass."""
    lines = [f"{_SHOWN[result.outcome]:<8} {result.id:<4}  {result.title}  ({result.section}; {result.seconds:.1f} s)"]
    lines += [f"{_INDENT}{word}: {text}" for word, text in _words(result)]
    return "\n".join(lines)


def _words(result: Result) -> list[tuple[str, str]]:
    told = (("expected", result.expected), ("seen", result.seen), ("because", result.reason))
    return [(word, " ".join(text.split())) for word, text in told if text]


def summary(report: Report) -> str:
    counts = f"{report.passed} passed, {report.failed} failed, {report.skipped} skipped"
    verdict = report.verdict if report.certified else report.verdict.upper()
    return f"{report.provider}: {verdict}; {counts}; {report.seconds:g} s"


def as_json(report: Report) -> str:
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"


def as_junit(report: Report) -> str:
    suite = ET.Element(
        "testsuite",
        name=f"sage-sandbox certify: {report.provider}",
        tests=str(len(report.results)),
        failures=str(report.failed),
        errors="0",
        skipped=str(report.skipped),
        time=str(report.seconds),
        timestamp=report.began_at,
    )
    for result in report.results:
        name = f"{result.id} {result.title} ({result.section})"
        case = ET.SubElement(suite, "testcase", classname=result.kind, name=_printable(name), time=str(result.seconds))
        words = _printable("\n".join(f"{word}: {text}" for word, text in _words(result)))
        if result.outcome == "failed":
            ET.SubElement(case, "failure", message=words.partition("\n")[0]).text = words
        if result.outcome == "skipped":
            ET.SubElement(case, "skipped", message=words)
    ET.indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suite, encoding="unicode") + "\n"


def _printable(text: str) -> str:
    """XML has no way to say most control characters."""
    return "".join(c if c.isprintable() or c in "\n\t" else "�" for c in text)


def as_html(report: Report) -> str:
    return _pages.get_template("report.html").render(report=report, words=_words)


WRITERS: dict[str, Callable[[Report], str]] = {"--json": as_json, "--junit": as_junit, "--html": as_html}


def write(report: Report, wanted: dict[str, Path]) -> None:
    for option, path in wanted.items():
        path.write_text(WRITERS[option](report), encoding="utf-8")
