"""The commands by name, each imported when it is called."""

import importlib
from typing import Any, Final

from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

#: By name: the module of core.commands that has the command, and what it does, as its own help begins.
COMMANDS: Final = {
    "assess": ("assess", "Assesses one film."),
    "assess-batch": (
        "assess_batch",
        "Assesses many films, on this machine or on many: one row per film, failures apart; run again to continue.",
    ),
    "evaluate": (
        "evaluate",
        "Measures boxes, bone ages, their intervals and whether grades rise with age, on labelled films.",
    ),
    "evaluate-grades": (
        "evaluate",
        "Measures grades on crops that a person graded: exact, within one, and kappa, in all and by bone.",
    ),
    "evaluate-places": (
        "evaluate",
        "Measures where the bones are found against ossification boxes and joints that other people marked.",
    ),
    "evaluate-refusals": (
        "evaluate",
        "Measures what is refused, mature or warned of: pictures that should get no child's age, and hands that should.",
    ),
    "stress": (
        "stress",
        "Measures how far the age moves when the same hand comes on another film, and whether non-hands are refused.",
    ),
    "explanation-checks": (
        "maps",
        "Measures whether the maps change with the weights, lie on the growth plate, and mark what the grade rests on.",
    ),
    "map-guide": (
        "maps",
        "Measures the scales that maps are shown on, the channels that tell grades apart, and which stage to show first.",
    ),
    "export": (
        "dataset",
        "Writes the ledger as a dataset: the same revision and options always make the same bytes.",
    ),
    "import": ("dataset", "Imports labels that exist already: all of them or, where one is wrong, none."),
    "copies": (
        "dataset",
        "Lists films that look the same, in another file or cropped; first compares films not yet compared.",
    ),
    "backup": (
        "backup",
        "Copies database, pictures, users, logs and promoted weights into a new folder, while the app may run.",
    ),
    "restore": ("backup", "Restores a backup where there is no ledger yet; stop the app first."),
    "erase": ("erase", "Removes from the ledger what somebody no longer agrees to."),
    "finetune": (
        "finetune",
        "Learns from readers' grades and boxes, and leaves candidate weights in the run's folder; the model in use stays.",
    ),
    "finetune-on-hub": (
        "finetune_on_hub",
        "Runs `finetune` as a Hugging Face Job, follows it, and fetches the candidate; only films that may be shared are sent.",
    ),
    "promote": (
        "promotion",
        "Compares a run with the live model on the gold films, and makes it live where nothing is worse and something better.",
    ),
    "rollback": ("promotion", "Makes the previous model live again."),
    "compare-models": ("promotion", "Shows what the live model and another one say of one film, side by side."),
    "doctor": (
        "doctor",
        "Checks packages, settings, weights, data, people, hub and GPU, and says what is missing.",
    ),
    "users": ("users", "The people who may sign in, and their roles."),
    "tokens": ("tokens", "The programs that may come in by the API, and what each may do."),
    "experiment": ("experiment", "Reruns the experiments whose results docs/ reports."),
    "train": ("train", "The programs that made the shipped weights and examples."),
}


class CommandGroup(TyperGroup):
    """All commands. A command's module imports what it needs at its top, and is itself imported when it is called.

    Most need torch, which takes about two seconds to import; `users`, `tokens` and `--help` do not.
    """

    def __init__(self, **options: Any):
        super().__init__(**options)
        for name, (_, sentence) in COMMANDS.items():
            self.add_command(TyperCommand(name, help=sentence))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Returns name, command and the remaining arguments, as click asks for them."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, None if name is None else command_of(name), rest


def command_of(name: str) -> Any:
    """Returns the command or group of a name in COMMANDS."""
    module, _ = COMMANDS[name]
    built = get_command(importlib.import_module(f"core.commands.{module}").app)
    return built.commands.get(name, built) if isinstance(built, TyperGroup) else built
