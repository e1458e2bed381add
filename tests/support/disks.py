"""Disks that are full, as far as writing goes."""

from __future__ import annotations

from contextlib import contextmanager


@contextmanager
def full_disk(size: int):
    """No file of this process may grow past `size` bytes."""
    import resource  # here: not on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
