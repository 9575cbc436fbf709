"""The machine: a few figures, each with its source."""

from costmodel.hardware.machine import Error, Hardware, Provenance

__all__ = ["Error", "Hardware", "Provenance"]
