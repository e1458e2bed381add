"""The studio: widgets that make pictures beside the code, and a gallery that is saved with the notebook."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from gemini_nb.errors import ArgumentError
from gemini_nb.notebook.studio.album import Album
from gemini_nb.notebook.studio.controller import StudioController
from gemini_nb.notebook.studio.recall import CellMemory

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from gemini_nb.generation import Generation
    from gemini_nb.notebook.session import Session


class Studio:
    """A studio for the notebook that runs, or for `shell`; showing it draws its controls and its gallery.

    `pictures` are results of other cells to begin with. Run again in the same cell it is the one that was
    there: its prompt, its pictures, what it is making. Raises `ArgumentError` outside of IPython.
    """

    def __init__(self, *pictures: Generation, shell: InteractiveShell | None = None) -> None:
        shell = shell or _current_shell()
        session = _load_session(shell)
        if shell not in _studios:
            _studios[shell] = _ShellStudios(Album())
        studios = _studios[shell]
        self._album = studios.album
        self._controller = studios.controller_for_cell(shell, session)
        for picture in pictures:
            self._album.add(picture)

    @property
    def pictures(self) -> list[Generation]:
        """The pictures of this session, oldest first, begun with those that its studios had before."""
        return [entry.generation for entry in self._album.entries]

    def close(self) -> None:
        """Stop what is being made and take the controls away; the gallery stays."""
        self._controller.close()

    def __repr__(self) -> str:
        return f"<Studio of {len(self._album.entries)} pictures>"

    def _ipython_display_(self) -> None:
        self._controller.show()


@dataclass
class _ShellStudios:
    """A shell's pictures, and its studios by the cell they stand in: what outlives the run of a cell."""

    album: Album
    _controllers: dict[tuple[str, int], StudioController] = field(default_factory=dict)
    _memories: dict[str, CellMemory] = field(default_factory=dict)
    _last_run: str = ""
    _count: int = 0

    def controller_for_cell(self, shell: InteractiveShell, session: Session) -> StudioController:
        """Return the controller of the cell that runs: the one it had, or a new one."""
        header = getattr(shell, "parent_header", None) or {}
        run = str(header.get("header", {}).get("msg_id", ""))
        cell = str(header.get("metadata", {}).get("cellId", ""))
        self._count = self._count + 1 if run == self._last_run else 0  # a cell may hold several
        self._last_run = run
        if not cell:
            return StudioController(session, self.album)
        if cell not in self._memories:
            self._memories[cell] = CellMemory(session, self.album, cell)
            self._memories[cell].start()
        place = (cell, self._count)
        if place not in self._controllers or self._controllers[place].is_closed:
            self._controllers[place] = StudioController(session, self.album)
        return self._controllers[place]


_studios: WeakKeyDictionary[InteractiveShell, _ShellStudios] = WeakKeyDictionary()


def album_of(shell: InteractiveShell) -> Album:
    """Return the pictures of the session's studios; raise `ArgumentError` before the first."""
    if shell not in _studios:
        raise ArgumentError("There is no studio in this session yet.", hint="%gemini studio opens one.")
    return _studios[shell].album


def _current_shell() -> InteractiveShell:
    from IPython import get_ipython  # noqa: PLC0415 - here only in a notebook

    shell: InteractiveShell | None = get_ipython()
    if shell is None:
        raise ArgumentError(
            "The studio needs IPython, as Jupyter notebooks have it.", hint="Client makes pictures anywhere."
        )
    return shell


def _load_session(shell: InteractiveShell) -> Session:
    """Return the shell's session, which the studio shares; load the extension if it is not loaded."""
    registry: dict[str, Any] = shell.magics_manager.registry
    if "GeminiMagics" not in registry:
        shell.run_line_magic("load_ext", "gemini_nb")
    session: Session = registry["GeminiMagics"].session
    return session
