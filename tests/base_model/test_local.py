"""Where a base lies, and what is said where it does not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from distill.base_model import local
from distill.base_model.local import LocalWeights
from distill.errors import UsageError


@pytest.fixture(autouse=True)
def no_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty cache and no network."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


def weights(name: str, beside: Path) -> LocalWeights:
    return LocalWeights(name, beside, beside / "cache")


def test_a_folder_is_named_from_the_spec(tiny_family: Callable[[str], Path], tmp_path: Path) -> None:
    folder = tiny_family("llama")
    near = tmp_path / "models"
    shutil.copytree(folder, near / "small")
    for name in ("models/small", "./models/small", str(near / "small")):
        assert weights(name, tmp_path).folder() == near / "small"
        assert not weights(name, tmp_path).on_the_hub
    assert local.context_of(near / "small") == 1024


def test_equal_weights_have_one_identity_and_other_weights_another(
    tiny_family: Callable[[str], Path], tmp_path: Path
) -> None:
    for name in ("a", "b"):
        shutil.copytree(tiny_family("llama"), tmp_path / name)
    first, second = (weights(f"./{name}", tmp_path) for name in ("a", "b"))
    assert first.identity == second.identity
    file = tmp_path / "b" / "model.safetensors"
    held = bytearray(file.read_bytes())
    held[-1] ^= 1
    file.write_bytes(held)
    assert first.identity != second.identity
    assert weights("./c", tmp_path).identity == "not here"


def test_a_template_is_part_of_the_identity(tiny_family: Callable[[str], Path], tmp_path: Path) -> None:
    (tmp_path / "chat.jinja").write_text("x")
    plain = weights(str(tiny_family("llama")), tmp_path)
    other = LocalWeights(plain.name, tmp_path, tmp_path, tmp_path / "chat.jinja")
    assert plain.identity != other.identity


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("./none", r"no such folder or file: \./none"),
        ("./file.txt", r"is a file, expected a folder that holds config\.json"),
        ("none.gguf", "no such folder or file: none.gguf"),
        ("./empty", r"holds no config\.json that can be read"),
        ("./odd", r"has no model of the type 'of_its_own'\. It brings code of its own .auto_map., which distill never runs"),
        ("./bert", r"a model of the type 'clip' writes no text"),
        ("somebody/some-model", r"'somebody/some-model' is no folder here and not in the hub's cache.*student\.train\.base: /path"),
    ],
)  # fmt: skip
def test_a_base_that_cannot_be_used_is_told_in_one_line(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "file.txt").write_text("x")
    for folder, config in (
        ("empty", None),
        ("odd", {"model_type": "of_its_own", "auto_map": {"AutoModel": "own.Model"}}),
        ("bert", {"model_type": "clip"}),
    ):
        (tmp_path / folder).mkdir()
        if config is not None:
            (tmp_path / folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(UsageError, match=said):
        weights(name, tmp_path).folder()


def test_a_hub_id_in_the_users_cache_is_found_without_a_network(
    tiny_family: Callable[[str], Path], tmp_path: Path
) -> None:
    repository = tmp_path / "hub" / "models--org--small"
    shutil.copytree(tiny_family("llama"), repository / "snapshots" / "0123456789abcdef0123456789abcdef01234567")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0123456789abcdef0123456789abcdef01234567")
    found = weights("org/small", tmp_path)
    assert found.on_the_hub
    assert found.folder() == repository / "snapshots" / "0123456789abcdef0123456789abcdef01234567"
    assert found.identity == weights(str(tiny_family("llama")), tmp_path).identity


def test_a_gguf_file_says_what_it_is(tmp_path: Path) -> None:
    gguf = pytest.importorskip("gguf", reason="the training extra is not installed")
    for name in ("qwen3", "gptneox"):
        writer = gguf.GGUFWriter(tmp_path / f"{name}.gguf", name)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.close()
        assert local.architecture_of(tmp_path / f"{name}.gguf") == name
    (tmp_path / "torn.gguf").write_bytes(b"GGUF\x03")
    (tmp_path / "other.gguf").write_bytes(b"nothing of the kind" * 30)
    assert [local.architecture_of(tmp_path / f"{name}.gguf") for name in ("torn", "other", "none")] == ["", "", ""]
    assert weights("qwen3.gguf", tmp_path).llama_cpp
    assert not weights("gptneox.gguf", tmp_path).llama_cpp


def test_what_llama_cpp_answers_for_is_what_adapters_are_written_for() -> None:
    from distill.student.trainers.gguf import ARCHITECTURES

    assert set(local.ADAPTED) == set(ARCHITECTURES.values())
