"""The command line: every verb, its exit codes, and one clear line for everything that is refused."""

import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError, Parameter

from bankfeeds import __doc__ as about
from bankfeeds.app.refusals import NotStarted
from bankfeeds.cli.usage import WrongUsage
from bankfeeds.demo.programs import DemoFailed
from bankfeeds.domain.errors import Refusal
from bankfeeds.domain.statement_file import UnreadableFile
from bankfeeds.settings import WrongSetting
from bankfeeds.store.seal import SealBroken

DONE, REFUSED, WRONG = 0, 1, 2

app = App(
    name="bankfeeds",
    help=about or "",
    version_flags=["--version"],
    default_parameter=Parameter(negative=()),
    result_action="return_value",
)
_VERBS = {
    "serve": ("serving:serve", "Run the platform until it is told to stop."),
    "record": ("serving:record", "Run the platform, and keep a redacted transcript of its calls with Sage."),
    "migrate": ("serving:migrate", "Bring the database to the schema of this program."),
    "keys": ("keys:app", "API keys: made, listed, revoked."),
    "reseal": ("resealing:reseal", "Seal every secret anew with the first secret key, so that the others can go."),
    "operators": ("operators:app", "Operators: the people who work in the portal."),
    "listings": ("listings:app", "Listings: the institution as each Sage region lists it."),
    "integration": ("integration:app", "The integration with Sage: on or off, its links, its looks."),
    "webhooks": ("webhooks:app", "Webhooks: who is told of what happens, and what became of each event."),
    "import": ("importing:import_", "Take the lines of bank statement files."),
    "import-codat": (
        "importing_codat:import_codat",
        "Bring over companies, connections and accounts of another Codat-compatible server.",
    ),
    "watch": ("watching:watch", "Take the statement files that are put into a folder."),
    "files": ("files:files", "Statement files that were taken, and what became of each."),
    "csv-profile": ("importing:csv_profile", "Suggest how a bank's CSV file is to be read."),
    "feeds": ("feeds:app", "Feeds: how each stands; resume, skip a line, send lines again."),
    "pause": ("pausing:pause", "Stop deliveries; accepting goes on."),
    "resume": ("pausing:resume", "Let deliveries go on."),
    "accounts": ("accounts:app", "Source accounts: have one authorised again; set its cut-over."),
    "doctor": ("doctor:doctor", "Say what is wrong, why, and what to do."),
    "support-bundle": ("supporting:support_bundle", "Write what Sage's support needs of one account, redacted."),
    "export": ("exporting:export", "Write everything that is the institution's own into a file."),
    "erase": ("erasing:erase", "Erase what is known of people; the ledger of their lines stays."),
    "backup": ("backing_up:backup", "Copy the whole database into a file, while it is at work."),
    "restore": ("backing_up:restore", "Make a new database of a backup."),
    "verify": ("backing_up:verify", "Accounts that are verified after a restore: begin, list, end."),
    "late": ("late:app", "Late lines: those that wait for somebody to present or drop them."),
    "quarantine": ("quarantine:app", "Quarantine: pushes held before they are sent; released, or dropped."),
    "trace": ("quarantine:trace", "Tell which push and file brought a line, and what became of it."),
    "reconcile": ("reconciling:reconcile", "Prove balances: what was sent, what Sage has, what the bank states."),
    "balances": ("reconciling:balances", "State the institution's own closing balances, for `reconcile`."),
    "assumptions": ("assuming:assumptions", "What we assume of Sage where nothing public says so."),
    "demo": ("showing:demo", "Send a bank statement through the platform into the Sage sandbox."),
    "dev": ("showing:dev", "Run the platform and the Sage sandbox, wired together."),
}
for _name, (_where, _help) in _VERBS.items():
    app.command(f"bankfeeds.cli.{_where}", name=_name, help=_help)


def run(arguments: Sequence[str]) -> int:
    """The exit code: 0 done, 1 refused or unhealthy, 2 wrong usage."""
    try:
        code = app(arguments, exit_on_error=False, print_error=False)
    except (WrongSetting, WrongUsage) as error:
        return _say(str(error), WRONG)
    except CycloptsError as error:
        return _say(" ".join(str(error).split()), WRONG)
    except Refusal as refusal:
        return _say(refusal.message, REFUSED)
    except (DemoFailed, NotStarted, SealBroken, UnreadableFile) as error:
        return _say(str(error), REFUSED)
    return code if isinstance(code, int) else DONE


def _say(words: str, code: int) -> int:
    sys.stderr.write(words + "\n")
    return code
