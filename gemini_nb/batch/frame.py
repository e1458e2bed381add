"""A batch's rows as a data frame of pandas or polars, to be joined to the table that they came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gemini_nb.batch.rows import replace_in_rows
from gemini_nb.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gemini_nb.batch.rows import Row
    from gemini_nb.batch.source import Source

ROW_NUMBER = "row"  # in a frame of polars, which has no index: the place of the row in the source


def make_frame(
    rows: Sequence[Row],
    source: Source | None,
    *,
    types: Mapping[Any, str],
    objects: Mapping[Any, Sequence[Any]],
    with_source: bool,
) -> Any:
    """Return a frame of polars where the source is one, else of pandas, with the source's index.

    `types` are pyarrow's names for the types of columns, `objects` more columns, of Python objects.
    `with_source` puts the source's columns before all. Raises `ArgumentError` where pandas is not installed.
    """
    if source is not None and source.is_polars:
        return _make_polars_frame(rows, source, types=types, objects=objects, with_source=with_source)
    try:
        import pandas as pd  # noqa: PLC0415 - optional
    except ImportError:
        raise ArgumentError("to_frame() needs pandas.", hint="pip install pandas, or use rows().") from None
    frame = pd.DataFrame(list(rows))
    for name, values in objects.items():
        frame[name] = pd.Series(values, dtype=object)
    if source is None:
        return frame
    table = source.table if source.is_pandas else pd.DataFrame(replace_in_rows(source.table), source.numbers)
    frame.index = table.index
    if table.columns.nlevels > 1:  # pandas joins columns of equally many levels only
        padding = ("",) * (table.columns.nlevels - 1)
        frame.columns = pd.MultiIndex.from_tuples([(name, *padding) for name in frame.columns])
    return pd.concat([table, frame], axis="columns") if with_source else frame


def _make_polars_frame(
    rows: Sequence[Row],
    source: Source,
    *,
    types: Mapping[Any, str],
    objects: Mapping[Any, Sequence[Any]],
    with_source: bool,
) -> Any:
    import polars as pl  # noqa: PLC0415 - optional

    classes = {"int64": pl.Int64, "string": pl.String, "float64": pl.Float64, "bool": pl.Boolean}
    overrides = {name: classes[kind] for name, kind in types.items()}
    frame = pl.DataFrame(list(rows), schema_overrides=overrides, infer_schema_length=None, strict=False)
    frame = frame.with_columns([pl.Series(name, values, dtype=pl.Object) for name, values in objects.items()])
    name = ROW_NUMBER
    while name in source.columns or name in frame.columns:
        name = f"image_{name}"
    frame = frame.insert_column(0, pl.Series(name, source.numbers, dtype=pl.get_index_type()))
    return pl.concat([source.table, frame], how="horizontal") if with_source else frame
