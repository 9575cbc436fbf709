"""Formulas as MathML, written at the build by what docutils has for it: pages need no script and no network to show them."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

logger = logging.getLogger(__name__)


def inline(writer: Any, node: nodes.math) -> None:
    """Write a formula within a line."""
    writer.body += [writer.starttag(node, "span", "", CLASS="math"), _mathml(node), "</span>"]
    raise nodes.SkipNode


def block(writer: Any, node: nodes.math_block) -> None:
    """Write a formula of its own."""
    writer.body += [writer.starttag(node, "div", CLASS="math"), _mathml(node, as_block=True), "</div>\n"]
    raise nodes.SkipNode


def _mathml(node: nodes.Element, as_block: bool = False) -> str:
    """A formula as MathML, on one line; what is not understood is warned of, so that the build fails."""
    try:
        if re.search(r"\\[dt]?frac\s*\d", node.astext()):
            raise MathError("docutils takes all digits for the numerator; write both parts of a fraction in braces")
        lines = tex2mathml(node.astext(), as_block=as_block).splitlines()
    except MathError as error:
        logger.warning("formula %r: %s", node.astext(), error, location=node)
        return ""
    # Text counts as space in MathML, so that an equals sign beside nothing else stands close to it. An upright name does not.
    return "".join(map(str.strip, lines)).replace("<mtext", '<mi mathvariant="normal"').replace("</mtext>", "</mi>")


def setup(app: Any) -> dict[str, Any]:
    """Give Sphinx the renderer `mathml`."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
