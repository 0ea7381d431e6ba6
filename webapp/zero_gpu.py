"""What a Space on Hugging Face's ZeroGPU needs to start.

ZeroGPU lends a GPU for the length of a call to functions that ask for one, and ends a Space that has none. Nothing that a
visitor waits for gains by it: two cores assess a film and draw its maps in under a second, while a GPU has to be waited for and
comes off the visitor's daily quota; and a fine-tuning is a process of its own, and longer than a call may be. So one
function asks, and no visitor's click calls it.
"""

from typing import Final

from core.errors import BoneGradeError

_SECONDS: Final = 5


def announce() -> None:
    """Has ZeroGPU told of the one function when the page is launched. Call it before torch is loaded.

    Raises BoneGradeError where the package that a Space provides is missing.
    """
    try:
        # Imported here because only ZeroGPU has it, and because it loads torch.
        import spaces
    except ImportError as error:
        raise BoneGradeError("A Space on ZeroGPU needs the package spaces: run `pip install spaces`.") from error
    spaces.GPU(duration=_SECONDS)(lent_gpu)


def lent_gpu() -> str:
    """The name of the GPU that is lent."""
    # Imported here because torch takes seconds to import, and only ZeroGPU calls this.
    import torch

    return torch.cuda.get_device_name()
