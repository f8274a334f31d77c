"""The characters of the fast recognizer: what Portuguese print of the last three centuries holds."""

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
DIGITS = "0123456789"
ACCENTED = "ÀÁÂÃÄÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝàáâãäçèéêëìíîïñòóôõöùúûüýÿ"
OLD_PRINT = "ÆæŒœĨĩŨũẼẽỸỹſß"
"""Letters of old spellings and of foreign names in Portuguese text."""
ASCII_MARKS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
MARKS = "¡¿§ªº°«»‹›“”‘’„‚–—―…·•†‡¶©®™¬´¨¦′″"
FORMS = "☐☒☑✓✗■□●○◦▪→"
"""Check boxes and list marks."""
NUMERIC = "£€¢¥½¼¾⅓⅔¹²³⁴⁵⁶⁷⁸⁹⁰×÷±−≤≥µ‰№"
UNKNOWN = "\ufffd"
"""The class of a letter outside the alphabet."""


def fast_alphabet() -> tuple[str, ...]:
    """Return the classes in order: class 0 is "" (the CTC blank), the last class is the space."""
    return ("", *LETTERS, *DIGITS, *ACCENTED, *OLD_PRINT, *ASCII_MARKS, *MARKS, *FORMS, *NUMERIC, UNKNOWN, " ")
