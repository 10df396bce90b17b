"""How values show themselves in a notebook."""

from distill.text import notebook


def test_line_names_each_figure() -> None:
    assert notebook.line("Run", {"name": "a/001", "kept": 2}) == "Run(name='a/001', kept=2)"


def test_table_escapes_names_values_and_sentences() -> None:
    shown = notebook.table({"<a>": "<i>"}, ["x & <y>"])
    assert shown == ("<table><tr><th>&lt;a&gt;</th><td>&lt;i&gt;</td></tr></table><ul><li>x &amp; &lt;y&gt;</li></ul>")
    assert "<ul>" not in notebook.table({"a": 1})
