"""What every test relies on: one torch thread, because the machine's cores are shared; no mirror unasked."""

from __future__ import annotations

import os

import torch

os.environ.setdefault("STEPWISE_MIRROR", "off")
torch.set_num_threads(1)
