"""What we assume of Sage where its public pages say nothing, or two things: one row each, with where it can be changed.

`where` is a setting (`BANKFEEDS_…`), a listing's field (`listings.…`) or a place in the program (`module:name`); a test
checks that each exists, and that docs/explanation/what-we-assume-of-sage.md says the same.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Assumption:
    """`evidence` names the sections of our reconstruction of Sage's contract and what they rest on."""

    question: str
    where: str
    default: str
    risk: str
    evidence: str


ASSUMPTIONS: tuple[Assumption, ...] = (
    Assumption(
        "In which unit are amounts, balances and control sums?",
        "listings.amount_unit",
        "minor units (whole numbers)",
        "a hundredfold error in customers' books; production delivers nothing until an operator confirms it",
        "6.3: Sage's exchange-rate page says minor units and shows an example that reads like major ones",
    ),
    Assumption(
        "At which time of the day is a line posted?",
        "bankfeeds.sage.translate:POSTED_TIME",
        "10:00 UTC, the same calendar day from Honolulu to Auckland",
        "lines a day early or late in products that show the date in local time",
        "6.3: datePosted is a date-time in the collection; its time zone is not discussed",
    ),
    Assumption(
        "Which transaction types does Sage take?",
        "bankfeeds.sage.translate:transaction_type",
        "the OFX set, as Sage Intacct lists it; unknown ones by the amount's sign",
        "a statement with a type that Sage does not know is refused and its feed parks",
        "6.3 (inferred); CREDIT and DEBIT are the only ones seen in Sage's own examples",
    ),
    Assumption(
        "Which words say that a statement is finished?",
        "bankfeeds.sage.destination:DONE_WORDS",
        "complete, completed, success, successful, processed",
        "a finished statement is taken for one still processing: its feed waits and asks on",
        "6.4 (inferred): the literals are not public",
    ),
    Assumption(
        "Which words say that a statement failed?",
        "bankfeeds.sage.destination:FAILED_WORDS",
        "fail, failed, error, rejected, invalid",
        "a failed statement is taken for one still processing: its feed waits and asks on",
        "6.4 (inferred)",
    ),
    Assumption(
        "How does Sage write its errors?",
        "bankfeeds.sage.problems:read_problems",
        "errors: [{code, message, path}], the path naming the line",
        "refusals that name no line are narrowed by halving: slower, never wrong",
        "6.6 (inferred): no error schema is public",
    ),
    Assumption(
        "How does Sage say that it has a transaction already?",
        "bankfeeds.sage.problems:read_statement",
        "a code (or, without one, a message) with “duplicat”, one error for each line",
        "a statement that landed behind a lost answer is bisected instead of recognised at once",
        "6.3 and 10.2 step 7: a duplicate error for all ids means the earlier one landed (inferred)",
    ),
    Assumption(
        "Is a transaction id refused once it was sent, or once it was stored?",
        "bankfeeds.flows.settle:settle",
        "stored: a failed statement stores nothing",
        "after a failed statement its good lines would be refused as known, marked so, and be missing in Sage",
        "17 no. 24: otherwise no failed statement could ever be corrected",
    ),
    Assumption(
        "What does 409 on a statement mean?",
        "bankfeeds.sage.destination:SageDestination",
        "another statement is in flight: wait, unless the code speaks of a cancelled account",
        "a permanent 409 of another meaning would be waited for",
        "6.6 (inferred)",
    ),
    Assumption(
        "What does 404 or 410 on a statement mean?",
        "bankfeeds.flows.settle:settle",
        "the bank account is gone; an account query must agree before the feed is closed",
        "a feed that goes on asking",
        "6.6, 10.5 (inferred)",
    ),
    Assumption(
        "Which status does POST /v1/statements answer?",
        "bankfeeds.sage.destination:SageDestination",
        "any 2xx whose body has data._id",
        "an answer without id counts as unknown and the statement is offered again",
        "6.3: only data._id is evidenced; the code is inferred",
    ),
    Assumption(
        "Is `expected` checked, and does the debit sum keep its sign?",
        "bankfeeds.sage.translate:statement_body",
        "yes; the debit sum is negative",
        "every statement refused",
        "6.3: the collection sends -100",
    ),
    Assumption(
        "Does principalId of a statement mean the bank account?",
        "bankfeeds.sage.translate:statement_body",
        "yes",
        "every statement refused",
        "6.3: the collection always sends the bankAccountId",
    ),
    Assumption(
        "How many transactions go into one statement?",
        "bankfeeds.flows.context:Limits",
        "1,000",
        "larger statements refused and halved until they fit",
        "6.3: 1,000; older pages say 100",
    ),
    Assumption(
        "How old may a line be beside the newest of its statement?",
        "bankfeeds.domain.feed:AGE_SPREAD",
        "14 days, within one statement",
        "old backfill refused if the rule means the stored history",
        "6.3, 17 no. 8: a requirement in an older text, recommended in a newer one",
    ),
    Assumption(
        "How many requests a second may we make?",
        "bankfeeds.flows.context:Limits",
        "10, for each listing",
        "429 and slower delivery",
        "6: agreed beforehand, 10 by default",
    ),
    Assumption(
        "Does a statement without lines activate a new bank account?",
        "bankfeeds.flows.deliver:prepare",
        "we send one soon after linking; nothing depends on it",
        "the account stays pending in Sage until its first line",
        "9.2, 17 no. 11 (inferred)",
    ),
    Assumption(
        "Which literal reports that the user refused?",
        "bankfeeds.sage.translate:REFUSED",
        "failure",
        "Sage shows the user an error instead of an end",
        "6.2, 17 no. 4: only success is seen",
    ),
    Assumption(
        "What does PATCH authorisations answer?",
        "bankfeeds.sage.destination:SageDestination",
        "2xx done, 404 unknown, 409 used, 410 expired",
        "a user has to start again",
        "6.2 (inferred)",
    ),
    Assumption(
        "Which accounts does a re-authorisation report?",
        "bankfeeds.sage.translate:authorisation_body",
        "none: the member is left out",
        "a re-authorisation refused",
        "6.2: three sources, three readings",
    ),
    Assumption(
        "What is bankIdentifier?",
        "bankfeeds.flows.offered:offered",
        "the customer at this institution: our company id, the same for all its accounts",
        "multi-account linking does not find the other accounts",
        "1: the dedicated page is explicit, another page begins otherwise",
    ),
    Assumption(
        "What is branchIdentifier?",
        "bankfeeds.domain.source_account:SourceAccount",
        "the sort or bank code, left out where there is none",
        "the picker or the product shows it wrongly",
        "5.4, 6.2: unread",
    ),
    Assumption(
        "Which token does Sage send on its calls, and who checks it?",
        "bankfeeds.sage.jwks:JwksVerifier",
        "RS256, keys published by the token service; issuer and audience if the listing names them",
        "notifications refused, or accepted from a token for somebody else",
        "3.2 (inferred)",
    ),
    Assumption(
        "Who may be named as token issuer and audience?",
        "listings.connector_issuer",
        "not checked until the listing names them",
        "a token of Sage's meant for another provider passes; the registered header does not",
        "3.2: an audience agreed with Sage (inferred)",
    ),
    Assumption(
        "Does availableaccounts carry the header and the token?",
        "bankfeeds.web.sage.routes:routes",
        "yes, both",
        "multi-account linking fails with 401",
        "3.2, 17 no. 13 (inferred)",
    ),
    Assumption(
        "What makes a notification a repeat?",
        "bankfeeds.flows.notifications:receive",
        "the same type, resource type and resource id",
        "a second event of the same kind for one resource would be dropped",
        "5.1 (inferred)",
    ),
    Assumption(
        "What does requestedStartDate mean?",
        "bankfeeds.domain.transaction:parse_day",
        "the calendar day as written, its time and zone ignored",
        "one day more or less of history",
        "8 N2: an instant in the example; the user chooses a day",
    ),
    Assumption(
        "Does a missing requestedStartDate come later?",
        "bankfeeds.flows.settle:settle",
        "nothing is sent until an account query tells it",
        "a feed that waits",
        "8, 6.5 (inferred)",
    ),
    Assumption(
        "Which bank account does an account query answer of several?",
        "bankfeeds.flows.recover:check_reported",
        "the latest that is not cancelled",
        "a missed notification for an older link is not recovered",
        "6.5, 17 no. 19 (inferred)",
    ),
    Assumption(
        "When has Sage given a notification up?",
        "bankfeeds.flows.recover:CHECKS",
        "after 15 minutes; we ask at 16 minutes, then ever more rarely for a week",
        "a link that shows up late",
        "5.1: linear back-off for about 15 minutes",
    ),
    Assumption(
        "How does Sage read the answer of auth?",
        "bankfeeds.web.sage.routes:routes",
        "a script that sends the browser on, and a plain link, embedded in Sage's page",
        "the user sees a link to click",
        "5.2: documented for authrefresh; the same for auth is inferred",
    ),
    Assumption(
        "Which value goes back as state?",
        "bankfeeds.flows.session:session",
        "the state received; the institution's own web app is given it as authorizationId",
        "the user is not recognised on return",
        "5.2: Sage's page says state, Codat's the authorisation id",
    ),
    Assumption(
        "Where may a user be sent back to?",
        "BANKFEEDS_REDIRECT_HOSTS",
        "*.sagebankdrive.com, *.sage.com, *.intacct.com, *.sageone.com",
        "a new Sage host is refused until it is added",
        "2: hosts have changed before",
    ),
    Assumption(
        "What is `bankaccount` of authrefresh?",
        "bankfeeds.web.sage.routes:routes",
        "not used: externalId decides",
        "none",
        "5.3: two readings",
    ),
    Assumption(
        "Is authrefresh a GET or a POST?",
        "bankfeeds.web.sage.routes:routes",
        "both are answered",
        "none",
        "5.3: GET in all sources but one",
    ),
    Assumption(
        "Which country code does bank sync take?",
        "bankfeeds.sage.translate:country_alpha3",
        "alpha-3",
        "registration refused",
        "6.1: alpha-3 in the collection, alpha-2 in the docs",
    ),
    Assumption(
        "Is `data` of bank sync an object or an array?",
        "bankfeeds.sage.translate:bank_sync_body",
        "an object",
        "registration refused",
        "6.1: the collection against the docs",
    ),
    Assumption(
        "How long is text?",
        "bankfeeds.domain.transaction:TextLimits",
        "255 characters; longer text is cut with a warning on the push, a longer id is refused",
        "a statement refused, narrowed, and a feed parked",
        "17 no. 6 (inferred)",
    ),
    Assumption(
        "How is a failed synchronisation reported?",
        "BANKFEEDS_REPORT_SYNC_FAILURES",
        "not at all; when on, POST /v1/sync with status, reason and time, once a parked feed",
        "a report that Sage does not take is lost; nothing depends on it",
        "6.7: one page names the call; its path prefix, authentication and bank account are unknown",
    ),
    Assumption(
        "Where do Sage's calls come from?",
        "bankfeeds.web.sage.routes:routes",
        "anywhere: the header and the token decide",
        "none known",
        "3.2: no list of addresses is public",
    ),
)


def render() -> str:
    """The page docs/explanation/what-we-assume-of-sage.md, whole."""
    rows = "\n".join(f"| {a.question} | `{a.where}` | {a.default} | {a.risk} | {a.evidence} |" for a in ASSUMPTIONS)
    return f"""# What we assume of Sage

Sage's Banking Service has no public reference for everything a provider meets. Where its pages are silent or
disagree, we took the most plausible reading, put it in one place, and wrote it down here. `bankfeeds assumptions`
prints this list, and with `--write` this page. Confirm each with Sage's enablement engineer before going live.

| Question | Where it is decided | What we assume | If it is wrong | Evidence (section of our contract notes) |
| --- | --- | --- | --- | --- |
{rows}
"""
