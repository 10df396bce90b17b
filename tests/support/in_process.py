"""The command line in this process, through the real `main()`: a table of inputs then costs no start of Python for each."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator

import pytest
from ended import SECRETS, Distill, Said

from distill.cli.app import main


@pytest.fixture
def distill(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Distill]:
    """`distill(*args)`; holds what is true of every message, and kills what takes a minute."""

    def killed(*_: object) -> None:
        raise TimeoutError("still running after a minute")

    before = signal.signal(signal.SIGALRM, killed)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "DISTILL_DEBUG"):
        monkeypatch.delenv(name, raising=False)

    def run(*args: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["distill", *map(str, args)])
        capsys.readouterr()
        signal.alarm(60)
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        signal.alarm(0)
        out, err = capsys.readouterr()
        assert "internal error:" not in out + err
        assert "Traceback" not in out + err
        assert not [secret for secret in SECRETS if secret in out + err]
        return Said(code, out, err)

    yield run
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
