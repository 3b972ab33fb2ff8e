"""The Sage user's part alone, against a running `bankfeeds dev`.

`python -m bankfeeds.demo.connect DETAILS CONNECTION_ID ONE_TIME_PASSWORD ACCOUNT_NAME CURRENCY START_DATE`
"""

import sys
from datetime import date
from pathlib import Path

import httpx2

from bankfeeds.demo import details
from bankfeeds.demo.pair import sandbox_of
from bankfeeds.demo.programs import DemoFailed
from bankfeeds.demo.sage_user import SageUser

_ARGUMENTS = 6
_TIMEOUT_S = 30.0


def connect(path: Path, connection_id: str, otp: str, account_name: str, currency: str, start_on: date) -> str:
    """The id of the bank account that Sage now has."""
    with httpx2.Client(timeout=_TIMEOUT_S, trust_env=False) as client:
        user = SageUser(client, sandbox_of(details.read(path)))
        user.sign_up("A company in Sage")
        link = user.connect_bank()
        picker = user.authorise(user.open_authorisation(link), connection_id, otp)
        user.pick(picker, account_name, start_on)
        return user.add_account(user.poll(link), currency, start_on).bank_account_id


def main(arguments: list[str]) -> int:
    if len(arguments) != _ARGUMENTS:
        sys.stderr.write((__doc__ or "").strip().splitlines()[-1] + "\n")
        return 2
    path, connection_id, otp, account_name, currency, start_on = arguments
    try:
        made = connect(Path(path), connection_id, otp, account_name, currency, date.fromisoformat(start_on))
    except (DemoFailed, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"Sage linked bank account {made}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
