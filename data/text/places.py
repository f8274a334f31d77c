"""Derive state, capital, court and year from a place or a day, so that those of one document agree."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class State:
    name: str
    joint: str
    """The preposition before its name, contracted with the article where the name has one."""
    capital: str
    labour: int
    """The region of its labor court, where that is in the capital."""


STATES: Mapping[str, State] = MappingProxyType(
    {
        "AL": State("Alagoas", "de", "Maceió", 19),
        "BA": State("Bahia", "da", "Salvador", 5),
        "CE": State("Ceará", "do", "Fortaleza", 7),
        "ES": State("Espírito Santo", "do", "Vitória", 17),
        "GO": State("Goiás", "de", "Goiânia", 18),
        "MA": State("Maranhão", "do", "São Luís", 16),
        "MG": State("Minas Gerais", "de", "Belo Horizonte", 3),
        "MS": State("Mato Grosso do Sul", "de", "Campo Grande", 24),
        "MT": State("Mato Grosso", "de", "Cuiabá", 23),
        "PA": State("Pará", "do", "Belém", 8),
        "PB": State("Paraíba", "da", "João Pessoa", 13),
        "PE": State("Pernambuco", "de", "Recife", 6),
        "PI": State("Piauí", "do", "Teresina", 22),
        "PR": State("Paraná", "do", "Curitiba", 9),
        "RJ": State("Rio de Janeiro", "do", "Rio de Janeiro", 1),
        "RN": State("Rio Grande do Norte", "do", "Natal", 21),
        "RO": State("Rondônia", "de", "Porto Velho", 14),
        "RS": State("Rio Grande do Sul", "do", "Porto Alegre", 4),
        "SC": State("Santa Catarina", "de", "Florianópolis", 12),
        "SE": State("Sergipe", "de", "Aracaju", 20),
        "SP": State("São Paulo", "de", "São Paulo", 2),
        "TO": State("Tocantins", "do", "Palmas", 10),
    }
)
"""The states of the places in the banks."""


def city(place: str) -> str:
    """Return "Sobral" for "Sobral/CE"."""
    return place.partition("/")[0]


def state(place: str) -> str:
    """Return "CE" for "Sobral/CE"."""
    return place.partition("/")[2]


def _of_state(place: str) -> str:
    found = STATES[state(place)]
    return f"{found.joint} {found.name}"


DERIVATIONS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "city": city,
        "state": state,
        "state_name": lambda place: STATES[state(place)].name,
        "of_state": _of_state,
        "capital": lambda place: STATES[state(place)].capital,
        "year": lambda day: day[-4:],
        "labour_region": lambda place: f"{STATES[state(place)].labour}ª",
    }
)
"""Used by the grammar: `{here>city}`, `{today>year}`."""
