"""The admin API: what a test sets, moves and reads; no secret guards it, so it belongs on loopback alone.

Beside the calls of the interface: `POST /admin/banks` {name, countryCode, callbackURLs, headerName, headerValue,
externalRef?, url?, providerId?} and `PUT /admin/banks/{bankId}` (any of these) register out of band;
`PUT /admin/providers/{clientId}` {clientSecret?, apiKey?} changes a provider's secrets at once;
`POST /admin/plant` {bankAccountId, transactions, ledgerBalance?} stores lines past every rule, for the judge's
own tests; `POST /admin/bankaccounts/{id}/confirm` is the user's Confirm while `pendingConfirmation` is on.
"""
