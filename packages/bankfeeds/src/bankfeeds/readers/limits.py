"""How much a statement file may ask of us. Beyond a limit it is refused, with the place and the limit."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Generous for a bank's file of 100,000 lines; all bound memory or time, whatever the file says.

    `token_bytes_max` bounds one tag, comment or processing instruction (the parser keeps and rescans an
    unfinished one); `held_elements_max` the elements kept at once, which is one entry with its details;
    `names_max` the distinct names of elements, attributes and prefixes, which the parser keeps for the
    whole file. Of an archive `members_max` bounds the files in it, `ratio_max` how many times its size it may
    unpack to once that is more than `ratio_free_bytes`; all of them together are one file to the other limits.
    """

    file_bytes_max: int = 512 * 1024 * 1024
    elements_max: int = 20_000_000
    nesting_max: int = 64
    text_chars_max: int = 10_000
    attributes_max: int = 32
    names_max: int = 4_000
    name_chars_max: int = 256
    token_bytes_max: int = 256 * 1024
    held_elements_max: int = 20_000
    statements_max: int = 10_000
    lines_max: int = 250_000
    members_max: int = 100
    ratio_max: int = 200
    ratio_free_bytes: int = 1024 * 1024
