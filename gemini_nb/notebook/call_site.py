"""Where a cell calls a magic: what becomes of the value, and whether the cell did anything before.

IPython tells a magic neither. Both can be read from the frame that calls it: from the instruction after the
call, and from the cell's source, which IPython keeps for its tracebacks.
"""

from __future__ import annotations

import ast
import dis
import inspect
import linecache
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

if TYPE_CHECKING:
    from types import FrameType

    Value = Literal["displayed", "dropped", "taken"]

Result = TypeVar("Result")

_RUNNERS = ("run_line_magic", "run_cell_magic")  # of IPython's shell; a cell is rewritten to call them


@dataclass(frozen=True)
class CallSite:
    """The place of a call.

    `value` is "displayed" where it is the cell's result, "dropped" where the call is a statement of its own,
    as in a loop, and "taken" by an assignment or any other code. `is_first` says that the call is the first
    statement of its cell, so that nothing stands under the cell yet.
    """

    value: Value
    is_first: bool

    @property
    def is_taken(self) -> bool:
        """Whether other code goes on with the value."""
        return self.value == "taken"

    def show(self, result: Result) -> Result:
        """Return a magic's result; display it where it would be dropped."""
        if self.value == "dropped" and result is not None:
            from IPython.display import display  # noqa: PLC0415 - here only in a shell

            display(result)
        return result


ELSEWHERE = CallSite("taken", is_first=False)  # called as a function, without IPython


def find() -> CallSite:
    """Return where the running magic was called."""
    frame = _find_caller()
    if frame is None:
        return ELSEWHERE
    instructions = list(dis.get_instructions(frame.f_code))
    after = next(place for place, other in enumerate(instructions) if other.offset > frame.f_lasti)
    call, following = instructions[after - 1 : after + 1]
    return CallSite(_find_use(following), is_first=_is_first(frame, call))


def _find_caller() -> FrameType | None:
    """Return the frame of the code that had IPython run this magic."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_name not in _RUNNERS:
        frame = frame.f_back
    while frame is not None and frame.f_code.co_name in _RUNNERS:
        frame = frame.f_back
    return frame


def _find_use(following: dis.Instruction) -> Value:
    """Tell from the instruction after a call what becomes of its value."""
    if following.opname == "POP_TOP":
        return "dropped"
    is_displayed = following.opname == "PRINT_EXPR" or following.argrepr == "INTRINSIC_PRINT"  # 3.11; 3.12
    return "displayed" if is_displayed else "taken"


def _is_first(frame: FrameType, call: dis.Instruction) -> bool:
    """Whether a call is the first statement of a cell, and that cell is not run by another one."""
    callers = [outer.f_code.co_name for outer, _line in traceback.walk_stack(frame.f_back)]
    if callers[:1] != ["run_code"] or callers.count("run_code") > 1:  # the function that runs a cell's code
        return False
    try:
        statements = ast.parse("".join(linecache.getlines(frame.f_code.co_filename))).body
    except SyntaxError:
        return False
    match statements[:1]:
        case [ast.Expr(value=ast.Call() as first) | ast.Assign(value=ast.Call() as first)]:
            positions = call.positions
            is_rewritten = all(isinstance(argument, ast.Constant) for argument in first.args)
            return (
                is_rewritten
                and positions is not None
                and (positions.lineno, positions.col_offset) == (first.lineno, first.col_offset)
            )
    return False
