"""What does every point of a design space cost? `sweep` evaluates a grid of networks, options and machines."""

from costmodel.whatif.sweep.run import sweep

__all__ = ["sweep"]
