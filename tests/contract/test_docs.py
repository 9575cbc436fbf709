"""The documentation: every public name has an example, and every block of code runs or says why it doesn't.

What is executed when the pages are built isn't tried again; links, pictures' texts and the entries of the reference are checked by
`docs/check_site.py` on the built pages.
"""

import html
import importlib.util
import inspect
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

import costmodel as cm

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "examples").glob("*.md"))]
NOT_RUN = re.compile(r"<!-- not run: .+ -->")
DATA = {"text", "toml", "yaml"}
"""What a block may be that is no code."""


def module(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec
    assert spec.loader
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


NAMES: list[tuple[str, Any]] = list(module("docs/check_site.py").public_names())


class Block(NamedTuple):
    page: str
    line: int
    language: str
    text: str
    not_run: bool


def blocks() -> Iterator[Block]:
    """Every fenced block."""
    for path in PAGES:
        lines = path.read_text(encoding="utf-8").split("\n")
        fence = re.compile(r"^\s*```+\s*(\S*)")
        start = None
        for number, line in enumerate(lines):
            if (found := fence.match(line)) is None:
                continue
            if start is None:
                start, language = number, found[1]
            else:
                before = next((text for text in reversed(lines[:start]) if text.strip()), "")
                text = "\n".join(lines[start + 1 : number])
                yield Block(path.relative_to(ROOT).as_posix(), start + 1, language, text, bool(NOT_RUN.fullmatch(before)))
                start = None
        assert start is None, f"{path}: a block has no end"


BLOCKS = list(blocks())


def test_blocks_of_code_are_of_known_languages() -> None:
    unknown = [(b.page, b.line, b.language) for b in BLOCKS if b.language not in DATA | {"python", "console"} and b.language[:1] != "{"]
    assert unknown == []


@pytest.mark.parametrize(("name", "thing"), NAMES, ids=[name for name, _ in NAMES])
def test_every_public_name_has_an_example(name: str, thing: Any) -> None:
    """A doctest; layers have worked examples, networks are built in the reference. Modules and plain values need none."""
    if isinstance(thing, type) and thing in cm.layers.LAYERS.values():
        assert list(thing.examples())
    elif (inspect.isclass(thing) or inspect.isroutine(thing)) and thing not in cm.zoo.NETWORKS.values():
        assert re.search(r"^Examples\n-+\n(.|\n)*?>>> ", inspect.getdoc(thing) or "", re.M), f"{name} has no Examples section"


@pytest.mark.parametrize("page", sorted({b.page for b in BLOCKS if b.language == "python" and not b.not_run}))
def test_blocks_of_python_run(page: str, tmp_path: Path) -> None:
    """In a process of their own, for they register layers and networks."""
    code = ["import doctest", "space = {'__name__': 'page'}"]
    for b in BLOCKS:
        if b.page == page and b.language == "python" and not b.not_run:
            if ">>> " in b.text:
                made = f"doctest.DocTestParser().get_doctest({b.text + chr(10)!r}, space, {page!r}, {page!r}, {b.line})"
                code.append(f"assert doctest.DocTestRunner().run({made}, clear_globs=False).failed == 0")
            else:
                code.append(f"exec(compile({b.text!r}, '{page}:{b.line}', 'exec'), space)")
    done = subprocess.run([sys.executable, "-c", "\n".join(code)], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the pages speak of: a model, a chip, budgets."""
    onnx = pytest.importorskip("onnx", reason="the pages predict ONNX files")
    helper, float32 = onnx.helper, onnx.TensorProto.FLOAT
    node = helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1], name="conv")
    x, y = (helper.make_tensor_value_info(name, float32, shape) for name, shape in (("x", ["N", 3, "H", "W"]), ("y", None)))
    weights = helper.make_tensor("w", float32, [16, 3, 3, 3], [0.0] * 432)
    graph = helper.make_graph([node], "small", [x], [y], [weights])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), tmp_path / "open.onnx")
    x = helper.make_tensor_value_info("x", float32, [1, 3, 32, 32])
    graph = helper.make_graph([node], "small", [x], [y], [weights])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), tmp_path / "model.onnx")
    (chip,) = (b.text for b in BLOCKS if b.page == "README.md" and b.language == "toml")
    assert tomllib.loads(chip)["title"]
    (tmp_path / "chip.toml").write_text(chip, encoding="utf-8")
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


LINES = [(b.page, f"{b.page}:{b.line}", line[2:]) for b in BLOCKS if b.language == "console" and not b.not_run
         for line in b.text.split("\n") if line.startswith("$ ")]  # fmt: skip


@pytest.mark.parametrize("page", sorted({page for page, *_ in LINES}))
@pytest.mark.usefixtures("desk")
def test_lines_of_the_shell_run(page: str) -> None:
    """In their order. `costmodel` runs; of make and pip what they name must be there."""
    from costmodel.cli import app

    for place, line in [(place, line) for where, place, line in LINES if where == page]:
        program, *words = shlex.split(line, comments=True)
        if program == "costmodel":
            if {"--input", "--size"} & set(words):
                words = [word.replace("model.onnx", "open.onnx") for word in words]
            done = CliRunner().invoke(app, words, prog_name="costmodel")
            assert isinstance(done.exception, SystemExit | None), f"{place}: {line}: {done.exception}"
            assert done.exit_code == 0 or (done.exit_code, words[0]) == (1, "check"), f"{place}: {line}: {done.output}"
        elif program == "make":
            assert re.search(rf"^{words[0]}:", (ROOT / "Makefile").read_text(), re.M), f"{place}: {line}"
        elif program == "pip":
            extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
            assert words[0] == "install", f"{place}: {line}"
            assert set(re.findall(r"\w+", "".join(re.findall(r"\[(.*?)\]", words[-1])))) <= set(extras), f"{place}: {line}"
        else:
            assert program in ("python", "."), f"{place}: {line}: not known here"


def test_the_picture_of_the_readme_shows_what_is_predicted() -> None:
    drawn = module("docs/picture.py").table()
    picture = (ROOT / "docs" / "_static" / "mobilenet_v1.svg").read_text(encoding="utf-8")
    assert drawn.title in picture
    for row in drawn.rows:
        assert f">{html.escape(drawn.columns[-1].text(row['time']))}<" in picture
        assert row["layers"] in picture


def test_pictures_have_alternative_text() -> None:
    for path in PAGES:
        for text, source in re.findall(r"!\[(.*?)\]\((.*?)\)", path.read_text(encoding="utf-8")):
            assert len(text) > 20, f"{path.name}: say what {source} shows"
