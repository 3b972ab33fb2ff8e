"""What people read on the playground bank's pages, in English and French."""

# ruff: noqa: RUF001 - French has an apostrophe of its own
from decimal import Decimal

from starlette.requests import Request

from sage_sandbox.banks import COUNTRIES
from sage_sandbox.product import words as product_words

LANGUAGES = ("en", "fr")
_WORDS: dict[str, tuple[str, str]] = {
    "bank": ("Playground Bank", "Banque d’essai"),
    "note": ("a made-up bank for trying things out", "une banque fictive pour faire des essais"),
    "signIn": ("Sign in", "Se connecter"),
    "signInText": (
        "Sage would like to receive the transactions of your accounts. Sign in to decide about it.",
        "Sage souhaite recevoir les opérations de vos comptes. Connectez-vous pour en décider.",
    ),
    "renewText": (
        "Your agreement with Sage needs to be renewed. Sign in to decide about it.",
        "Votre accord avec Sage doit être renouvelé. Connectez-vous pour en décider.",
    ),
    "customer": ("Customer name", "Nom du client"),
    "passcode": ("Passcode", "Code secret"),
    "emptyIsFine": (
        "Both may stay empty. Another name is another customer, with accounts of their own.",
        "Les deux peuvent rester vides. Un autre nom est un autre client, avec ses propres comptes.",
    ),
    "cancel": ("Cancel", "Annuler"),
    "consent": ("Your accounts", "Vos comptes"),
    "consentText": ("Sage will receive the transactions of:", "Sage recevra les opérations de :"),
    "signedInAs": ("Signed in as", "Connecté en tant que"),
    "allow": ("Allow", "Autoriser"),
    "refuse": ("Refuse", "Refuser"),
    "notPossible": ("This did not work", "Cela n’a pas fonctionné"),
    "unknownLink": (
        "This link is not valid, was used before, or is older than 20 minutes. Start again from Sage.",
        "Ce lien n’est pas valide, a déjà servi ou date de plus de 20 minutes. Recommencez depuis Sage.",
    ),
    "sageRefused": ("Sage refused the answer:", "Sage a refusé la réponse :"),
    "nameProblem": (
        "A customer name has at most 40 letters, digits, spaces, full stops or hyphens.",
        "Un nom de client a au plus 40 lettres, chiffres, espaces, points ou traits d’union.",
    ),
    "desk": ("Behind the counter", "Derrière le guichet"),
    "deskText": (
        "Play the bank: send lines, ask for a new login, open an account, trade under another name.",
        "Jouez la banque : envoyez des lignes, demandez une nouvelle connexion, ouvrez un compte, changez d’enseigne.",
    ),
    "noAccounts": (
        "There is no customer yet. Connect an account in a Sage product, and choose this bank.",
        "Il n’y a pas encore de client. Connectez un compte dans un produit Sage et choisissez cette banque.",
    ),
    "account": ("Account", "Compte"),
    "lines": ("Lines", "Lignes"),
    "balance": ("Balance", "Solde"),
    "atSage": ("At Sage", "Chez Sage"),
    "notLinked": ("not linked", "non relié"),
    "delivered": ("{sent} of {count} delivered", "{sent} sur {count} transmises"),
    "delivering": ("delivering …", "envoi en cours …"),
    "needsLogin": ("waits for a new login", "attend une nouvelle connexion"),
    "howMany": ("How many", "Combien"),
    "sendLines": ("Send lines", "Envoyer des lignes"),
    "askRenewal": ("Ask for a new login", "Demander une nouvelle connexion"),
    "openAccount": ("Open an account", "Ouvrir un compte"),
    "accountName": ("Name of the account", "Nom du compte"),
    "bankOf": ("Bank", "Banque"),
    "listings": ("Listings at Sage", "Inscriptions chez Sage"),
    "listingsText": (
        "What people find in a Sage product. Each change goes to Sage by bank sync.",
        "Ce que l’on trouve dans un produit Sage. Chaque modification va chez Sage par «\u00a0bank sync\u00a0».",
    ),
    "listingName": ("Name of the bank", "Nom de la banque"),
    "country": ("Country", "Pays"),
    "rename": ("Rename", "Renommer"),
    "remove": ("Remove", "Retirer"),
    "addListing": ("List a bank", "Inscrire une banque"),
    "reload": ("Show the present state", "Afficher l’état actuel"),
    "otherLanguage": ("Français", "English"),
}


def words_in(language: str) -> dict[str, str]:
    at = LANGUAGES.index(language)
    return {name: both[at] for name, both in _WORDS.items()}


def country_names(language: str) -> dict[str, str]:
    """By their three letters; the Sage product shows the same."""
    words = product_words.words_in(language)
    return {code: words.say(f"country.{code}") for code in COUNTRIES}


def language_of(request: Request) -> str:
    """What the address asks for, else what the browser prefers of the two."""
    asked = request.query_params.get("lang", "")
    if asked in LANGUAGES:
        return asked
    for part in request.headers.get("accept-language", "").lower().split(","):
        language = part.split(";")[0].strip()[:2]
        if language in LANGUAGES:
            return language
    return "en"


def money(hundredths: int, language: str) -> str:
    """An amount as people read it: 1,314.50; 1 314,50 in French."""
    text = f"{Decimal(hundredths).scaleb(-2):,.2f}"
    return text.replace(",", "\u202f").replace(".", ",") if language == "fr" else text
