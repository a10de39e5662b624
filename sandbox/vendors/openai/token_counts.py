"""The metrics of completions: how many tokens of which kind some requests took."""

from random import Random

CHAT_MODELS = ("gpt-5.4-2026-03-05", "gpt-5.4-codex", "gpt-5-nano-2025-08-07")
EVALS_MODEL = "gpt-5-nano-2025-08-07"


def tokens(
    requests: int,
    *,
    uncached: tuple[int, int, int],
    cached: tuple[int, int, int] = (0, 0, 0),
    written: int = 0,
    half_day: int = 0,
    output: tuple[int, int, int],
) -> tuple[int, ...]:
    """The completions metrics from their text, audio and image parts; `half_day` of what is written is for 12 hours."""
    return (
        sum(uncached) + sum(cached) + written,
        sum(output),
        requests,
        sum(cached),
        written,
        sum(uncached),
        uncached[0],
        output[0],
        cached[0],
        uncached[1],
        cached[1],
        output[1],
        uncached[2],
        cached[2],
        output[2],
        half_day,
    )


def chat(draw: Random, requests: int, model: str) -> tuple[int, ...]:
    prompt = requests * draw.randint(200, 6000)
    cached = prompt * draw.randint(0, 80) // 100 if model != EVALS_MODEL else 0
    written = prompt // 50 if model in CHAT_MODELS[:2] else 0
    return tokens(
        requests,
        uncached=(prompt, 0, 0),
        cached=(cached, 0, 0),
        written=written,
        half_day=written // 3,
        output=(requests * draw.randint(40, 1500), 0, 0),
    )


def speech(draw: Random) -> tuple[int, ...]:
    return tokens(
        draw.randint(1, 15),
        uncached=(draw.randint(100, 4000), draw.randint(1000, 30000), 0),
        cached=(512, 1024, 0),
        output=(draw.randint(100, 1000), draw.randint(1000, 20000), 0),
    )


def picture(draw: Random) -> tuple[int, ...]:
    return tokens(3, uncached=(600, 0, draw.randint(1000, 9000)), output=(50, 0, draw.randint(1000, 9000)))
