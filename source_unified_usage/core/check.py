"""Asking every credential at once, each one question, and saying why it fails."""

from collections.abc import Sequence
from concurrent.futures import Future, wait
from threading import Thread

from source_unified_usage.core.errors import SourceError, ran_out, reason_of
from source_unified_usage.core.progress import logger
from source_unified_usage.core.vendor import Probe

# Seconds that a whole check takes at most: whoever starts it waits for a minute.
WITHIN = 55.0


def ask_all(probes: Sequence[Probe]) -> list[str]:
    """Why credentials fail. A probe without an answer in time counts as failed, whatever it still waits for."""
    answers: list[Future[str]] = [Future() for _ in probes]
    for probe, answer in zip(probes, answers, strict=True):
        # a daemon thread, so that the process can end while a probe still waits
        Thread(target=lambda probe=probe, answer=answer: answer.set_result(_ask(probe)), daemon=True).start()
    wait(answers, timeout=WITHIN)
    reasons = [
        answer.result()
        if answer.done()
        else f"{probe.credential}: no usable answer within {WITHIN:.0f} s; "
        f"the key was not refused. Check base_url and the network, or try again later."
        for probe, answer in zip(probes, answers, strict=True)
    ]
    return [reason for reason in reasons if reason]


def _ask(probe: Probe) -> str:
    """Why the credential fails; empty when it does not."""
    try:
        probe.ask()
    except Exception as error:  # noqa: BLE001 - a defect must not leave the user without a status
        return reason_of_failure(probe.credential, error)
    return ""


def reason_of_failure(place: str, error: Exception) -> str:
    """Why a check failed."""
    known = error if isinstance(error, SourceError) else ran_out(error)
    if known:
        return str(known)
    logger.error(f"The check of {place} failed", exc_info=error)
    return f"{place}: the check itself failed ({reason_of(error)}). This is a defect of the source."
