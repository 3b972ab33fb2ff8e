"""Statement files in archives: read as they stand, and refused within limits where an archive is a trap."""

import contextlib
import gzip
import random
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from bankfeeds.domain.statement_file import UnreadableFile
from bankfeeds.readers import Hints, Limits, read_drafts

from .documents import OWN_SAMPLE
from .swift import message

CAMT = OWN_SAMPLE.read_bytes()
LIMITS = Limits()


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def refusal(content: bytes, limits: Limits = LIMITS) -> str:
    with pytest.raises(UnreadableFile) as caught:
        list(read_drafts(BytesIO(content), "bank.zip", limits))
    return str(caught.value)


@pytest.mark.parametrize("pack", [gzip.compress, lambda content: zipped(("day/one.xml", content))])
def test_a_packed_file_is_read_like_the_file_itself(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    plain = list(read_drafts(BytesIO(CAMT), "one.xml"))
    assert list(read_drafts(BytesIO(pack(CAMT)), "one.xml")) == plain
    path = tmp_path / "one.xml.gz"
    path.write_bytes(pack(CAMT))
    assert list(read_drafts(path)) == plain


def test_every_file_of_an_archive_is_read_in_the_order_of_their_names() -> None:
    both = zipped(
        ("2.sta", message().encode()),
        ("1.xml", CAMT),
        ("__MACOSX/._1.xml", b"x"),
        ("empty/", b""),
    )
    drafts = list(read_drafts(BytesIO(both), "bank.zip"))
    assert len(drafts) == len(list(read_drafts(BytesIO(CAMT), "1.xml"))) + 1
    assert len(drafts[0].entries) == 24


def test_what_is_wrong_in_a_file_of_an_archive_is_told_with_its_name_and_place() -> None:
    broken = CAMT.replace(b"</Ntry>", b"", 1)
    told = refusal(zipped(("good.xml", CAMT), ("worse.xml", broken)))
    assert told.startswith("bank.zip/worse.xml, line ")
    assert refusal(zipped(("inner.zip", zipped(("one.xml", CAMT))))).startswith(
        "bank.zip/inner.zip: this is a zip archive"
    )
    assert refusal(gzip.compress(gzip.compress(CAMT))).startswith("bank.zip: this is a gzip archive")


def test_an_archive_with_nothing_in_it_or_too_much_is_refused() -> None:
    assert "the archive is empty" in refusal(zipped())
    assert "the archive is empty" in refusal(zipped(("only/", b"")))
    few = replace(LIMITS, members_max=2)
    assert "it has 3 members; at most 2" in refusal(zipped(*((f"{n}.xml", CAMT) for n in range(3))), few)
    small = replace(LIMITS, file_bytes_max=2 * len(CAMT) - 1)
    assert "at most" in refusal(zipped(("1.xml", CAMT), ("2.xml", CAMT)), small)
    assert "unpacks to more than" in refusal(gzip.compress(CAMT), replace(LIMITS, file_bytes_max=len(CAMT) - 1))
    lines = replace(LIMITS, lines_max=30)
    assert "more than 30 lines in all" in refusal(zipped(("1.xml", CAMT), ("2.xml", CAMT)), lines)


@pytest.mark.parametrize("pack", [gzip.compress, lambda content: zipped(("bomb.csv", content))])
def test_a_bomb_is_refused_in_little_memory(pack: Callable[[bytes], bytes]) -> None:
    bomb = pack(b"date;amount\n" + b"0" * 100_000_000)
    assert len(bomb) < 200_000
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableFile):
            list(read_drafts(BytesIO(bomb), "bank.zip", hints=Hints()))
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_a_bomb_that_looks_like_a_statement_is_refused_by_its_ratio() -> None:
    comment = b"<!-- " + b" " * 100_000 + b"-->\n"
    assert "times its size" in refusal(gzip.compress(CAMT.replace(b"<Stmt>", comment * 300 + b"<Stmt>", 1)))


def test_members_that_share_their_bytes_are_refused() -> None:
    """A made-up directory of two names for the same member: how a few kilobytes unpack to petabytes."""
    content = bytearray(zipped(("a.xml", CAMT), ("b.xml", CAMT)))
    second = content.index(b"PK\x01\x02", content.index(b"PK\x01\x02") + 4)
    content[second + 42 : second + 46] = (0).to_bytes(4, "little")
    assert "its members overlap" in refusal(bytes(content))


def test_an_encrypted_member_and_a_method_that_takes_much_memory_are_refused() -> None:
    content = bytearray(zipped(("a.xml", CAMT)))
    directory = content.index(b"PK\x01\x02")
    content[directory + 8] |= 1
    assert "it is encrypted" in refusal(bytes(content))
    assert "another method than deflate" in refusal(zipped(("a.xml", CAMT), method=zipfile.ZIP_LZMA))


def test_a_size_that_lies_and_contents_that_are_damaged_are_refused() -> None:
    content = bytearray(zipped(("a.xml", CAMT)))
    directory = content.index(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = (10).to_bytes(4, "little")
    assert refusal(bytes(content)).startswith("bank.zip")
    packed = gzip.compress(CAMT)
    assert "the archive is damaged" in refusal(packed[: len(packed) // 2])
    assert "the archive is damaged" in refusal(packed[:-8] + b"\0" * 8)


@pytest.mark.parametrize("pack", [gzip.compress, lambda content: zipped(("one.xml", content))])
def test_any_byte_may_be_wrong_and_it_is_read_or_refused(pack: Callable[[bytes], bytes]) -> None:
    packed = pack(CAMT)
    chance = random.Random(7)
    for _ in range(300):
        spoilt = bytearray(packed)
        spoilt[chance.randrange(len(packed))] ^= 1 << chance.randrange(8)
        with contextlib.suppress(UnreadableFile):
            list(read_drafts(BytesIO(bytes(spoilt)), "bank.zip"))


def test_deflate_itself_packs_no_more_than_the_bound_is_for() -> None:
    """A thousand to one is what deflate can do; a bank's own files come to far less."""
    assert len(CAMT) / len(zlib.compress(CAMT, 9)) < LIMITS.ratio_max / 4
