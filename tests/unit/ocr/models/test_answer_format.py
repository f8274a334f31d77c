import json

import pytest

from ocr.models.answer_format import FIELD_ORDER, SCHEMA, Fields, is_complete, parse, render

PAGE = Fields(header="DIÁRIO OFICIAL", margin="Protocolo 123", footer="12", text='Art. 1º "Fica"\ncriado \\ o cargo.')


def test_render_writes_the_fields_in_order_without_white_space() -> None:
    answer = render(PAGE)
    assert list(json.loads(answer)) == list(FIELD_ORDER)
    assert answer.startswith('{"header":"DIÁRIO OFICIAL","margin":"Protocolo 123","footer":"12","text":"Art.')
    assert is_complete(answer)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ('```json\n{"header":"A","text":"B"}\n```', Fields(header="A", text="B")),
        ('```json\n{"header":"A","text":"B"}', Fields(header="A", text="B")),
        ('{"text": "B", "header": null}', Fields(text="B")),
        ('{"text": ["a", "b"], "footer": 12}', Fields(text="a\nb", footer="12")),
        ('{"text": "B"} Hope this helps!', Fields(text="B")),
        ('{"text": "a \\ud83d\\ude00 b \\ud83d c', Fields(text="a \U0001f600 b \ufffd c")),
        ('{"text": "a \\ud83d\\ude00 b \\ude00 c"}', Fields(text="a \U0001f600 b \ufffd c")),
        ('{"text": "a\x1fb"}', Fields(text="a\x1fb")),
        ("{}", Fields(text="{}")),
        ('{"valor": 3}', Fields(text='{"valor": 3}')),
        ("{" * 100_000, Fields(text="{" * 100_000)),
        ("", Fields()),
        ("Apenas texto.\nDuas linhas.", Fields(text="Apenas texto.\nDuas linhas.")),
        ("```\nApenas texto.\n```", Fields(text="Apenas texto.")),
        ("# Título\n\n**Art. 1º** Fica\n\n\n\ncriado", Fields(text="Título\n\nArt. 1º Fica\n\ncriado")),
        (
            "<table><tr><th>Item</th><th>Valor</th></tr><tr><td>a</td><td>R$ 1,00</td></tr></table>",
            Fields(text="Item\tValor\na\tR$ 1,00"),
        ),
        (
            "<watermark>CÓPIA</watermark>\nTexto\n<img>um brasão</img>\n<page_number>9/22</page_number>",
            Fields(margin="CÓPIA", text="Texto", footer="9/22"),
        ),
        (
            "![header](10,10,900,30) Senado Federal\n![title](1,50,9,60) ## Ata\n![text](1,70,9,90) Um\ndois\n"
            "![text+](1,90,9,99) três\n![image](1,100,9,200) Um brasão\n![aside_text](950,1,999,500) Fl. 3\n"
            "![page_number](491,935,505,950) 3",
            Fields(header="Senado Federal", text="Ata\nUm\ndois\ntrês", margin="Fl. 3", footer="3"),
        ),
    ],
)
def test_parse_takes_what_models_write(answer: str, expected: Fields) -> None:
    assert parse(answer) == expected


@pytest.mark.parametrize("length", range(12, len(render(PAGE))))
def test_a_cut_answer_keeps_all_that_was_written(length: int) -> None:
    whole = render(PAGE)
    fields = parse(whole[:length])
    assert PAGE.header.startswith(fields.header)
    if fields.text and length > whole.index('"text":"') + 8:
        # A cut inside an escape may leave half of it; everything before stands.
        assert PAGE.text.startswith(fields.text.rstrip("\\"))
        assert fields.margin == PAGE.margin
    assert not is_complete(whole[:length])


def test_the_schema_is_bounded_and_closed() -> None:
    properties = SCHEMA["properties"]
    assert isinstance(properties, dict)
    assert all(field["maxLength"] > 0 for field in properties.values())
    assert SCHEMA["additionalProperties"] is False
