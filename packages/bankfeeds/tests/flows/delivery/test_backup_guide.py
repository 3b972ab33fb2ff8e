"""The guide to backups: every command as it stands, in order, by the program itself."""

import re
import shlex
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from guides import following

from bankfeeds.domain.errors import Invalid
from bankfeeds.flows import verify

from .operators import ANN, DAYS, WHY
from .test_operators_guide import on_sqlite, verb

PAGE = (Path(__file__).parents[5] / "docs/guides/back-up-and-restore.md").read_text(encoding="utf-8")
(SHOWN,) = [" ".join(block.split()) for block in re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)]


@on_sqlite
@pytest.mark.slow
def test_every_command_works_in_order(platform: Any, make_lines: Any, tmp_path: Path) -> None:
    platform.clock.now = datetime.now(UTC)  # the program goes by the real one
    platform.link()
    platform.push(*make_lines(*DAYS[:3]))
    file = tmp_path / "monday.backup"
    elsewhere = {"BANKFEEDS_DATABASE_URL": f"sqlite:///{tmp_path / 'restored.db'}"}
    with following("docs/guides/back-up-and-restore.md", "console") as guide:
        for command in guide.steps():
            arguments = [str(file) if word == file.name else word for word in shlex.split(command)[1:]]
            done = verb(platform, *arguments, **({} if arguments[0] == "backup" else elsewhere))
            assert done.returncode == 0, command + done.stdout + done.stderr


@on_sqlite
def test_the_refusal_is_the_one_that_is_shown(platform: Any, make_lines: Any) -> None:
    platform.link()
    stored = make_lines(*DAYS[:2], "2026-03-01")
    stored[-1].balance = Decimal("997.00")
    platform.push(*stored)
    verify.begin(platform.world, ANN, platform.clock() - timedelta(hours=8), WHY)
    with pytest.raises(Invalid) as refused:
        platform.push(*make_lines("2026-03-02", start=9))
    assert SHOWN in str(refused.value)
