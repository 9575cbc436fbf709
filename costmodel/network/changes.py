"""What rewrites did to a network: records, and their table."""

from __future__ import annotations

from typing import Any, NamedTuple

from costmodel.tables import Column, Table


class Change(NamedTuple):
    """Something that a rewrite changed.

    Examples
    --------
    >>> import costmodel as cm
    >>> thin = cm.zoo.lenet_5_caffe().rewrite(cm.rewrites.Classes(5))
    >>> thin.changes.made[0].before, thin.changes.made[0].after
    (10, 5)
    """

    rewrite: str
    node: str
    what: str
    before: Any
    after: Any


class Left(NamedTuple):
    """A node that a rewrite could have changed, and left alone.

    Examples
    --------
    >>> Left("Width", "fc", "the network returns it").why
    'the network returns it'
    """

    rewrite: str
    node: str
    why: str


class Changes(tuple[Change | Left, ...]):
    """The records of all rewrites of a network, in their order. A tuple; printed it is a table.

    Examples
    --------
    >>> changes = Changes([Change("Kernel", "conv1", "kernel_size", 3, 5), Left("Kernel", "fc", "no kernel")])
    >>> len(changes.made), len(changes.left), changes.table.notes
    (1, 1, ('1 changed, 1 left alone',))
    """

    __slots__ = ()

    @property
    def made(self) -> tuple[Change, ...]:
        """What was changed."""
        return tuple([record for record in self if isinstance(record, Change)])

    @property
    def left(self) -> tuple[Left, ...]:
        """What was left alone."""
        return tuple([record for record in self if isinstance(record, Left)])

    @property
    def table(self) -> Table:
        """A row a record."""
        columns = [
            Column("rewrite", "rewrite"), Column("node", "layer"), Column("what", "what"), Column("before", "before"),
            Column("after", "after"), Column("why", "why left alone"),
        ]  # fmt: skip
        notes = [f"{len(self.made)} changed, {len(self.left)} left alone"]
        return Table(columns, [record._asdict() for record in self], title="Changes", notes=notes)

    def __str__(self) -> str:
        return self.table.to_text()

    def _repr_html_(self) -> str:
        return self.table.to_html()
