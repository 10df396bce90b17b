"""A folder to a dataset repository of the Hugging Face hub, with the user's own token.

A repository that is made here is private unless it is asked for otherwise; one that is there and public is written to only where
that was asked. All files go in one commit, so a push that breaks changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from distill import extras
from distill.errors import AccessRefused, DistillError, UsageError
from distill.secrets.masking import SecretMask

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")


class PushError(DistillError):
    """The hub did not take the dataset; nothing of it was changed there."""


def repository(name: str) -> str:
    """The name of a repository, checked; UsageError for anything but org/name."""
    if not _NAME.fullmatch(name) or ".." in name or "--" in name or name.endswith(".git"):
        raise UsageError(
            f"--to {'hub:' + name[:80]!r} names no repository: expected hub:org/name, of letters, digits, - _ and ."
        )
    return name


def upload(
    folder: Path, repo: str, *, files: list[str], public: bool, message: str, endpoint: str | None = None
) -> str:
    """Upload `files` of a folder; returns the dataset's address. AccessRefused without a token or where it is not enough."""
    try:
        from huggingface_hub import HfApi, get_token
    except ImportError:
        raise UsageError(f"a push needs huggingface_hub, which is not installed; {extras.hint('hub')}") from None
    token = get_token()
    if not token:
        raise AccessRefused("no Hugging Face token: set HF_TOKEN, or run `hf auth login`; `--to FOLDER` needs none")
    api = HfApi(endpoint=endpoint, token=token)
    with _explained(repo, token):
        api.create_repo(repo, repo_type="dataset", private=not public, exist_ok=True)
        if not public and not api.dataset_info(repo).private:
            raise UsageError(f"{repo} is there and public; say --public to write to it, or name another one")
        api.upload_folder(
            repo_id=repo, repo_type="dataset", folder_path=folder, allow_patterns=files, commit_message=message,
            delete_patterns="data/*.parquet",
        )  # fmt: skip
    return f"{api.endpoint}/datasets/{repo}"


@contextmanager
def _explained(repo: str, token: str) -> Iterator[None]:
    """The hub's errors in its words, without the token."""
    from huggingface_hub import errors

    network: type[Exception] = errors.HTTPError  # type: ignore[attr-defined]  # of whichever httpx its client is built on
    mask = SecretMask.of([token])
    try:
        yield
    except errors.HfHubHTTPError as fault:
        said = mask.text(str(fault.server_message or fault).splitlines()[0][:300])
        status = fault.response.status_code if fault.response is not None else 0
        if status in (401, 403):
            raise AccessRefused(
                f"the hub refuses {repo}: {said}; the token in HF_TOKEN must be one that may write there"
            ) from None
        raise PushError(f"the hub did not take {repo} ({status}): {said}; run it again") from None
    except (network, errors.OfflineModeIsEnabled, ConnectionError) as fault:
        said = mask.text(str(fault).splitlines()[0][:200] if str(fault) else type(fault).__name__)
        raise PushError(
            f"the hub cannot be reached ({said}); run it again when it can, or push --to FOLDER and upload that with `hf upload`"
        ) from None
