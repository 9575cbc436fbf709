"""Configuration of the documentation build. Every page with code is executed; an error or a warning fails the build."""

from __future__ import annotations

import inspect
import os
import shutil
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import generate  # noqa: E402
from nbclient import NotebookClient  # noqa: E402

import costmodel  # noqa: E402

# Cells that run shell commands find the `costmodel` of this environment.
os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
# Kernels import the package beside this folder, installed or not.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(HERE.parent), os.environ.get("PYTHONPATH", ""))))
# The kernel runs no debugger; without this it warns about frozen modules.
os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"

# Output that arrives in pieces is joined as it is: myst-nb's own merging would break a line at each piece.
NotebookClient.coalesce_streams = True

project = "costmodel"
author = "The costmodel developers"
copyright = "the costmodel developers"  # noqa: A001
version = release = costmodel.__version__

extensions = ["mathml", "myst_nb", "numpydoc", "sphinx.ext.autodoc"]

source_suffix = {".rst": "restructuredtext", ".md": "myst-nb"}
exclude_patterns = ["_build", "**/jupyter_execute", "jupyter_execute"]
language = "en_GB"
smartquotes = False  # options of the shell keep their two dashes
nitpicky = False

# Notebooks.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 60
nb_execution_in_temp = True
nb_merge_streams = True
nb_render_markdown_format = "myst"  # explanations hold formulas
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

# API reference.
autodoc_member_order = "bysource"
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

# Look.
html_math_renderer = "mathml"
html_theme = "furo"
html_title = f"costmodel {release}"
html_static_path = ["_static"]
html_css_files = ["costmodel.css"]
html_show_sourcelink = False


def _copy_examples() -> None:
    """Copy examples/*.md into the source tree, so that they are executed and shown as pages."""
    target = HERE / "_examples"
    target.mkdir(exist_ok=True)
    for page in sorted((HERE.parent / "examples").glob("*.md")):
        copy = target / page.name
        if not copy.exists() or copy.read_bytes() != page.read_bytes():
            shutil.copyfile(page, copy)


_copy_examples()
generate.write(HERE / "reference" / "generated")


def _inherit(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Give a class without a docstring that of its nearest parent: Conv2d is documented where all convolutions are.

    Layers and networks get their worked examples.
    """
    if what == "class" and not any(lines):
        lines[:] = (inspect.getdoc(thing) or "").splitlines()
    if "Examples" not in lines:
        lines += generate.worked_examples(thing)


def setup(app: Any) -> None:
    """Connect what this file adds to Sphinx."""
    app.connect("autodoc-process-docstring", _inherit, priority=100)
