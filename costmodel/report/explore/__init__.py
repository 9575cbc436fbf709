"""The explorer: a page of its own whose figures follow its sliders, as the closed forms travel with it."""

from costmodel.report.explore.page import explorer

__all__ = ["explorer"]
