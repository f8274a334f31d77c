"""Join words broken at line ends: keep a hyphen that belongs to the word, drop one of the typesetter.

Portuguese attaches pronouns to verbs (disse-lhe, far-se-á) and builds compounds (sócio-gerente, ex-presidente), and a
line often ends at such a hyphen. The decision depends on the part after the hyphen and the end of the part before it.
The lists hold the words that break both rules most often in 58 MB of Portuguese books, newspapers and official acts.
docs/benchmarks.md has the accuracy on them.
"""

import re
from collections.abc import Callable, Iterable, Set

LONGEST_ADDRESS = 200
LONGEST_WORD = 60
"""Characters. The longest Portuguese word has 46."""
_CONJUGATED = re.compile(r"(?:me|te|se|lhes?|nos|vos|[oa]s?|l[oa]s?|n[oa]s?)-(?:á|ás|ão|ei|emos|eis|ia|ias|iam|íamos)")
"""The middle and end of far-se-á, dir-lhe-ia: a pronoun and the verb's ending."""
_ENDING = re.compile(r"á|ás|ão|ei|emos|eis|ia|ias|iam|íamos")
_INNER = frozenset({"de", "do", "da", "dos", "das", "te", "a", "o", "e", "em"})
"""The middle of bem-te-vi, pé-de-moleque, dia-a-dia."""
_INFINITIVE = re.compile(r".{3,}[aei]r|dar|ver|ler|ser|ter|ir|vir|pôr")
_THIRD_PERSON = re.compile(r".+(?:ou|eu|iu)")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BEFORE_SE = _words(
    """
    qua ba fra fa êxta ca cra va jo do po apoteo tuberculo cho hipóte te sínte antíte dioce
    cri análi paráli preci mi ti recu cau cou quá expri pe fran descan conver hor cour pe le de
    """
)
_BEFORE_ME = _words(
    """
    confor enor fir guilher dor unifor infor ver disfor exa infa reexa cha vexa cri regi subli ti unâni fi li ani
    costu volu lu perfu negru legu resu assu ciú cu no fo co to conso reno le te tre ge íngre cre que aço so expri
    alar supri depri
    """
)
_BEFORE_LHE = _words(
    """
    ta deta traba espa esco reco aco to embru ajoe fo mo bi ba ve bri
    """
)
_BEFORE_NOS = _words(
    """
    inter eter moder gover exter infer mater pater frater subalter caver inver
    """
)
_I_VERBS = _words(
    """
    ouvi servi segui persegui consegui pedi impedi despedi abri cobri descobri feri puni parti reparti cumpri
    permiti admiti transmiti decidi dividi discuti exigi dirigi reuni uni traduzi conduzi introduzi produzi reduzi
    repeti ei assisti garanti sumi assumi substitui atingi corrigi di fi qui ti vesti despi possui fazei definir
    """
)

_PRONOUN: dict[str, Callable[[str], bool]] = {
    "o": lambda _: True,
    "a": lambda _: True,
    "os": lambda verb: bool(_THIRD_PERSON.fullmatch(verb)) or verb.endswith("a"),
    "as": lambda verb: bool(_THIRD_PERSON.fullmatch(verb)) or verb.endswith("a"),
    "se": lambda verb: verb not in _BEFORE_SE and (not verb.endswith("s") or verb.endswith("pôs")),
    "me": lambda verb: verb not in _BEFORE_ME and not verb.endswith(("l", "s")),
    "te": lambda verb: bool(_INFINITIVE.fullmatch(verb)) and len(verb) > 4,
    "lhe": lambda verb: verb not in _BEFORE_LHE,
    "lo": lambda verb: verb[-1] in "áéíóúâêô" or verb in _I_VERBS,
    "no": lambda verb: verb.endswith(("m", "ão", "õe")),
    "nos": lambda verb: (
        verb.endswith(("m", "ão", "õe", "mo"))
        or bool(_THIRD_PERSON.fullmatch(verb))
        or (bool(_INFINITIVE.fullmatch(verb)) and verb not in _BEFORE_NOS)
    ),
    "vos": lambda verb: bool(_INFINITIVE.fullmatch(verb)) and verb not in ("ser", "conser"),
}
_PRONOUN |= {
    "lhes": _PRONOUN["lhe"],
    **dict.fromkeys(("la", "los", "las"), _PRONOUN["lo"]),
    **dict.fromkeys(("na", "nas"), _PRONOUN["no"]),
}
"""For each pronoun that may be attached to a verb: a test whether the part before it is a verb."""

_FIRST_PARTS = _words(
    """
    vice pós recém além aquém sócio grão segunda terça quarta quinta sexta decreto meio meia médico médica técnico
    técnica político política econômico sócia luso afro anglo ítalo beira capitão tenente rico ricos buenos bem
    saint fático
    """
)
_LAST_PARTS = _words(
    """
    feira geral gerais adjunto adjunta executivo executiva gerente gerentes presidente presidentes chefe ministro
    ministra ministros prefeito governador reitor diretor diretora secretário secretária substituto mirim açu
    família maternidade paternidade prêmio alimentação transporte desemprego coronel general réis auditor fiscal
    próprio administrativo administrativa financeiro financeira científico legislativo jurídico voz
    """
)
_PAIRS = frozenset(
    {("meio", "dia"), ("decreto", "lei"), ("há", "de"), ("hei", "de"), ("hão", "de"), ("hás", "de")}
) | frozenset(
    {("el", "rei"), ("padre", "mestre"), ("cor-de", "rosa"), ("porta", "voz"), ("boa", "fé"), ("alferes", "mor")}
)
_VERB_NOUNS = {
    "guarda": _words("chuva chuvas roupa roupas costas livros mor pó sol móveis noturno marinha civil florestal vidas"),
    "porta": _words("vozes aviões malas retrato retratos estandarte bandeira joias luvas"),
    "para": _words("choque choques raios brisa brisas lama lamas"),
    "pára": _words("choque choques raios brisa brisas lama lamas quedas"),
    "quebra": _words("cabeça cabeças molas mar nozes galho"),
    "salva": _words("vidas guarda"),
    "conta": _words("gotas corrente"),
    "beija": _words("flor flores mão"),
    "arco": _words("íris"),
    "couve": _words("flor flores"),
    "obra": _words("prima"),
    "obras": _words("primas"),
    "matéria": _words("prima"),
    "matérias": _words("primas"),
}
"""Compounds of two words that are both common by themselves: guarda-chuva, but guarda-va."""
_CLUSTER = frozenset("bcdfgptv")
"""Consonants that no syllable break parts from an r: a hyphen there is the word's own, as in sub-rogação, ab-rogar."""
_REPEATED = re.compile(r"-[^\W\d_]")
"""The beginning of a line that repeats the hyphen before it."""
_ADDRESS = re.compile(r"(?:\S+@|\S+@\S*[.-]|(?:https?://|www\.)\S*[./-])$")
"""The end of a line inside an e-mail or web address."""
_FORMER = _words(
    """
    presidente ministro ministra governador governadora prefeito prefeita deputado deputada senador senadora
    vereador secretário secretária diretor diretora marido mulher esposa esposo aluno aluna alunos escravo escrava
    combatente combatentes servidor servidora funcionário funcionária empregado empregada sócio sócios padre noivo
    noiva oficial officio ofício positis libris tunc nunc membro jogador técnico soldado chefe colega amigo juiz rei
    """
)


def words_in(lines: Iterable[str]) -> frozenset[str]:
    """Return the words of two letters or more of a page in lower case, with and without hyphens inside."""
    return frozenset(re.findall(r"\w[\w-]*\w", "\n".join(lines).lower()))


def join(first: str, second: str, known: Set[str] = frozenset()) -> str:
    """Join a line and the next one, which may continue a broken word.

    `known` holds words of the same page in lower case: where the page has the word with or without hyphen, that form
    is used. A hyphen of the word that is printed on both lines (Dir- / -se-ia: Acordo Ortográfico of 1990, base XX) is
    one. A hyphen without a letter on both sides stays as it is.
    """
    if _goes_on(first, second):
        return first + second
    if not first.endswith("-") or first.endswith(" -"):
        return f"{first} {second}"
    if _REPEATED.match(second) and first[-2:-1].isalpha():
        return first + second[1:]
    # The paragraph so far may be long; a word is not.
    before, after = re.search(r"[\w-]*\w-$", first[-LONGEST_WORD:]), re.match(r"\w[\w-]*", second)
    if before is None or after is None:
        return first + second
    kept = keeps_hyphen(before[0][:-1], after[0].rstrip("-"), known)
    return first + second if kept else first[:-1] + second


def _goes_on(first: str, second: str) -> bool:
    """Return whether a line ends, or the next one begins, inside an e-mail or web address."""
    if re.match(r"@\w", second) and re.search(r"\w$", first):
        return True
    return bool(_ADDRESS.search(first[-LONGEST_ADDRESS:])) and bool(re.match(r"[a-z0-9_]", second))


def keeps_hyphen(before: str, after: str, known: Set[str] = frozenset()) -> bool:
    """Return whether the word `before` + hyphen + `after` keeps its hyphen when it is written on one line."""
    left, right = before.lower(), after.lower()
    if f"{left}{right}" in known or f"{left}-{right}" in known:
        return f"{left}-{right}" in known
    if not before[-1].isalpha() or not after[0].isalpha():
        return True
    if after[0].isupper() and not before.isupper():
        return True
    stem, _, last = left.rpartition("-")
    if _CONJUGATED.fullmatch(right) or (stem and (_ENDING.fullmatch(right) or last in _INNER)):
        return True
    whole, hyphen, rest = right.partition("-")
    if hyphen:
        return rest not in _PRONOUN and not _CONJUGATED.fullmatch(rest)
    if last[-1:] in _CLUSTER and whole.startswith("r"):
        return True
    return _is_compound(last, whole) or (_attaches_to_verb(last, whole))


def _attaches_to_verb(verb: str, pronoun: str) -> bool:
    return pronoun in _PRONOUN and verb[-1] not in "nlx" and _PRONOUN[pronoun](verb)


def _is_compound(first: str, last: str) -> bool:
    if first == "ex":
        return last in _FORMER
    if last in _VERB_NOUNS.get(first, ()):
        return True
    return (first in _FIRST_PARTS and not last.startswith("mente")) or last in _LAST_PARTS or (first, last) in _PAIRS
