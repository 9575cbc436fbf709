"""Which channels of a network go together: residual sums tie them, concatenations put them in a row, reshapes multiply them.

Each layer that chooses how many channels it gives makes an `Axis`. What any tensor has along any of its axes is a `Layout`: parts in a
row, each some whole number of times an axis, or a plain size. Walking through the network once says the layout of every tensor; where
two must agree, one is bound to the other. Given new sizes of the axes that are left, every layer is made anew with the sizes that follow.

A new kind of layer that gives each axis as it got it needs nothing here; any other has a rule in `rules`. What can't be followed stays as
it is, and says why.
"""

from costmodel.network.channels.analysis import Channels
from costmodel.network.channels.layouts import Axis, Layout, Part
from costmodel.network.channels.rules import RULES

__all__ = ["RULES", "Axis", "Channels", "Layout", "Part"]
