"""Private datasets on the Hugging Face Hub: uploading, removing, and what the hub's errors mean."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

from huggingface_hub import CommitOperationDelete, HfApi, get_token
from huggingface_hub.hf_api import LFSFileInfo

from core.dataset.manifest import check_files
from core.errors import BoneGradeError
from core.machine import DISK_FULL

#: What an export consists of; on the hub, files with these names that the new export does not have are removed.
_OF_AN_EXPORT: Final = ["labels/*", "crops/*", "coco/*", "voc/*", "films/*", "labels.csv", "README.md", "manifest.json"]


class HubRefused(BoneGradeError):
    """The hub cannot be reached, denies access, or would show the data to everybody."""


#: For a person who asks for something that needs a token.
NO_TOKEN: Final = "There is no token for the hub: set HF_TOKEN to one that may write and start jobs."


def may_send() -> bool:
    """Whether a token for the hub is set on this machine."""
    return get_token() is not None


def a_dataset(name: str) -> str:
    """The name, if it is a valid name of a dataset on the hub. Raises HubRefused."""
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", name):
        raise HubRefused(f"{name!r} is not a dataset on the hub: name it as OWNER/NAME.")
    return name


def require_private(repo: str, api: HfApi | None = None) -> None:
    """Makes a private dataset of that name if there is none.

    Raises HubRefused where there is a public one, to which CommitScheduler would push without warning.
    """
    with writing(repo):
        api = api or HfApi()
        api.create_repo(repo_id=repo, repo_type="dataset", private=True, exist_ok=True)
        private = api.repo_info(repo_id=repo, repo_type="dataset").private
    if not private:
        raise HubRefused(f"The dataset {repo} on the hub is public: make it private there, or name another one.")


def push_dataset(folder: Path, repo: str, api: HfApi | None = None) -> None:
    """Replaces the contents of a private dataset on the hub with an export; its events stay.

    Raises DamagedDataset where the export is not as it was written, and HubRefused.
    """
    manifest = check_files(folder)
    message = f"Ledger revision {manifest.revision}, rule {manifest.rule}"
    push_folder(folder, repo, "", _OF_AN_EXPORT, message, api)


def push_folder(
    folder: Path, repo: str, place: str, replaced: Sequence[str], message: str, api: HfApi | None = None
) -> str:
    """Uploads a folder's files to a private dataset on the hub, and returns the revision that has them.

    place: the folder there, "" for the top. replaced: patterns of files that are removed there unless they are among
    the new ones. Raises HubRefused.
    """
    require_private(repo, api)
    with writing(repo):
        done = (api or HfApi()).upload_folder(
            repo_id=repo,
            repo_type="dataset",
            folder_path=folder,
            path_in_repo=place,
            delete_patterns=list(replaced),
            commit_message=message,
        )
    return str(done.oid)


def remove_folders(repo: str, folders: Sequence[str], message: str, api: HfApi | None = None) -> None:
    """Removes folders from a dataset, and permanently those of their files that are large enough to be stored
    separately. Raises HubRefused."""
    api = api or HfApi()
    with writing(repo):
        within = tuple(f"{one}/" for one in folders)
        files = [path for path in api.list_repo_files(repo, repo_type="dataset") if path.startswith(within)]
        large = [file for file in api.list_lfs_files(repo, repo_type="dataset") if file.filename in files]
        if files:
            operations = [CommitOperationDelete(path) for path in files]
            api.create_commit(repo, operations, commit_message=message, repo_type="dataset")
        delete_content(repo, large, api)


def delete_content(repo: str, large: Sequence[LFSFileInfo], api: HfApi) -> None:
    """Permanently removes files that are stored outside a dataset's history."""
    if large:
        api.permanently_delete_lfs_files(repo, large, repo_type="dataset")


@contextmanager
def hub_errors(as_sentence: Callable[[str], BoneGradeError]) -> Iterator[None]:
    """Turns errors of the hub's client, which come from several libraries, into one sentence.

    as_sentence: makes it from the name of the client's error. Errors that have a sentence already pass through, and so does a
    full disk, an OSError of core.machine.DISK_FULL: checking names or the network would not help against that.
    """
    try:
        yield
    except BoneGradeError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in DISK_FULL:
            raise
        raise as_sentence(type(error).__name__) from error


def writing(repo: str) -> AbstractContextManager[None]:
    """Turns the hub's errors while writing to a dataset into HubRefused."""
    return hub_errors(
        lambda error: HubRefused(
            f"The dataset {repo} on the hub cannot be written ({error}): check its name, the network, and that HF_TOKEN "
            "may write."
        )
    )
