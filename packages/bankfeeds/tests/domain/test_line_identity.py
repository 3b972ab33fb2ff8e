"""Ids of lines are for ever: the rule as its document tells it, written out, against the program's shorter ways."""

from collections import Counter
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bankfeeds.domain.line_identity import digest, is_placeholder, line_ids
from bankfeeds.domain.statement_file import Entry, FileAccount, StatementDraft

amounts = st.one_of(
    st.decimals(min_value=-(10**15), max_value=10**15, places=2),
    st.builds(
        lambda digits, exponent: Decimal(digits).scaleb(exponent), st.integers(-(10**6), 10**6), st.integers(-6, 6)
    ),
    st.sampled_from([Decimal("-0.00"), Decimal(0), Decimal("0E+3"), Decimal(100), Decimal("8.850")]),
)
texts = st.sampled_from(["", "a", "NONREF", "not provided", "1:a", "é"])
entries = st.builds(
    lambda on, amount, reference, text: Entry(
        on, amount, "text", None, None, "Debit", reference or None, digest([text])
    ),
    st.dates(date(2026, 1, 1), date(2026, 1, 3)),
    amounts,
    texts,
    texts,
)
drafts = st.lists(
    st.builds(
        lambda number, currency, found: StatementDraft(
            "S", FileAccount(number, False, currency), None, None, tuple(found)
        ),
        st.sampled_from(["1", "22"]),
        st.sampled_from(["GBP", ""]),
        st.lists(entries, max_size=6),
    ),
    max_size=4,
)


def by_the_rule(drafts: list[StatementDraft]) -> list[list[str]]:
    def of(draft: StatementDraft, entry: Entry) -> tuple[str, ...]:
        amount = format(entry.amount.normalize(), "f")
        return f"account {draft.account.id}", draft.account.currency, entry.date.isoformat(), amount

    def named(draft: StatementDraft, entry: Entry) -> str | None:
        if not entry.bank_reference or is_placeholder(entry.bank_reference):
            return None
        return digest(("reference", *of(draft, entry), entry.bank_reference))

    uses = Counter(named(draft, entry) for draft in drafts for entry in draft.entries)
    seen: Counter[str] = Counter()
    result: list[list[str]] = []
    for draft in drafts:
        ids: list[str] = []
        for entry in draft.entries:
            name = named(draft, entry)
            if name is None or uses[name] > 1:
                content = digest(("content", *of(draft, entry), entry.bank_reference or "", entry.fingerprint))
                seen[content] += 1
                name = digest((content, str(seen[content])))
            ids.append(name)
        result.append(ids)
    return result


@given(drafts)
def test_ids_are_those_of_the_rule(found: list[StatementDraft]) -> None:
    assert line_ids(found, lambda account: f"account {account.id}") == by_the_rule(found)
