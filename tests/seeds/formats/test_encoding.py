"""In which encoding a file is, told from its bytes."""

import pytest

from distill.seeds.load import read
from distill.seeds.rows_to_seeds import SeedColumns


@pytest.mark.parametrize(
    ("letters", "encoding"),
    [
        ("Gdzie jest moja paczka? Zażółć gęślą jaźń", "cp1250"),
        ("Şikayetim var, ürün gelmedi ığ".replace(",", ""), "cp1254"),
        ("Где моя посылка? Лампа не работает", "cp1251"),
        ("荷物はどこですか。ランプが壊れています", "shift_jis"),
        ("我的包裹在哪里？灯坏了", "gb18030"),
        ("don’t worry – it’s fine", "cp1252"),
        ("costs 5 € too much", "cp1252"),
        ("¿Dónde está? La señora no contestó", "mac_roman"),
    ],
)
def test_a_code_page_is_told_by_its_letters(tmp_path, letters, encoding):
    path = tmp_path / "a.csv"
    path.write_bytes(f"message;label\n{letters};x\n{letters} 2;y\n".encode(encoding))
    notes = []
    seeds, _ = read([path], SeedColumns(variables=["message"]), notes=notes)
    assert [seed.fields["message"] for seed in seeds] == [letters, f"{letters} 2"]
    assert f"read as {encoding}" in notes[0]
