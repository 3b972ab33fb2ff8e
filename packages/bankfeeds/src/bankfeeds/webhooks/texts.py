"""Texts ready for an institution's customers, in the languages of the platform's pages."""

from collections.abc import Mapping

from bankfeeds.domain.source_account import SourceAccount
from bankfeeds.domain.webhook import Happening

LANGUAGES = ("en", "fr", "es")
_TEXTS: Mapping[Happening, Mapping[str, str]] = {
    Happening.reauthorisation_required: {
        "en": "Sage needs your permission again before it can receive transactions from {account}. Open Sage, go to "
        "your bank accounts, choose this one and renew the connection. Nothing is lost: the rest follows afterwards.",
        "fr": "Sage a de nouveau besoin de votre autorisation pour recevoir les opérations de {account}. Ouvrez Sage, "
        "allez dans vos comptes bancaires, choisissez ce compte et renouvelez la connexion. Rien n'est perdu : les "
        "opérations effectuées entre-temps suivront.",
        "es": "Sage vuelve a necesitar su autorización para recibir los movimientos de {account}. Abra Sage, vaya a "
        "sus cuentas bancarias, elija esta cuenta y renueve la conexión. No se pierde nada: los movimientos que haya "
        "entretanto llegarán después.",
    },
    Happening.feed_parked: {
        "en": "New transactions from {account} are not reaching Sage at the moment. We are looking into it. You need "
        "not do anything, and nothing is lost.",
        "fr": "Les nouvelles opérations de {account} n'arrivent pas dans Sage pour le moment. Nous nous en occupons. "
        "Vous n'avez rien à faire et rien n'est perdu.",
        "es": "En este momento los nuevos movimientos de {account} no llegan a Sage. Lo estamos revisando. No tiene "
        "que hacer nada y no se pierde nada.",
    },
    Happening.feed_resumed: {
        "en": "Transactions from {account} are on their way to Sage again.",
        "fr": "Les opérations de {account} sont de nouveau transmises à Sage.",
        "es": "Los movimientos de {account} se envían de nuevo a Sage.",
    },
}
_ACCOUNT = {"en": "your account", "fr": "votre compte", "es": "su cuenta"}


def customer_text(happening: Happening, account: SourceAccount) -> dict[str, str]:
    """By language. The account's name with the last digits of its number: enough to know it by."""
    return {language: text.format(account=_called(account, language)) for language, text in _TEXTS[happening].items()}


def _called(account: SourceAccount, language: str) -> str:
    name = account.name or _ACCOUNT[language]
    return f"{name} (••{account.number[-4:]})" if account.number else name
