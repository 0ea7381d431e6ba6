"""Where a training computes."""

import pytest
import torch

from core.training.loop.device import CPU, DeviceError, device_of


def test_the_device_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert device_of("cpu") == CPU
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_of("auto") == CPU
    with pytest.raises(DeviceError, match=r"sees no GPU: .* --device cpu"):
        device_of("cuda")
    with pytest.raises(DeviceError, match="no device 'gpu': choose auto, cpu or cuda"):
        device_of("gpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device_of("auto") == device_of("cuda") == torch.device("cuda") and device_of("cpu") == CPU
