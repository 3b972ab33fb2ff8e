"""What of a push each of Sage's bank accounts has, as a sheet for the accountant who is to ignore it there."""

import csv
from collections.abc import Sequence
from io import StringIO

from bankfeeds.flows.trace import SentLines
from bankfeeds.web.reconciliation.sheet import plain

COLUMNS = ("listing", "bank account", "line", "date", "amount", "description", "counterparty", "reference")


def ignored(found: Sequence[SentLines]) -> str:
    """CSV with CRLF; a text that a spreadsheet would take for a formula is made plain."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for each in found:
        for line in each.lines:
            texts = (line.description, line.counterparty or "", line.reference or "")
            head = (plain(each.listing), plain(each.bank_account_id), plain(line.id))
            writer.writerow((*head, line.on.isoformat(), line.amount, *map(plain, texts)))
    return out.getvalue()
