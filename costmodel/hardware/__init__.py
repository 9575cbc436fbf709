"""The machine: a few figures, each with its source."""

from costmodel.hardware.machine import Hardware, Provenance

__all__ = ["Hardware", "Provenance"]
