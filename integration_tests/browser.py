"""A Chromium without a window, from Debian's packages, that reports every request and every message of a page."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import ActionChains, Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

_FLAGS = (
    "headless=new", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
    "disable-component-update", "disable-sync", "no-proxy-server",
)  # fmt: skip
_LONGEST = 60  # seconds


class Browser:
    """Shows files. `light`, `dark` and `print` are the looks that a system can ask a page for."""

    def __init__(self, driver: Chrome) -> None:
        self._driver = driver

    def show(self, path: Path, width: int = 1280, look: str = "light") -> None:
        """Open a page, and wait until all its charts are drawn."""
        self._command("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "light" if look == "light" else "dark"}
        self._command("Emulation.setEmulatedMedia", media="print" if look == "print" else "", features=[scheme])
        for kind in ("performance", "browser"):  # forgets what an earlier page did
            self._log(kind)
        self._driver.get(path.as_uri())
        self.drawn()

    def drawn(self) -> None:
        """Wait until the charts that can be seen are drawn."""
        WebDriverWait(self._driver, _LONGEST, poll_frequency=0.05).until(
            lambda _: self.run("return document.documentElement.dataset.state === 'drawn'")
        )

    def run(self, script: str, *arguments: Any) -> Any:
        """What a piece of JavaScript returns."""
        return self._driver.execute_script(script, *arguments)

    def hover(self, selector: str, text: str) -> None:
        """Put the mouse on the element of these whose accessible name holds a text."""
        elements = self._driver.find_elements(By.CSS_SELECTOR, selector)
        element = next(one for one in elements if text in (one.get_attribute("aria-label") or ""))
        ActionChains(self._driver).scroll_to_element(element).move_to_element(element).perform()

    def texts(self, selector: str) -> list[str]:
        """What the elements hold, seen or not."""
        script = "return [...document.querySelectorAll(arguments[0])].map((one) => one.textContent.trim())"
        found: list[str] = self.run(script, selector)
        return found

    def requests(self) -> list[str]:
        """The addresses that were asked for since the page was opened."""
        events = (json.loads(entry["message"])["message"] for entry in self._log("performance"))
        return [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]

    def messages(self) -> list[str]:
        """What the console shows: errors, warnings, refusals of the page's policy."""
        return [entry["message"] for entry in self._log("browser")]

    def _log(self, kind: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self._driver.get_log(kind)  # type: ignore[no-untyped-call]
        return entries

    def _command(self, name: str, **parameters: Any) -> None:
        self._driver.execute_cdp_cmd(name, parameters)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser; skips the test where Chromium is not installed."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not program or not driver:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium chromium-driver)")
    options = ChromeOptions()
    options.binary_location = program
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as folder:
        for flag in (*_FLAGS, f"user-data-dir={folder}"):
            options.add_argument(f"--{flag}")
        started = Chrome(options=options, service=Service(driver))
        try:
            yield Browser(started)
        finally:
            started.quit()
