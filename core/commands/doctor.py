"""python -m core doctor: what a machine lacks to serve the app: packages, settings, weights, data, people, hub, GPU.

Only looks: no folder is made, no database is brought up to date, and the hub is asked nothing unless a dataset there is named.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

import torch
import typer
from huggingface_hub import HfApi, get_token
from packaging.requirements import Requirement
from sqlalchemy import Connection, create_engine, inspect
from sqlalchemy.exc import SQLAlchemyError

from core.access.log import LOG_DAYS_VARIABLE
from core.access.roles import Role
from core.access.settings import AccessSettings, days_kept, served_host
from core.access.users import Users
from core.assessment.live_model import live_model
from core.commands.stopping import FAILED
from core.errors import BoneGradeError
from core.keeping import erasures
from core.keeping.erasing import RETENTION_VARIABLES
from core.keeping.lasting import HUB_DATASET_VARIABLE, forgets_folder, is_over_network, nearest, outlives_restart
from core.learning.lessons.training_data import TRAINING_DATA_VARIABLE, training_data
from core.ledger import DamagedStore, LedgerSettings
from core.ledger.store.patients import Pseudonyms
from core.ledger.store.settings import SECRET_VARIABLE
from core.machine import cores, on_zero_gpu, served_port
from models.registry import WeightsError, load_grader, load_localizer, load_whole_hands

_REQUIREMENTS: Final = Path(__file__).parents[2] / "requirements.txt"
#: Gigabytes that should be free for films, exports and uploads; with less, a day's films may fill the disk.
_LEAST_FREE_GB: Final = 1.0
_CONNECT_SECONDS: Final = 5

#: wrong: the app does not work as it is set up. note: it works, but there is something to know.
FindingState = Literal["ok", "note", "wrong"]


app = typer.Typer(add_completion=False)


@app.command()
def doctor() -> None:
    """Checks packages, settings, weights, data, people, hub and GPU, and says what is missing."""
    findings = examine()
    typer.echo(as_text(findings))
    if any(finding.state == "wrong" for finding in findings):
        raise typer.Exit(FAILED)


@dataclass(frozen=True)
class Finding:
    """The result of one check. of: what was checked. says: how it is and, unless it is ok, what to do; never a password or a
    token."""

    of: str
    state: FindingState
    says: str


def examine(environment: Mapping[str, str] = os.environ) -> list[Finding]:
    """Checks everything, in the order in which a start needs it."""
    looks: tuple[Callable[[Mapping[str, str]], Iterator[Finding]], ...] = (
        _packages, _settings, _weights, _training_data, _storage, _database, _people, _hub, _machine,
    )  # fmt: skip
    return [finding for look in looks for finding in look(environment)]


def _packages(environment: Mapping[str, str]) -> Iterator[Finding]:
    wanted = [Requirement(line) for line in _REQUIREMENTS.read_text(encoding="utf-8").splitlines() if line.strip()]
    wrong = [said for requirement in wanted if (said := _lacks(requirement))]
    if wrong:
        yield Finding("packages", "wrong", f"{'; '.join(wrong)}: run `pip install -r requirements.txt`.")
    else:
        yield Finding("packages", "ok", f"all {len(wanted)} of requirements.txt, gradio {metadata.version('gradio')}")


def _lacks(requirement: Requirement) -> str:
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return f"{requirement.name} is missing"
    if requirement.specifier.contains(version.partition("+")[0], prereleases=True):
        return ""
    return f"{requirement.name} is {version}, wanted {requirement.specifier}"


def _settings(environment: Mapping[str, str]) -> Iterator[Finding]:
    try:
        yield Finding("port", "ok", str(served_port(environment)))
    except BoneGradeError as error:
        yield Finding("port", "wrong", str(error))
    for variable in (LOG_DAYS_VARIABLE, *RETENTION_VARIABLES):
        try:
            days_kept(variable, environment)
        except BoneGradeError as error:
            yield Finding("retention", "wrong", str(error))
    for variable in ("OMP_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"):
        given = environment.get(variable, "1")
        if not re.fullmatch(r"[1-9]\d*(,[1-9]\d*)*", given):
            yield Finding("threads", "wrong", f"{variable} is {given!r}: set a number of threads, or unset it.")


def _weights(environment: Mapping[str, str]) -> Iterator[Finding]:
    try:
        live = live_model(environment)
        loaded = [load_localizer(folder=live.folder)[1], load_grader(folder=live.folder)[1].sha256]
        second = load_whole_hands(live.folder)
    except (WeightsError, BoneGradeError, OSError) as error:
        yield Finding("weights", "wrong", str(error))
        return
    named = [*loaded, *(file.sha256 for _, file in second.values())]
    says = f"version {live.version}: {', '.join(sha256[:8] for sha256 in named)}, as the registry has them"
    if not second:
        yield Finding("weights", "note", f"{says}; without a network that looks at the whole hand.")
    else:
        yield Finding("weights", "ok", says)


def _training_data(environment: Mapping[str, str]) -> Iterator[Finding]:
    try:
        found = training_data(environment)
    except BoneGradeError as error:
        yield Finding("training data", "wrong", str(error))
        return
    says = f"runs of the Train tab learn from the ledger alone ({TRAINING_DATA_VARIABLE} is not set)"
    if found is not None:
        says = f"{found.folder}: {found.train} hands and {found.exemplars} exemplars to see again; hands of val: {found.val}"
    yield Finding("training data", "ok", says)


def _storage(environment: Mapping[str, str]) -> Iterator[Finding]:
    settings = LedgerSettings.from_environment(environment)
    if settings.secret:
        try:
            Pseudonyms.given(settings.secret)
        except DamagedStore as error:
            yield Finding("storage", "wrong", str(error))
            return
    folder = settings.folder
    there = nearest(folder)
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        yield Finding(
            "storage", "wrong", f"{there} cannot be written by this user: let BONEGRADE_DATA name a folder that can."
        )
        return
    free = shutil.disk_usage(there).free / 1e9
    if free < _LEAST_FREE_GB:
        yield Finding("storage", "wrong", f"{folder} has {free:.1f} GB left, {_LEAST_FREE_GB:g} are wanted: make room.")
    elif _is_demo(settings, environment):
        yield Finding("storage", "ok", "nothing is kept in a demo, so nothing has to outlive a restart")
    elif not outlives_restart(environment) and not settings.url.startswith("sqlite"):
        yield Finding(
            "storage",
            "wrong",
            f"{folder} is lost at each restart of the Space, and with it the secret of patients' pseudonyms, without which the "
            f"database is not opened again: set {SECRET_VARIABLE}, as a secret of the Space, to 32 or more bytes drawn at "
            "random (`python -c 'import secrets; print(secrets.token_hex(32))'`) before anything is kept, or, where a ledger "
            "is in use, to the hexadecimal digits of the folder's file patient_secret.",
        )
    elif not outlives_restart(environment):
        yield Finding(
            "storage",
            "wrong",
            f"{folder} is lost at each restart of the Space, and readers' corrections with it: let {HUB_DATASET_VARIABLE} "
            f"name a private dataset, or BONEGRADE_DB a PostgreSQL database (with {SECRET_VARIABLE}), or attach storage and "
            "let BONEGRADE_DATA name a folder there.",
        )
    elif settings.url.startswith("sqlite") and forgets_folder(environment):
        yield Finding(
            "storage",
            "note",
            f"{folder} is lost at each restart of the Space, and the ledger starts empty: what was pushed to the hub before "
            "can then be erased only there, by hand. Use BONEGRADE_DB or attached storage where consents may be taken back.",
        )
    elif settings.url.startswith("sqlite") and is_over_network(folder):
        yield Finding(
            "storage",
            "note",
            f"{folder} is mounted over a network, which may get what SQLite writes only when the app stops: let BONEGRADE_DB "
            "name a PostgreSQL database, or BONEGRADE_DATA a folder on a disk of which `python -m core backup` makes copies "
            "there.",
        )
    else:
        yield Finding("storage", "ok", f"{folder}, {free:.0f} GB free{'' if there == folder else '; it will be made'}")


def _is_demo(settings: LedgerSettings, environment: Mapping[str, str]) -> bool:
    """Returns whether anybody is let in and nothing is kept; _people says what is wrong with the settings for people."""
    try:
        return AccessSettings.from_environment(Users(settings.folder), environment).mode == "demo"
    except BoneGradeError:
        return False


def _database(environment: Mapping[str, str]) -> Iterator[Finding]:
    settings = LedgerSettings.from_environment(environment)
    if not _has_ledger(settings):
        yield Finding("ledger", "ok", "none yet; it will be made when the app starts")
        return
    try:
        with _connected(settings) as connection:
            made = inspect(connection).has_table("film")
    except (SQLAlchemyError, ImportError):
        yield Finding(
            "ledger",
            "wrong",
            "the database does not answer: check that it runs, and BONEGRADE_DB (postgresql://user:password@host/name).",
        )
        return
    kind = "SQLite" if settings.url.startswith("sqlite") else "PostgreSQL"
    yield Finding(
        "ledger", "ok", f"{kind} answers" if made else f"{kind} answers; its tables will be made at the start"
    )


def _has_ledger(settings: LedgerSettings) -> bool:
    """Returns whether there is a database to ask; connecting to SQLite would create one."""
    return not settings.url.startswith("sqlite") or (settings.folder / "ledger.sqlite").exists()


@contextmanager
def _connected(settings: LedgerSettings) -> Iterator[Connection]:
    """Connects to the ledger's database, with a short wait for a server that does not answer."""
    sqlite = settings.url.startswith("sqlite")
    engine = create_engine(settings.url, connect_args={} if sqlite else {"connect_timeout": _CONNECT_SECONDS})
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _people(environment: Mapping[str, str]) -> Iterator[Finding]:
    users = Users(LedgerSettings.from_environment(environment).folder)
    try:
        access = AccessSettings.from_environment(users, environment)
        roles = access.people(users)
    except BoneGradeError as error:
        yield Finding("people", "wrong", str(error))
        return
    if access.mode == "local":
        yield Finding("people", "ok", "this machine's user alone, with every role")
    elif access.mode == "space":
        yield Finding("people", "ok", "sign in with their Hugging Face account; the Space's owner is an admin")
    elif access.mode == "demo":
        says = (
            "anybody is a guest and nothing is kept: set `hf_oauth: true` to collect readings."
            if access.on_a_space
            else f"served on {served_host(environment)} with no login, so nothing is kept: "
            "`python -m core users add NAME --role admin`."
        )
        yield Finding("people", "note", says)
    else:
        by_proxy = f"the proxy's header {access.header} says who they are"
        way = by_proxy if access.mode == "proxy" else f"{len(users.roles())} in the users file"
        if Role.ADMIN in roles.values():
            yield Finding("people", "ok", way)
        else:
            yield Finding(
                "people", "note", f"{way}, and none is an admin: `python -m core users add NAME --role admin`."
            )


def _hub(environment: Mapping[str, str]) -> Iterator[Finding]:
    repo, token = environment.get(HUB_DATASET_VARIABLE, ""), environment.get("HF_TOKEN") or get_token()
    if not repo and (waiting := _waiting_for_hub(environment)):
        yield Finding(
            "hub",
            "wrong",
            f"{waiting} erased film{'' if waiting == 1 else 's'} may still be on the hub, and "
            f"{HUB_DATASET_VARIABLE} is not set: name the dataset that they were pushed to "
            "and start the app, which removes them there.",
        )
    elif not repo:
        yield Finding("hub", "ok", f"not used ({HUB_DATASET_VARIABLE} is not set)")
    elif not token:
        yield Finding("hub", "wrong", f"there is no token for {repo}: set HF_TOKEN to one that may write there.")
    else:
        try:
            private = HfApi(token=token).repo_info(repo_id=repo, repo_type="dataset", timeout=_CONNECT_SECONDS).private
        except Exception as error:  # the hub's client lets errors of several libraries through
            yield Finding(
                "hub",
                "note",
                f"{repo} was not seen ({type(error).__name__}): it is made private at the first push if it is not there; "
                "if it is, check its name, the network and the token.",
            )
            return
        if private:
            yield Finding("hub", "ok", f"{repo} is private")
        else:
            yield Finding("hub", "wrong", f"everybody can see {repo}: make it private, or name another dataset.")


def _waiting_for_hub(environment: Mapping[str, str]) -> int:
    """Returns how many erasures have not reached the hub yet; 0 where the database does not say, which another finding
    reports."""
    settings = LedgerSettings.from_environment(environment)
    if not _has_ledger(settings):
        return 0
    try:
        with _connected(settings) as connection:
            return len(erasures.unfinished(connection, here=False))
    except (SQLAlchemyError, ImportError):
        return 0


def _machine(environment: Mapping[str, str]) -> Iterator[Finding]:
    if on_zero_gpu(environment):
        if find_spec("spaces") is None:
            yield Finding(
                "GPU", "wrong", "ZeroGPU starts nothing without the package spaces: run `pip install spaces`."
            )
        else:
            yield Finding("GPU", "ok", f"ZeroGPU, which nothing here waits for; {cores()} cores assess and fine-tune")
    elif torch.cuda.is_available():
        yield Finding("GPU", "ok", torch.cuda.get_device_name())
    else:
        says = f"none, {cores()} cores: enough to assess; a fine-tuning takes longer than on a GPU"
        yield Finding("GPU", "ok", says)


def as_text(findings: list[Finding]) -> str:
    """Returns a line for each finding, and a summary."""
    width = max(len(finding.of) for finding in findings)
    lines = [f"{finding.state:5}  {finding.of:{width}}  {finding.says}" for finding in findings]
    wrong = sum(finding.state == "wrong" for finding in findings)
    lines.append("" if not wrong else f"\n{wrong} to put right before the app is served.")
    return "\n".join(lines).rstrip()
