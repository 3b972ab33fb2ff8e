"""Money is Decimal from the first byte to the last; this file says which decimals are amounts.

Exponents per currency are ISO 4217's. `legal_amount` is the gate: what passes it is finite, has at most the
currency's decimals (trailing zeros aside) and at most AMOUNT_DIGITS_MAX digits before the point.
"""

from decimal import Decimal

AMOUNT_DIGITS_MAX = 15
PLACES_MAX = 40
"""Decimal places, zeros and all: a zero can be written with a million of them."""

_ZERO_DECIMALS = frozenset(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ],
)
_THREE_DECIMALS = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])
_FOUR_DECIMALS = frozenset(["CLF", "UYW"])
_TWO_DECIMALS = frozenset(
    [
        "AED",
        "AFN",
        "ALL",
        "AMD",
        "ANG",
        "AOA",
        "ARS",
        "AUD",
        "AWG",
        "AZN",
        "BAM",
        "BBD",
        "BDT",
        "BGN",
        "BMD",
        "BND",
        "BOB",
        "BRL",
        "BSD",
        "BTN",
        "BWP",
        "BYN",
        "BZD",
        "CAD",
        "CDF",
        "CHF",
        "CNY",
        "COP",
        "CRC",
        "CUP",
        "CVE",
        "CZK",
        "DKK",
        "DOP",
        "DZD",
        "EGP",
        "ERN",
        "ETB",
        "EUR",
        "FJD",
        "FKP",
        "GBP",
        "GEL",
        "GHS",
        "GIP",
        "GMD",
        "GTQ",
        "GYD",
        "HKD",
        "HNL",
        "HTG",
        "HUF",
        "IDR",
        "ILS",
        "INR",
        "IRR",
        "JMD",
        "KES",
        "KGS",
        "KHR",
        "KPW",
        "KYD",
        "KZT",
        "LAK",
        "LBP",
        "LKR",
        "LRD",
        "LSL",
        "MAD",
        "MDL",
        "MGA",
        "MKD",
        "MMK",
        "MNT",
        "MOP",
        "MRU",
        "MUR",
        "MVR",
        "MWK",
        "MXN",
        "MYR",
        "MZN",
        "NAD",
        "NGN",
        "NIO",
        "NOK",
        "NPR",
        "NZD",
        "PAB",
        "PEN",
        "PGK",
        "PHP",
        "PKR",
        "PLN",
        "QAR",
        "RON",
        "RSD",
        "RUB",
        "SAR",
        "SBD",
        "SCR",
        "SDG",
        "SEK",
        "SGD",
        "SHP",
        "SLE",
        "SOS",
        "SRD",
        "SSP",
        "STN",
        "SVC",
        "SYP",
        "SZL",
        "THB",
        "TJS",
        "TMT",
        "TOP",
        "TRY",
        "TTD",
        "TWD",
        "TZS",
        "UAH",
        "USD",
        "UYU",
        "UZS",
        "VED",
        "VES",
        "WST",
        "XCD",
        "XCG",
        "YER",
        "ZAR",
        "ZMW",
        "ZWG",
        "ZWL",
    ],
)
EXPONENTS: dict[str, int] = {
    **dict.fromkeys(_ZERO_DECIMALS, 0),
    **dict.fromkeys(_TWO_DECIMALS, 2),
    **dict.fromkeys(_THREE_DECIMALS, 3),
    **dict.fromkeys(_FOUR_DECIMALS, 4),
}


def amount_flaw(amount: Decimal, exponent: int) -> str | None:
    """Why this is no amount in a currency with `exponent` decimals; None if it is one."""
    if not amount.is_finite():
        return "is not a number; send a plain decimal such as -12.50"
    if amount.adjusted() >= AMOUNT_DIGITS_MAX:
        return f"has more than {AMOUNT_DIGITS_MAX} digits before the decimal point"
    _, digits, places = amount.as_tuple()
    if not isinstance(places, int) or abs(places) > PLACES_MAX:
        return f"is written with more than {PLACES_MAX} decimal places"
    if -places <= exponent:
        return None
    surplus = -places - exponent
    if any(digits[-surplus:]):
        return f"has more than the {exponent} decimals of its currency; round it where it is made"
    return None


def to_minor(amount: Decimal, exponent: int) -> int:
    """The amount in minor units; exact, the caller has passed it through `amount_flaw`."""
    scaled = amount.scaleb(exponent)
    minor = int(scaled)
    if minor != scaled:
        raise ValueError(f"{amount} has more than {exponent} decimals")
    return minor


def plain(amount: Decimal) -> Decimal:
    """Without trailing zeros beyond need and without an exponent: 100 rather than 1E+2; zero has no sign."""
    if not amount:
        return Decimal(0)
    normal = amount.normalize()
    exponent = normal.as_tuple().exponent
    return normal.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else normal
