"""What the column of a class is called in tables, beside columns that are always called the same.

A class may have any name, ``file`` and ``notes`` among them. A table with two columns of one name is read wrongly by
nearly every program, so the column of such a class is ``class:notes``, in every table of every command, whether or not
that table has the other column; and so that nothing is called so otherwise, that of a class ``class:x`` is
``class:class:x``. JSON needs none of this: there classes have an object to themselves.
"""

from __future__ import annotations

PREFIX = "class:"
FIXED = frozenset(
    (
        # Answers and activity.
        *("file", "duration_seconds", "labels", "notes", "schema", "label_names", "model_sha256"),
        *("start_seconds", "end_seconds"),
        # Evaluations.
        *("label", "name", "song", "song_group", "part", "answers", "answer_names"),
        *("label_name", "predicted", "predicted_name", "aggregation", "regime", "level", "fold", "chosen_on"),
        # Manifests, which score files may be.
        *("path", "group", "split"),
    )
)
"""Columns that tables have beside those of the classes."""


def column_of(code: str) -> str:
    """Return what the column of a class is called.

    >>> column_of("violin"), column_of("notes")
    ('violin', 'class:notes')
    """
    return PREFIX + code if code in FIXED or code.startswith(PREFIX) else code


def class_of(column: str) -> str:
    """Return the class whose column is called so; what `column_of` would not write is a name as it stands."""
    code = column.removeprefix(PREFIX)
    return code if column_of(code) == column else column
