"""`--compare opus gpt gemini` as people type it, rewritten into what the command-line library understands."""

from collections.abc import Sequence


def spread_compare(arguments: Sequence[str]) -> list[str]:
    """Every system after `--compare` gets its own `--compare`; anything else, and any other command, stays as it is.

    Systems may stand apart (`--compare opus gpt`), with commas (`--compare opus,gpt`) or after an equals sign
    (`--compare=opus`), in any mixture. The list ends at the next option. The library takes one value an option only, so
    without this the second system is an "unexpected extra argument".
    """
    words = list(arguments)
    if next((word for word in words if not word.startswith("-")), "") != "bench":
        return words
    spread: list[str] = []
    listing = False
    for place, word in enumerate(words):
        if word == "--":
            return spread + words[place:]
        option, equals, value = word.partition("=")
        if word.startswith("-"):
            listing = option == "--compare"
            # `--compare` alone, with nothing to compare, is left for the library to refuse.
            follower = words[place + 1] if place + 1 < len(words) else "-"
            if not listing or (not equals and follower.startswith("-")):
                spread.append(word)
                continue
        names = (value if word.startswith("-") else word).split(",")
        spread += [part for name in names if name for part in ("--compare", name)] if listing else [word]
    return spread
