"""Words in other scripts with the shape of Portuguese ones, in no language: what a recognizer must not spell."""

import random
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

_PLAIN = "áàâãéêíóôõúüç", "aaaaeeiooouuc"
_CYRILLIC = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" + _PLAIN[0],
    "абцдефгхийклмнопкрстувшчызАБЦДЕФГХИЙКЛМНОПКРСТУВШЧЫЗ" + _PLAIN[1].translate(str.maketrans("aeiouc", "яэюёуж")),
)
_GREEK = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" + _PLAIN[0],
    "αβψδεφγηιξκλμνοπχρστθωςχυζΑΒΨΔΕΦΓΗΙΞΚΛΜΝΟΠΧΡΣΤΘΩΣΧΥΖ" + _PLAIN[1].translate(str.maketrans("aeiouc", "αειουψ")),
)
"""Portuguese letters -> letters of another script."""
_ARABIC = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"
_LETTERS: Mapping[str, str] = MappingProxyType(
    {
        "hebrew": "אבגדהוזחטיכלמנסעפצקרשת",
        "arabic": _ARABIC,
        "chinese": (
            "的是不了人我在有他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后么心多天"
            "而能好都然没于起还发成事只作当想看文无开手用主行方又如前所本见经头面公同已老从动两知民样现分将外但身些与高"
            "意进把法此实回理美点月明其种声全己话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东"
            "政海使教西再平真听世气信北少关并内加化由却代军产入先山五太水万市眉後國學時東書會長門"
        ),
        "kana": (
            "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりる"
            "れろわをんアイウエカキクケサシスセタチツテトナヌネハヒフホマミムメモヤユヨラルレワン"
        ),
        "hangul": (
            "가각간갈감강거고관구국군기김나남내녀년대도동라로리마명무문미민바박방보부북사"
            "산서성세소수시신아안양어여영우원유의이인일자장전정제조주중지진차천청한해현호화"
        ),
        "devanagari": "अआइईउएकखगघचछजझटठडणतथदधनपफबभमयरलवशषसह",
        "armenian": "աբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփք",
        "georgian": "აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ",
        "thai": "กขคงจฉชซดตถทธนบปผฝพฟภมยรลวศษสหอฮ",
    }
)
"""Letters without signs above, below or beside them, and none that a dash, a bar or a box looks like."""
_UNSPACED = ("chinese", "kana", "thai")
_SHARES: Mapping[str, float] = MappingProxyType(
    {
        "cyrillic": 7, "greek": 3, "hebrew": 3, "arabic": 3, "chinese": 4, "kana": 1.5, "hangul": 1.5, "devanagari": 1,
        "armenian": 0.7, "georgian": 0.7, "thai": 0.6,
    }
)  # fmt: skip


def _forms() -> dict[tuple[str, str], str]:
    """(letter, place in its word) -> its joined form; only letters that join on both sides have initial ones."""
    found = {}
    for code in range(0xFE80, 0xFEF5):
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2 and (letter := chr(int(parts[1], 16))) in _ARABIC:
            found[letter, parts[0].strip("<>")] = chr(code)
    return found


_FORMS = _forms()
SCRIPT_LETTERS = "".join(
    dict.fromkeys("".join(letters for name, letters in _LETTERS.items() if name != "arabic") + "".join(_FORMS.values()))
)
"""Every letter that `in_other_script` prints, those of Cyrillic and Greek aside."""


def in_other_script(said: str, generator: random.Random) -> str:
    """Return Portuguese words as letters of another script, in the order in which they are printed."""
    name = generator.choices(tuple(_SHARES), tuple(_SHARES.values()))[0]
    if name in ("cyrillic", "greek"):
        return said.translate(_CYRILLIC if name == "cyrillic" else _GREEK)
    letters = _LETTERS[name]
    shown = "".join(generator.choice(letters) if sign.isalpha() else sign for sign in said)
    if name == "arabic":
        return " ".join(_joined(word) for word in reversed(shown.split(" ")))
    return shown.replace(" ", "") if name in _UNSPACED else shown


def _joined(word: str) -> str:
    """Return a word of Arabic letters from left to right, each in the form of its place."""
    joins = [(letter, "initial") in _FORMS for letter in word]
    shown = []
    for place, letter in enumerate(word):
        before = place > 0 and joins[place - 1]
        after = joins[place] and place + 1 < len(word) and word[place + 1] in _ARABIC
        form = {(False, False): "isolated", (True, False): "final", (False, True): "initial", (True, True): "medial"}
        shown.append(_FORMS.get((letter, form[before, after]), letter))
    return "".join(reversed(shown))
