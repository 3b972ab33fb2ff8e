"""The ids of lines from sources that give none: stable from file to file, scoped to the account.

The account is what `scope` makes of the one the file names: for lines that go into a source account its external id,
however a format may write the number; elsewhere the number as written.

The rule, for each entry of an account (scope and currency) on a booking day, over the whole file:

1. **The bank's own reference**, where it says which entry is meant: the id stands for (account, currency,
   day, amount, bank reference), if that is unique on the day. The text is left out on purpose, since banks
   word the same entry differently from format to format. The day and amount are in, because banks restart
   references daily and give a payment and its fee the same one.
2. **Otherwise the content**: no bank reference, a placeholder such as NONREF, or one that several entries
   of the same day and amount share. The id stands for (account, currency, day, amount, bank reference,
   fingerprint of all text and references as written, n), where n counts entries alike in all of these on
   that day: two equal coffees on one day are two lines, and are the same two lines in the next file.

So the same line has the same id in every file that holds its whole day, whatever other days the file holds
and in whatever order. A file that ends in the middle of a day can number equal lines differently from a
later, fuller one; camt.053 and MT940 statements hold whole days.

Changing this rule, or what a reader puts in a fingerprint, makes every line new: it would be delivered again.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from itertools import chain

from bankfeeds.domain.statement_file import Entry, FileAccount, StatementDraft

ID_LENGTH = 32
_PLACEHOLDERS = frozenset({"NONREF", "NOREF", "NOTPROVIDED", "NOTAVAILABLE", "NA", "N/A", "NONE", "0"})


def is_placeholder(reference: str) -> bool:
    """True for what banks write where there is no reference."""
    return reference.replace(" ", "").upper() in _PLACEHOLDERS


def digest(parts: Iterable[str]) -> str:
    """32 hexadecimal digits for these texts, in this order; no two lists of texts run together."""
    return _hashed("".join([f"{len(part)}:{part}" for part in parts]))


Scope = Callable[[FileAccount], str]
"""What the ids of an account's lines are made within."""


def line_ids(drafts: Sequence[StatementDraft], scope: Scope) -> list[list[str]]:
    """For each draft the ids of its entries, in the entries' own order."""
    within = [_Within(scope(draft.account), draft.account.currency) for draft in drafts]
    named = [list(map(of.by_reference, draft.entries)) for of, draft in zip(within, drafts, strict=True)]
    uses = Counter(chain.from_iterable(named))
    occurrences: Counter[str] = Counter()
    return [
        [
            by_reference if by_reference and uses[by_reference] == 1 else of.by_content(entry, occurrences)
            for entry, by_reference in zip(draft.entries, listed, strict=True)
        ]
        for of, draft, listed in zip(within, drafts, named, strict=True)
    ]


class _Within:
    """The ids of one account's entries. What `digest` would join is joined here part by part, in half the time."""

    def __init__(self, scope: str, currency: str) -> None:
        account = f"{len(scope)}:{scope}{len(currency)}:{currency}"
        self._content, self._reference = f"7:content{account}", f"9:reference{account}"

    def by_reference(self, entry: Entry) -> str | None:
        """None where the bank gives none."""
        reference = entry.bank_reference
        if not reference or is_placeholder(reference):
            return None
        return _hashed(f"{self._reference}{_day_and_amount(entry)}{len(reference)}:{reference}")

    def by_content(self, entry: Entry, occurrences: Counter[str]) -> str:
        """Counts it."""
        reference, fingerprint = entry.bank_reference or "", entry.fingerprint
        told = f"{len(reference)}:{reference}{len(fingerprint)}:{fingerprint}"
        content = _hashed(f"{self._content}{_day_and_amount(entry)}{told}")
        occurrences[content] += 1
        count = str(occurrences[content])
        return _hashed(f"{len(content)}:{content}{len(count)}:{count}")


def _day_and_amount(entry: Entry) -> str:
    """The amount without trailing zeros: 8.850 in one file is 8.85 in another."""
    amount = str(entry.amount)
    if "E" in amount:
        amount = format(entry.amount.normalize(), "f")
    elif "." in amount:
        amount = amount.rstrip("0").rstrip(".")
    return f"10:{entry.date.isoformat()}{len(amount)}:{amount}"


def _hashed(joined: str) -> str:
    return sha256(joined.encode()).hexdigest()[:ID_LENGTH]
