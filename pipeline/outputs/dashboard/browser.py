"""A Chromium of the user's own, without a window: it turns a page into PDFs and pictures.

It gets the page by a pipe, in the Chrome DevTools Protocol (https://chromedevtools.github.io/devtools-protocol),
and has a profile of its own that goes at the end. It opens no port, finds no host, and ends when its time is
over.
"""

import base64
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from pipeline.errors import SetupError
from pipeline.outputs.pages.ours import SIGNED
from pipeline.system.temporary import temporary_folder

VARIABLE = "AA_PIPELINE_BROWSER"
PROGRAMS = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
    *("microsoft-edge", "microsoft-edge-stable", "msedge", "brave-browser"),
)
# Where macOS has them, which are not on PATH.
APPLICATIONS = tuple(
    f"/Applications/{name}.app/Contents/MacOS/{name}"
    for name in ("Google Chrome", "Chromium", "Microsoft Edge")
)
SECONDS = 120.0
ARGUMENTS = (
    *("--headless", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu", "--disable-extensions"),
    *("--disable-background-networking", "--disable-component-update", "--disable-default-apps"),
    *("--disable-sync", "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND"),
)
# The protocol is spoken on the descriptors 3 and 4.
SHELL = ("/bin/sh", "-c", 'exec "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1', "sh")
WINDOW = {"width": 1280, "height": 900, "deviceScaleFactor": 2}
LIGHT = {"name": "prefers-color-scheme", "value": "light"}
A4 = {"paperWidth": 8.27, "paperHeight": 11.69, "scale": 0.85}  # in inches
PNG_END = 12  # bytes: the last chunk, which is empty
# Once everything is laid out and drawn, what the page is about.
DRAWN = """new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(
    () => done(document.title))))"""


def find_browser() -> str:
    """The program of a browser.

    Raises:
        SetupError: says what to install.
    """
    if sys.platform == "win32":
        raise SetupError(
            "PDFs and pictures are made on Linux and macOS. On Windows open the page that"
            " `aa-pipeline dashboard` writes, and print it: it is laid out for paper."
        )
    if named := os.environ.get(VARIABLE):
        if found := shutil.which(named):
            return found
        raise SetupError(f"{VARIABLE} names {named}, which is no program that can be run.")
    for program in (*PROGRAMS, *APPLICATIONS):
        if found := shutil.which(program):
            return found
    raise SetupError(
        "PDFs and pictures need Chromium, Chrome or Edge, and none is on PATH. Install one (Debian: apt-get"
        f" install chromium; macOS: brew install --cask chromium), or name its program in {VARIABLE}."
    )


@contextmanager
def browser(program: str, seconds: float = SECONDS) -> Iterator["Browser"]:
    """The browser, running; it is killed at the end, and when its time is over.

    Raises:
        SetupError: it did not answer, or not in time.
    """
    with temporary_folder() as profile:
        # A sandbox is not for root, as who everything in a container runs.
        sandbox = ["--no-sandbox"] if os.getuid() == 0 else []
        process = subprocess.Popen(
            [*SHELL, program, *ARGUMENTS, *sandbox, f"--user-data-dir={profile}", "about:blank"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        late = threading.Event()

        def end() -> None:
            late.set()
            _kill(process)

        timer = threading.Timer(seconds, end)
        timer.start()
        try:
            yield Browser(process)
        except (OSError, EOFError):
            why = f"was not done after {seconds:g} seconds" if late.is_set() else "ended before it was done"
            raise SetupError(
                f"{program} {why}. Try whether `{program} --headless --dump-dom about:blank` works here, or"
                f" name another browser in {VARIABLE}."
            ) from None
        finally:
            timer.cancel()
            _kill(process)
            process.communicate()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the browser with all of its processes."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _png_text(keyword: str, text: str) -> bytes:
    """A chunk of text, as https://www.w3.org/TR/png-3/#11tEXt has it."""
    chunk = b"tEXt" + keyword.encode() + b"\0" + text.encode()
    return struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))


class Browser:
    """Speaks with a running browser.

    Args:
        process: its process, with pipes to it and from it.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._number = 0
        self._rest = b""
        self._session: str | None = None
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._call("Emulation.setDeviceMetricsOverride", mobile=False, **WINDOW)
        self._call("Emulation.setScrollbarsHidden", hidden=True)
        self._call("Emulation.setEmulatedMedia", features=[LIGHT])

    def open(self, html: str, fragment: str) -> None:
        """Show a page at an address with this fragment.

        Raises:
            SetupError: it shows nothing.
        """
        self._call("Page.navigate", url="about:blank")
        self._call("Page.navigate", url=f"about:blank#{fragment}")
        frame = self._call("Page.getFrameTree")["frameTree"]["frame"]["id"]
        self._call("Page.setDocumentContent", frameId=frame, html=html)
        drawn = self._call("Runtime.evaluate", expression=DRAWN, awaitPromise=True, returnByValue=True)
        if not drawn.get("result", {}).get("value"):
            raise SetupError(f"The browser shows nothing of the page. Name another one in {VARIABLE}.")

    def pdf(self) -> bytes:
        """What is shown, on A4; it says that we made it."""
        found = self._call("Page.printToPDF", printBackground=True, **A4)
        # Behind its end, where readers of PDFs look for no more than that.
        return base64.b64decode(found["data"]) + f"% {SIGNED}\n".encode()

    def png(self) -> bytes:
        """All of what is shown, as a picture, without buttons; it says that we made it."""
        self._call("Runtime.evaluate", expression="document.body.classList.add('picture')")
        size = self._call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        found = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        picture = base64.b64decode(found["data"])
        return picture[:-PNG_END] + _png_text("Software", SIGNED) + picture[-PNG_END:]

    def _call(self, method: str, **params: Any) -> Mapping[str, Any]:
        """Ask for something, and wait for the answer."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        assert self._process.stdin
        self._process.stdin.write(json.dumps(message).encode() + b"\0")
        self._process.stdin.flush()
        while (answer := self._read()).get("id") != self._number:
            pass
        if "error" in answer:
            raise SetupError(f"The browser refused {method}: {answer['error'].get('message')}.")
        result: Mapping[str, Any] = answer["result"]
        return result

    def _read(self) -> dict[str, Any]:
        """The next message: an answer, or something that has happened."""
        assert self._process.stdout
        parts = [self._rest]
        while b"\0" not in parts[-1]:
            block = os.read(self._process.stdout.fileno(), 1 << 20)
            if not block:
                raise EOFError
            parts.append(block)
        text, _, self._rest = b"".join(parts).partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        return message
