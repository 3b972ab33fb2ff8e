"""Every switch of the sandbox: its name, its type, its default, what it does, which open question it answers."""

from typing import Annotated, Literal, NamedTuple

import msgspec

Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=3_600_000)]
Seconds = Annotated[int, msgspec.Meta(ge=1, le=31_536_000)]

OFX_TYPES = (
    "CREDIT",
    "DEBIT",
    "INT",
    "DIV",
    "FEE",
    "SRVCHG",
    "DEP",
    "ATM",
    "POS",
    "XFER",
    "CHECK",
    "PAYMENT",
    "CASH",
    "DIRECTDEP",
    "DIRECTDEBIT",
    "REPEATPMT",
    "OTHER",
)


class Settings(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    auto_pick_account: bool = False
    auto_return: bool = False
    processing_ms: Milliseconds = 500
    requests_per_second: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 10
    strict_order: bool = False
    pending_confirmation: bool = False
    state_equals_authorisation_id: bool = False
    authorisation_seconds: Seconds = 1200
    token_seconds: Seconds = 28_800
    consumer_token_seconds: Seconds = 1200
    poll_period_ms: Milliseconds = 5000
    notification_retry_seconds: Seconds = 30
    notification_window_seconds: Seconds = 900
    notification_delay_ms: Milliseconds = 0
    notification_copies: Annotated[int, msgspec.Meta(ge=1, le=10)] = 1
    announced_on: Literal["link", "page"] = "link"
    redirect_query: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_.~%=&-]*$", max_length=200)] = ""
    reauth_method: Literal["GET", "POST"] = "GET"
    principal_id_name: Literal["principalId", "principalID"] = "principalId"
    remove_banks: bool = True
    statement_lines_max: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 1000
    future_dates: Literal["warn", "refuse", "accept"] = "warn"
    transaction_id_gap: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0
    amount_unit: Literal["minor", "major"] = "minor"
    statement_words: Literal["completed", "successful"] = "completed"
    error_form: Literal["errors", "message"] = "errors"
    failure_words: tuple[str, ...] = ("failure", "failed", "error", "cancelled")
    patch_status: Literal[200, 204] = 200
    patch_repeat_status: Literal[409, 200] = 409
    patch_expired_status: Literal[410, 404] = 410
    statement_status: Literal[201, 200, 202] = 201
    also_required: tuple[str, ...] = ("description",)
    transaction_types: tuple[str, ...] = OFX_TYPES
    text_length_max: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 255
    text_length_strict: bool = False
    expected_required: bool = True
    strict_dates: bool = False
    strict_dates_scope: Literal["stored", "statement"] = "stored"
    history_duplicates: Literal["async", "sync"] = "async"
    provider_may_cancel: bool = False
    active_activates_pending: bool = True
    active_clears_auth_required: bool = False
    outgoing_address: str = ""
    available_accounts_auth: Literal["headerAndToken", "header", "none"] = "headerAndToken"
    notification_audience: str = ""
    notification_issuer: str = ""
    connector_timeout_ms: Annotated[int, msgspec.Meta(ge=1, le=600_000)] = 10_000
    connector_follows_redirects: bool = False
    candidate_notification: Literal["likeN2", "externalIdOnly"] = "likeN2"
    reauth_bankaccount: Literal["bankAccountId", "bankId"] = "bankAccountId"
    sync_endpoint: bool = True
    get_banks: bool = True
    put_banks: bool = False
    shared_accounts: bool = True
    account_query: Literal["latest", "first"] = "latest"
    post_while_auth_required: bool = True
    before_start_date: Literal["warn", "refuse", "filter"] = "warn"
    currency_fallback: Annotated[str, msgspec.Meta(pattern="^([A-Z]{3})?$")] = ""
    redirect_host: str = ""
    duplicate_scope: Literal["stored", "sent"] = "stored"


class Entry(NamedTuple):
    """A row of the reference: the open question of the contract's section 17 it answers (0: none)."""

    name: str
    question: int
    meaning: str


REFERENCE: tuple[Entry, ...] = (
    Entry("autoPickAccount", 0, "the first account offered is picked; no page is needed"),
    Entry(
        "autoReturn", 0, "a successful PATCH counts as the browser's return; the provider is asked for its page at once"
    ),
    Entry("processingMs", 0, "how long a statement is processed after it was taken; half of it `pending`"),
    Entry("requestsPerSecond", 0, "Provider API throttle for each provider, over a sliding second; 0 turns it off"),
    Entry("strictOrder", 0, "a line dated before its predecessor or before the newest stored fails the statement"),
    Entry(
        "pendingConfirmation", 0, "a new bank account waits, unannounced, for `POST /admin/bankaccounts/{id}/confirm`"
    ),
    Entry("stateEqualsAuthorisationId", 0, "`state` is the authorisation id, which hides a provider's mistakes"),
    Entry("authorisationSeconds", 0, "lifetime of an authorisation"),
    Entry("tokenSeconds", 0, "lifetime of a Cloud ID token"),
    Entry("consumerTokenSeconds", 0, "lifetime of a company's token"),
    Entry("pollPeriodMs", 0, "the `pollPeriod` told to the product; polling sooner is allowed"),
    Entry("notificationRetrySeconds", 0, "step of the linear back-off: the n-th retry waits n times as long"),
    Entry("notificationWindowSeconds", 0, "a notification not answered 2xx for so long is given up"),
    Entry("notificationDelayMs", 0, "every notification is sent so much later"),
    Entry("notificationCopies", 0, "every notification is sent so many times"),
    Entry("announcedOn", 0, "when the provider hears of an authorisation: with the link, or when the page is opened"),
    Entry("redirectQuery", 0, "a query that redirect_uri has already, such as `e2e=1`; it must come back"),
    Entry("reauthMethod", 0, "how authrefresh is called; Sage's pages name both"),
    Entry("principalIdName", 0, "spelling of a bank's id in answers to bank sync; Sage's pages have both"),
    Entry("removeBanks", 0, "`toRemove` is taken, as in Sage's sandbox; in production it is refused with 403"),
    Entry("statementLinesMax", 0, "lines that a statement may carry; older pages say 100"),
    Entry("futureDates", 0, "a line dated more than a day ahead draws a warning, fails the statement, or passes"),
    Entry("transactionIdGap", 0, "how many transaction ids are left out after each statement"),
    Entry("amountUnit", 1, "how amounts, balances and control sums are read; `minor` refuses fractions"),
    Entry("statementWords", 2, "words for a finished statement: `completed`, `failed`; or `successful`, `error`"),
    Entry("errorForm", 3, "application errors as `{errors: […]}`, or gateway-like as `{message}`"),
    Entry("failureWords", 4, "the statuses of a PATCH that mean that the user was refused"),
    Entry("patchStatus", 4, "the answer to a PATCH that was taken"),
    Entry("patchRepeatStatus", 4, "the answer to a PATCH of a used authorisation"),
    Entry("patchExpiredStatus", 4, "the answer to a PATCH of an expired authorisation"),
    Entry("statementStatus", 5, "the answer to a statement that was taken"),
    Entry("alsoRequired", 6, "fields of a line required beside the six that nothing works without"),
    Entry("transactionTypes", 6, "the transaction types taken"),
    Entry("textLengthMax", 6, "longer texts draw a warning"),
    Entry("textLengthStrict", 6, "longer texts are refused instead"),
    Entry("expectedRequired", 7, "`expected` must be there; where it is there it is always checked"),
    Entry("strictDates", 8, "a line more than 14 days older than the newest fails the statement, else draws a warning"),
    Entry("strictDatesScope", 8, "the newest line of all stored and sent, or of the statement alone"),
    Entry("historyDuplicates", 9, "ids stored before: the statement fails while processed, or is refused at once"),
    Entry("providerMayCancel", 10, "a provider may send the account status `cancelled`; else it is refused"),
    Entry(
        "activeActivatesPending", 11, "a statement without lines and with status `active` activates a pending account"
    ),
    Entry("activeClearsAuthRequired", 11, "status `active` ends `authRequired` without a re-authorisation"),
    Entry("outgoingAddress", 12, "local address that calls to the provider come from; empty: the system's choice"),
    Entry("availableAccountsAuth", 13, "what GET availableaccounts carries"),
    Entry("notificationAudience", 13, "`aud` of the token on calls to the provider; empty: the provider's audience"),
    Entry("notificationIssuer", 13, "`iss` of that token; empty: cloudIdUrl and a slash"),
    Entry("connectorTimeoutMs", 14, "how long the provider's callbacks may take"),
    Entry(
        "connectorFollowsRedirects", 14, "GET auth and authrefresh follow redirects; else anything but 200 is a failure"
    ),
    Entry("candidateNotification", 15, "N3 carries what N2 carries, or the externalId alone"),
    Entry("reauthBankaccount", 16, "what `bankaccount` means on authrefresh"),
    Entry("syncEndpoint", 17, "POST /v1/sync and /sync are there; else 404"),
    Entry("getBanks", 18, "GET /v1/banks is there; else 404"),
    Entry("putBanks", 18, "PUT /v1/banks/{principalId} is there; else 404"),
    Entry("sharedAccounts", 19, "two companies may link one account of the provider; else 409"),
    Entry("accountQuery", 19, "which of several links an account query returns; open ones come before cancelled ones"),
    Entry("postWhileAuthRequired", 20, "statements are taken while the account needs re-authorisation; else 409"),
    Entry(
        "beforeStartDate",
        21,
        "lines before requestedStartDate: stored with a warning, fail the statement, or are left out",
    ),
    Entry(
        "currencyFallback", 22, "currency of an account when the product names none; empty: the product must name it"
    ),
    Entry("redirectHost", 23, "host, or origin, of the redirect_uri given to providers; empty: the sandbox's own"),
    Entry("duplicateScope", 24, "an id counts as used once it is stored, or once it was sent in any statement taken"),
)
