import pytest

from ocr.text.hyphenation import join, keeps_hyphen

OWN = """
far-|se-á  far-se-|á  disse-|lhe  sócio-|gerente  ex-|presidente  bem-te-|vi  bem-|te-vi  trata-|se  sentou-|se
fazê-|lo  amá-|las  deu-|lhes  fizeram-|no  põe-|na  tornar-|se  disse-|me  lembrou-|nos  dar-|nos  segunda-|feira
decreto-|lei  primeiro-|ministro  vice-|governador  pós-|graduação  recém-|nascido  diretor-|geral
Procuradoria-|Geral  Grã-|Bretanha  dir-|lhe-ia  meio-|dia  rés-|do-chão  era-|o  contemplei-|a  mandou-|os
ouvi-|lo  levá-|lo-ei  salário-|maternidade
"""
TYPESETTERS = """
gover-|no  clas-|se  nos-|so  esco-|la  pe-|los  peque-|no  confor-|me  for-|te  par-|te  gen-|te  pesso-|as
outr-|os  qua-|se  ba-|se  hipóte-|se  análi-|se  cabe-|lo  me-|nos  meni-|na  proble-|ma  siste-|ma  mes-|mo
trabalhan-|do  traba-|lhe  infor-|mações  maté-|ria  consti-|tucional  ex-|posição  pró-|prio  primeira-|mente
INTE-|RESSADO  cha-|mou-se  esta-|belecimento  desenvol-|vimento  in-|felizmente  sen-|te  no-|me  cri-|me
costu-|me  deta-|lhe  sécu-|los  capítu-|lo  pági-|na  ser-|vos
"""


@pytest.mark.parametrize("word", OWN.split())
def test_the_words_own_hyphen_stays(word: str) -> None:
    assert keeps_hyphen(*word.split("-|"))


@pytest.mark.parametrize("word", TYPESETTERS.split())
def test_the_typesetters_hyphen_goes(word: str) -> None:
    assert not keeps_hyphen(*word.split("-|"))


def test_what_stands_elsewhere_on_the_page_decides() -> None:
    assert keeps_hyphen("guarda", "sol", {"guarda-sol"})
    assert not keeps_hyphen("trata", "se", {"tratase"})


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ("o gover-", "no decide", "o governo decide"),
        ("far-", "se-á logo", "far-se-á logo"),
        ("uma linha", "e outra", "uma linha e outra"),
        ("código 05600-", "493 e", "código 05600-493 e"),
        ("no CNE-", "07, Diretor", "no CNE-07, Diretor"),
        ("Secretaria -", "Gabinete", "Secretaria - Gabinete"),
        ("disse ele —", "e saiu", "disse ele — e saiu"),
        ("decisão. Dir-", "-se-ia que", "decisão. Dir-se-ia que"),
        ("o sócio-", "-gerente", "o sócio-gerente"),
        ("os itens -", "- um", "os itens - - um"),
        ("de 1-", "-2", "de 1--2"),
        ("", "começo", " começo"),
    ],
)
def test_lines_are_joined(first: str, second: str, joined: str) -> None:
    assert join(first, second) == joined


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ("portava um guarda-", "chuva", "portava um guarda-chuva"),
        ("ele guarda-", "va", "ele guardava"),
        ("pedindo a sub-", "rogação", "pedindo a sub-rogação"),
        ("vem ab-", "rogar", "vem ab-rogar"),
        ("é sub-", "lime", "é sublime"),
        ("a matéria-", "prima", "a matéria-prima"),
        ("do bem-", "te-vi", "do bem-te-vi"),
    ],
)
def test_compounds_of_common_words_keep_their_hyphen(first: str, second: str, joined: str) -> None:
    assert join(first, second) == joined


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ("escreva a joana.exemplo@", "exemplo.org.br, hoje", "escreva a joana.exemplo@exemplo.org.br, hoje"),
        ("escreva a joana.exemplo", "@exemplo.org.br", "escreva a joana.exemplo@exemplo.org.br"),
        ("escreva a joana@exemplo.", "org.br", "escreva a joana@exemplo.org.br"),
        ("veja https://www.exemplo.jus.br/", "processos/12", "veja https://www.exemplo.jus.br/processos/12"),
        ("veja www.exemplo.jus.br.", "Depois assine", "veja www.exemplo.jus.br. Depois assine"),
        ("custa R$ 10 @", "cada", "custa R$ 10 @ cada"),
    ],
)
def test_addresses_go_on_at_line_ends(first: str, second: str, joined: str) -> None:
    assert join(first, second) == joined
