"""The page of deviations names every code that the sandbox refuses with, and settings that exist."""

import ast
import re
from pathlib import Path

import msgspec

import sage_sandbox
from sage_sandbox.settings import Settings

PAGE = (Path(__file__).parents[3] / "docs/reference/sandbox-deviations.md").read_text()
SOURCE = Path(sage_sandbox.__file__).parent
OF_SAGE = [*SOURCE.glob("*.py"), *(SOURCE / "calls").glob("*.py")]
NAMES = {"refuse", "Problem", "Rule", "GatewayRefusal"}


def codes():
    """Every literal code in a refusal, a problem or a rule of what Sage answers."""
    for path in OF_SAGE:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in NAMES:
                for argument in node.args:
                    if isinstance(argument, ast.Constant) and re.fullmatch("[A-Z][A-Z_]+", str(argument.value)):
                        yield argument.value


def test_every_code_is_explained():
    found = set(codes())
    assert {"EXPECTED_MISMATCH", "THROTTLE", "NOT_A_LIST"} <= found
    assert [code for code in sorted(found) if f"`{code}`" not in PAGE] == []


def test_every_setting_that_is_named_exists():
    known = {field.encode_name for field in msgspec.structs.fields(Settings)}
    named = set(re.findall(r"`([a-z]+[A-Z]\w*)`", PAGE))
    apart = {"authRequired", "bankIdentifier", "principalId", "principalID", "bankId"}
    assert named - apart <= known
    assert len(named & known) > 15
