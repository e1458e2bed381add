"""A plugin for nbval's pytest: its kernels are those of the other tests."""

from __future__ import annotations

import nbval.kernel

from support.kernels import Manager

nbval.kernel.KernelManager = Manager  # there is no setting for it
