"""Runs trained networks on films: ONNX Runtime does in less than half of PyTorch's time what PyTorch does layer by layer.

It fuses a convolution with what follows it and lays pictures out in blocks that the processor's registers hold. The answers
are the network's own up to the order in which numbers are added.
"""

import functools
import math
import tempfile
import threading
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import onnxruntime
import torch
from torch import Tensor, nn

#: Version of the ONNX standard: the newest that every version of ONNX Runtime that may be installed knows.
_OPSET: Final = 17
_EXPORTING = threading.Lock()  # the exporter keeps its state in variables of its module


class Runner:
    """A network as it is when first asked, for batches of any size. May be asked from several threads, and be pickled.

    It computes with the threads that PyTorch has by then, or its share of them. Later changes to the network do not reach
    it: make another one. Raises RuntimeError where it is to be pickled after `make_ready`.
    """

    def __init__(self, network: nn.Module, example: Sequence[Tensor], any_size: bool, beside: int = 0):
        """example: what the network is given, each with the batch first; pictures may come in a few other sizes. any_size:
        whether they come in any size. beside: how many other networks compute at the same time, with threads of their own."""
        self._network: nn.Module | None = network
        self._example = tuple(example)
        self._any_size = any_size
        self._beside = beside
        self._session: onnxruntime.InferenceSession | None = None
        self._starting = threading.Lock()

    def __call__(self, *given: Tensor) -> list[Tensor]:
        """What the network says, output by output."""
        return self._run(given, None)

    def give_back(self) -> None:
        """Gives back the memory that all networks compute in; having it again takes the next film a tenth of its time. ONNX
        Runtime gives it back after a run, so a small picture is run. Does nothing before the first film."""
        if self._session is not None:
            self._run(self._example, _giving_back())

    def _run(self, given: Sequence[Tensor], options: onnxruntime.RunOptions | None) -> list[Tensor]:
        feed = {f"in{i}": tensor.contiguous().numpy() for i, tensor in enumerate(given)}
        return [torch.from_numpy(said) for said in self.start().run(None, feed, options)]

    def start(self) -> onnxruntime.InferenceSession:
        """Returns the session, which is made if there is none yet."""
        with self._starting:
            if self._session is None:
                assert self._network is not None  # released only once there is a session
                # By way of a file: given a model as bytes, ONNX Runtime's session keeps those bytes as well as the weights.
                with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                    model = Path(folder) / "network.onnx"
                    self._export(self._network, model)
                    self._session = _session(model, self._any_size, self._threads())
            return self._session

    def make_ready(self) -> None:
        """Makes it ready and releases the network, which would stay in memory a second time."""
        self.start()
        self._network = None

    def __getstate__(self) -> dict[str, Any]:
        if self._network is None:
            raise RuntimeError("A runner that has let go of its network cannot be pickled: make another one.")
        kept = {name: value for name, value in self.__dict__.items() if name not in ("_session", "_starting")}
        return kept

    def __setstate__(self, kept: dict[str, Any]) -> None:
        self.__dict__ |= kept
        self._session, self._starting = None, threading.Lock()

    def _threads(self) -> int:
        """Its share of PyTorch's, rounded up: threads that share a network's layers wait for each other after each layer, so
        two networks on a core each are done sooner than both on two."""
        return math.ceil(torch.get_num_threads() / (1 + self._beside))

    def _export(self, network: nn.Module, file: Path) -> None:
        """Writes the network as an ONNX model."""
        names = [f"in{i}" for i in range(len(self._example))]
        axes = {
            name: {axis: f"axis{axis}" for axis in (0, 2, 3) if axis < tensor.ndim}
            for name, tensor in zip(names, self._example, strict=True)
        }
        with _EXPORTING, torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the one that there is a newer exporter, which takes ten times as long
            torch.onnx.export(
                network.eval(),
                self._example,
                str(file),
                input_names=names,
                dynamic_axes=axes,
                opset_version=_OPSET,
                dynamo=False,
            )


@functools.cache
def _share_memory() -> None:
    """Has all networks compute in the same memory, which grows only as far as needed."""
    place = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    onnxruntime.create_and_register_allocator(place, onnxruntime.OrtArenaCfg({"arena_extend_strategy": 1}))


@functools.cache
def _giving_back() -> onnxruntime.RunOptions:
    options = onnxruntime.RunOptions()
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return options


def _session(model: Path, any_size: bool, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that spin while they wait take the cores from others, see core.machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    # It would reserve in one piece what a film of this size needs, on top of what films of other sizes have needed.
    options.enable_mem_pattern = False
    if any_size:  # it would keep the memory that the largest picture so far took
        options.enable_cpu_mem_arena = False
    else:
        _share_memory()
        options.add_session_config_entry("session.use_env_allocators", "1")
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
