"""Statement files in the portal: those that were taken, and one on its way: uploaded, looked at, taken or let go."""

from io import BytesIO
from urllib.parse import quote

from bankfeeds.domain.errors import Refusal
from bankfeeds.domain.operator import Role
from bankfeeds.domain.statement_file import UnreadableFile
from bankfeeds.flows import take_file, taken_files, uploads
from bankfeeds.flows.taken_files import FILES_AT_ONCE
from bankfeeds.flows.uploads import BYTES_MAX, Upload
from bankfeeds.readers import Hints, original
from bankfeeds.readers.csv_profile import ProfileError, parse_profile, write_profile
from bankfeeds.readers.csv_suggest import SAMPLE_BYTES, suggest
from bankfeeds.readers.kinds import Kind
from bankfeeds.readers.text import ENCODINGS, known_encoding
from bankfeeds.web import statement_file
from bankfeeds.web.endpoint import Answer
from bankfeeds.web.portal.asked import whole_number
from bankfeeds.web.portal.desk import Desk
from bankfeeds.web.portal.form import Form, whole
from bankfeeds.web.portal.phrases import told
from bankfeeds.web.portal.upload_look import Look, Unread
from bankfeeds.web.portal.visit import PortalPage, Visit

PATH = "statement-files"
FORM_BYTES_MAX = BYTES_MAX + 64 * 1024
LINES_SHOWN_MAX = 20
_SAID = ("account", "encoding", "profile")


def listed(desk: Desk, visit: Visit) -> Answer:
    return _list(desk, visit, Form())


def upload(desk: Desk, visit: Visit) -> Answer:
    posted = visit.files.get("file")
    problem = ""
    if posted is None or not posted.content:
        problem = visit.words["files_no_file"]
    elif len(posted.content) > BYTES_MAX:
        problem = visit.words["files_too_large"].format(megabytes=BYTES_MAX // 1024**2)
    if posted is None or problem:
        return _list(desk, visit, Form(visit.fields, {"file": problem}), 422)
    kept = uploads.keep(desk.world, visit.operator.pk, _said_of(visit, posted.name, posted.content))
    return desk.go(visit, f"{PATH}/new/{kept}")


def looked_at(desk: Desk, visit: Visit) -> Answer:
    found = uploads.get(desk.world, visit.operator.pk, visit.path["upload"])
    return _preview(desk, visit, found, _look(desk, found))


def decide(desk: Desk, visit: Visit) -> Answer:
    """Read otherwise, let go, or taken."""
    upload_id = visit.path["upload"]
    found = uploads.get(desk.world, visit.operator.pk, upload_id)
    do = visit.fields.get("do")
    if do == "discard":
        uploads.discard(desk.world, visit.operator.pk)
        return desk.go(visit, PATH, "done_file_discarded", kind="busy")
    if do == "read":
        said = _said_of(visit, found.name, found.content)
        uploads.keep(desk.world, visit.operator.pk, said, upload_id)
        return desk.go(visit, f"{PATH}/new/{upload_id}")
    return _take(desk, visit, found)


def one(desk: Desk, visit: Visit) -> Answer:
    taken = taken_files.get(desk.world, visit.path["file"])
    title = taken.file.original.name
    return desk.page(visit, "statement_file.html", title, taken=taken, proof_tone=_TONES)


def _take(desk: Desk, visit: Visit, found: Upload) -> Answer:
    """What is taken is what is read now: lines that came meanwhile are passed over."""
    look = _look(desk, found)
    reason = visit.fields.get("reason", "").strip() or None
    if isinstance(look, Unread):
        return _preview(desk, visit, found, look, 422)
    if look.damage is not None and visit.fields.get("do") != "take_partial":
        return _preview(desk, visit, found, look, 422)
    if look.is_held and reason is None:
        return _preview(desk, visit, found, look, 422, visit.words["files_reason_missing"])
    takings = take_file.put_down(desk.world, visit.actor, look.plans, reason)
    uploads.discard(desk.world, visit.operator.pk)
    place = f"{PATH}/{takings[0].file_id}"
    try:
        for taking in takings:
            for _ in take_file.take(desk.world, visit.actor, taking):
                pass
    except Refusal as refusal:
        return desk.go(visit, place, "done_file_refused", kind="bad", why=whole(visit.words, refusal))
    return desk.go(visit, place, "done_file_taken")


def _said_of(visit: Visit, name: str, content: bytes) -> Upload:
    given = {field: visit.fields.get(field, "").strip() for field in _SAID}
    return Upload(name, content, given["account"], given["encoding"], given["profile"])


def _look(desk: Desk, found: Upload) -> "Look | Unread":
    file = original(BytesIO(found.content), found.name)
    suggestion, reasons = found.profile, ()
    try:
        if not found.profile and file.format == Kind.csv:
            suggested = suggest(found.content[:SAMPLE_BYTES])
            suggestion, reasons = write_profile(suggested.profile).decode(), tuple(suggested.reasons)
        profile = parse_profile(suggestion.encode()) if suggestion else None
        read = statement_file.read(found.content, file.name, Hints(known_encoding(found.encoding), profile))
        find = take_file.called(found.account) if found.account else take_file.by_number
        plans = take_file.look(desk.world, file, read.drafts, find)
    except (UnreadableFile, ProfileError, Refusal) as error:
        return Unread(file, error, suggestion, reasons)
    return Look(file, plans, read.damage, suggestion, reasons)


def _list(desk: Desk, visit: Visit, form: Form, status: int = 200) -> Answer:
    page = max(1, whole_number(visit.first("page"), "page", 1))
    account = visit.first("account").strip() or None
    found, total = taken_files.page(desk.world, (page - 1) * FILES_AT_ONCE, FILES_AT_ONCE, account)
    return desk.page(
        visit, "statement_files.html", visit.words["files_title"], status, found=found, total=total, account=account,
        form=form, page=page, has_more=page * FILES_AT_ONCE < total, encodings=_ENCODINGS,
        megabytes=BYTES_MAX // 1024**2, proof_tone=_TONES,
    )  # fmt: skip


def _preview(
    desk: Desk, visit: Visit, found: Upload, look: "Look | Unread", status: int = 200, problem: str = ""
) -> Answer:
    unread = look if isinstance(look, Unread) else None
    return desk.page(
        visit, "statement_upload.html", visit.words["files_look"].format(name=found.name), status, upload=found,
        look=None if unread else look, unread=unread, said=unread and _why(visit, unread.error), problem=problem,
        damage=None if unread or isinstance(look, Unread) or look.damage is None else _why(visit, look.damage),
        place=f"{desk.root}/{PATH}/new/{quote(visit.path['upload'], safe='')}", encodings=_ENCODINGS,
        lines_shown_max=LINES_SHOWN_MAX, proof_tone=_TONES, form=Form(),
        suggestion=look.profile, reasons=look.reasons,
    )  # fmt: skip


def _why(visit: Visit, error: Exception) -> str:
    """In the page's language; the place in the file first."""
    words = visit.words
    if isinstance(error, Refusal):
        return whole(words, error)
    if isinstance(error, UnreadableFile):
        line = words["files_line"].format(line=error.line) if error.line is not None else None
        place = ", ".join(part for part in (line, error.element) if part)
        reason = told(words.language, error.reason)
        return f"{place}: {reason}" if place else reason
    return told(words.language, str(error))


_ENCODINGS = [(name, name) for name in ENCODINGS]
_TONES = {"proved": "good", "failed": "bad", "unproved": "busy"}
PAGES = (
    PortalPage(PATH, listed, upload, body_bytes_max=FORM_BYTES_MAX),
    PortalPage(f"{PATH}/new/{{upload}}", looked_at, decide, needs=Role.administrator),
    PortalPage(f"{PATH}/{{file}}", one),
)
