"""The dashboard as PDF and as a picture: by a browser of the machine, without a window."""

import io
import re
import shutil
import struct
import subprocess
import tempfile
import unicodedata
import zlib

import pytest
from pypdf import PdfReader

from pipeline.outputs.dashboard import write_file
from pipeline.outputs.dashboard.browser import WINDOW
from pipeline.outputs.dashboard.chosen import choose
from pipeline.outputs.dashboard.views import VIEWS
from pipeline.outputs.metrics import METRICS, query_metric
from pipeline.outputs.metrics.shown import shown
from pipeline.outputs.pages.ours import check_ours

WHERE = {"agent": ["claude_code", "codex"]}


@pytest.fixture(scope="module")
def chosen(database):
    return choose(database, where=WHERE)


@pytest.fixture(scope="module")
def written(browser_program, database, chosen, tmp_path_factory):
    """A PDF and a picture of the demo's company; what they leave behind fails the tests."""
    folder = tmp_path_factory.mktemp("files")
    left = folder / "temporary"
    left.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(left))
        files = [
            write_file(database, folder / f"x.{kind}", kind, views, chosen).file
            for kind, views in (("pdf", [*VIEWS]), ("png", ["cost"]))
        ]
    assert [*left.iterdir()] == []
    return files


def test_a_pdf_has_every_view_and_every_figure_of_its_cards(database, chosen, written):
    reader = PdfReader(io.BytesIO(written[0].read_bytes()))
    text = " ".join(
        unicodedata.normalize("NFKC", page.extract_text(extraction_mode="layout")) for page in reader.pages
    )
    words = " ".join(text.split())
    assert [view.name for view in VIEWS.values() if not re.search(rf"\b{view.name}\b", words)] == []
    missing = []
    for view in VIEWS.values():
        for name in view.figures:
            where = {kind: values for kind, values in WHERE.items() if kind in METRICS[name].dimensions}
            found = query_metric(database, name, where=where, since=chosen.first, until=chosen.last)
            if shown(METRICS[name].unit, found.total.value) not in words:
                missing.append((name, found.total.value))
    assert missing == []
    cost = query_metric(database, "cost", where=WHERE, since=chosen.first, until=chosen.last).total.value
    assert f"{shown('usd', cost)} went in" in words
    assert "only Claude Code, Codex" in words
    check_ours(written[0], "dashboard")


def test_no_word_of_a_pdf_is_cut(written):
    if not shutil.which("pdftotext"):
        pytest.skip("no pdftotext on this machine: apt-get install poppler-utils")
    boxes = subprocess.run(
        ["pdftotext", "-bbox", str(written[0]), "-"], capture_output=True, text=True, check=True
    ).stdout
    pages = re.findall(r'<page width="([\d.]+)" height="([\d.]+)">(.*?)</page>', boxes, re.DOTALL)
    assert len(pages) >= len(VIEWS)
    for width, height, inside in pages:
        words = re.findall(
            r'xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.*?)<', inside
        )
        assert words
        for left, top, right, bottom, word in words:
            inside = (
                float(left) > 20 and float(top) > 20,
                float(right) < float(width) - 20 and float(bottom) < float(height) - 20,
            )
            assert (word, *inside) == (word, True, True)


def test_a_picture_has_the_width_of_the_window_and_all_of_the_view(written):
    picture = written[1].read_bytes()
    width, height = struct.unpack(">II", picture[16:24])
    assert width == WINDOW["width"] * WINDOW["deviceScaleFactor"]
    assert height > width  # the view Cost is longer than it is wide
    chunks, at = {}, 8
    while at < len(picture):
        length, kind = struct.unpack(">I4s", picture[at : at + 8])
        chunks.setdefault(kind, []).append(picture[at + 8 : at + 8 + length])
        assert struct.unpack(">I", picture[at + 8 + length : at + 12 + length])[0] == zlib.crc32(
            picture[at + 4 : at + 8 + length]
        )
        at += 12 + length
    assert chunks[b"tEXt"] == [b"Software\0made by aa-pipeline"]
    pixels = zlib.decompress(b"".join(chunks[b"IDAT"]))
    line = len(pixels) // height
    lines = {pixels[start : start + line] for start in range(0, len(pixels), line)}
    assert len(lines) > height / 4  # neither blank nor cut off: lines of text and charts differ
    check_ours(written[1], "dashboard")
