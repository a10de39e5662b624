"""What happens in the Console organization: API traffic, its costs, and Claude Code sessions."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sandbox.times import midnight
from sandbox.vendors.claude import organizations as org
from sandbox.vendors.claude.organizations import HAIKU, MODELS, OPUS, SONNET, Model, Tokens
from sandbox.world import Person, World

MESSAGE_DIMENSIONS = (
    "account_id",
    "api_key_id",
    "service_account_id",
    "workspace_id",
    "model",
    "service_tier",
    "context_window",
    "inference_geo",
    "speed",
)
PARSED = ("cost_type", "model", "token_type", "service_tier", "context_window", "inference_geo")
TOOLS = ("edit_tool", "multi_edit_tool", "write_tool", "notebook_edit_tool", "todo_write_tool")
_DESCRIPTIONS = {
    "uncached_input_tokens": "Input Tokens",
    "cache_read_input_tokens": "Input Tokens, Cache Hit",
    "cache_creation.ephemeral_5m_input_tokens": "Input Tokens, Cache Write",
    "cache_creation.ephemeral_1h_input_tokens": "Input Tokens, Cache Write",
    "output_tokens": "Output Tokens",
}
_BATCH, _STANDARD, _PRIORITY = "batch", "standard", "priority"
# service account, API key, workspace, size, the tiers and the models of its traffic
_MACHINES = (
    (None, org.BACKEND_KEY, org.PLATFORM, 4.0, (_STANDARD, _PRIORITY, "priority_on_demand"), MODELS),
    (None, org.NIGHTLY_KEY, org.PLATFORM, 6.0, (_BATCH, "flex"), (HAIKU, SONNET)),
    (None, org.EVALS_KEY, org.RESEARCH, 2.0, (_STANDARD, _BATCH, "flex_discount"), (OPUS, SONNET)),
    (None, org.CI_KEY, None, 0.8, (_STANDARD,), (SONNET,)),
    (None, org.DEMO_KEY, org.OLD_DEMO, 0.1, (_STANDARD,), (HAIKU,)),
    (None, None, org.RESEARCH, 0.1, (_STANDARD,), (SONNET,)),
    ("svcacct_01SandboxDeploy", None, org.PLATFORM, 0.5, (_PRIORITY, _STANDARD), (SONNET,)),
)


@dataclass(frozen=True)
class ApiEvent:
    """One piece of API traffic, counted from `arrives` on; the last two in millionths of a cent."""

    at: datetime
    arrives: datetime
    dimensions: Mapping[str, str | None]
    model: Model
    tokens: Tokens
    searches: int = 0
    code_execution: int = 0
    session_usage: int = 0


@dataclass(frozen=True)
class CostLine:
    """An amount in millionths of a cent; `parsed` in the order of PARSED."""

    workspace_id: str | None
    description: str
    parsed: tuple[str | None, ...]
    amount: int


@dataclass(frozen=True)
class Session:
    """One Claude Code session; `models` has tokens by model, with both cache writes as one."""

    at: datetime
    arrives: datetime
    person: Person | None
    terminal: str | None
    customer_type: str
    subscription_type: str | None
    remote: bool
    added: int
    removed: int
    commits: int
    pull_requests: int
    tools: Mapping[str, tuple[int, int]]
    models: Mapping[str, Tokens] = field(default_factory=dict)


class Console:
    """The Console organization's traffic and sessions, pure per day."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.traffic = world.by_day(self._traffic)
        self.sessions = world.by_day(self._sessions)

    def _traffic(self, day: date) -> Iterable[ApiEvent]:
        draw = self._world.random("claude", "traffic", day)
        busy = self._world.rhythm(day)
        for service, key, workspace, size, tiers, models in _MACHINES:
            for tier in tiers:
                for model in models:
                    who = {"service_account_id": service, "api_key_id": key}
                    where = {**who, "workspace_id": workspace, "service_tier": tier}
                    if draw.random() < 0.85:
                        yield from _calls(draw, day, where, model, size * busy)
        for person in org.console_people(self._world):
            own = self._world.random("claude", "traffic", day, person.number)
            if person.active_on(day) and own.random() < min(0.9, person.intensity * busy):
                where = {"account_id": org.account_id(person), "service_tier": _STANDARD}
                yield from _calls(own, day, where, own.choice((OPUS, SONNET)), 0.3 * busy)

    def _sessions(self, day: date) -> Iterable[Session]:
        busy = self._world.rhythm(day)
        for person in org.console_people(self._world):
            draw = self._world.random("claude", "sessions", day, person.number)
            if not person.active_on(day) or draw.random() > person.intensity * busy + 0.2:
                continue
            own = self._world.random("claude", "terminal", person.number)
            home = own.choice(("vscode", "iTerm.app", "tmux", "cursor", "goland", None))
            kind = ("subscription", own.choice(("team", "enterprise")))
            plan = kind if person.number % 5 == 0 else ("api", None)
            for _ in range(draw.randint(1, 6)):
                terminal = home if draw.random() < 0.8 else "ssh-session"
                yield _session(draw, day, person, terminal, plan, draw.random() < 0.15)
        draw = self._world.random("claude", "sessions", day, "ci")
        for _ in range(draw.randint(1, 3)):
            yield _session(draw, day, None, "non-interactive", ("api", None), False)


def cost_lines(event: ApiEvent) -> Iterable[CostLine]:
    """What the bill says about it; Priority Tier is never in the cost report."""
    where = event.dimensions
    tier, workspace = where["service_tier"], where.get("workspace_id")
    nothing: tuple[None, ...] = (None,) * (len(PARSED) - 1)
    extras = (
        ("web_search", "Web Search Usage", event.searches * org.WEB_SEARCH_PRICE),
        ("code_execution", "Code Execution Usage", event.code_execution),
        ("session_usage", "Session Usage", event.session_usage),
    )
    for kind, description, amount in extras:
        if amount:
            yield CostLine(workspace, description, (kind, *nothing), amount)
    if (tier or "").startswith(_PRIORITY):
        return
    percent = 50 if tier == _BATCH else 100
    percent *= 2 if where["context_window"] == "200k-1M" else 1
    billed = tier if tier in (_STANDARD, _BATCH) else None
    for kind, count, price in zip(org.TOKEN_TYPES, event.tokens, event.model.prices, strict=True):
        if count:
            description = f"{event.model.title} Usage - {_DESCRIPTIONS[kind]}"
            window, geo = where["context_window"], where["inference_geo"]
            parsed = ("tokens", event.model.id, kind, billed, window, geo)
            yield CostLine(workspace, description, parsed, count * price * percent // 100)


def _calls(
    draw: random.Random, day: date, who: Mapping[str, str | None], model: Model, size: float
) -> Iterable[ApiEvent]:
    for _ in range(draw.randint(1, 3)):
        at = midnight(day) + timedelta(seconds=draw.randrange(86_400))
        minutes = draw.uniform(1, 5) if draw.random() < 0.93 else draw.uniform(60, 48 * 60)
        scale = size * draw.lognormvariate(0, 0.6)
        where = {
            **who,
            "model": model.id,
            "context_window": "200k-1M" if model is SONNET and draw.random() < 0.1 else "0-200k",
            "inference_geo": "not_available" if model is HAIKU else draw.choice(("global", "us")),
            "speed": "fast" if model is OPUS and draw.random() < 0.1 else "standard",
        }
        tokens = Tokens(
            uncached=int(60_000 * scale) + draw.randint(1, 99),
            cache_read=int(90_000 * scale) if draw.random() < 0.7 else 0,
            write_5m=int(6_000 * scale) if draw.random() < 0.5 else 0,
            write_1h=int(2_000 * scale) if draw.random() < 0.2 else 0,
            output=int(9_000 * scale) + draw.randint(1, 99),
        )
        standard = who["service_tier"] == _STANDARD
        yield ApiEvent(
            at,
            at + timedelta(minutes=minutes),
            where,
            model,
            tokens,
            searches=draw.randint(1, 12) if standard and draw.random() < 0.3 else 0,
            code_execution=draw.randint(1, 30) * 275_000 if draw.random() < 0.1 else 0,
            session_usage=draw.randint(1, 9) * 800_000 if draw.random() < 0.04 else 0,
        )


def _session(
    draw: random.Random,
    day: date,
    person: Person | None,
    terminal: str | None,
    plan: tuple[str, str | None],
    remote: bool,
) -> Session:
    at = midnight(day) + timedelta(seconds=draw.randrange(86_400))
    hours = draw.uniform(0, 1) if draw.random() < 0.94 else draw.uniform(2, 48)
    idle = person is None and draw.random() < 0.5
    scale = 0.0 if idle else draw.lognormvariate(0, 0.8)
    added = int(160 * scale)
    tools = {
        tool: (draw.randint(1, 20), draw.randint(0, 4))
        for n, tool in enumerate(TOOLS)
        if not idle and draw.random() < (0.95, 0.4, 0.6, 0.1, 0.05)[n]
    }
    models = {
        model.id: _session_tokens(scale)
        for model in MODELS
        if not idle and draw.random() < (0.6 if model is not HAIKU else 0.2)
    }
    return Session(
        at,
        at + timedelta(hours=hours),
        person,
        terminal,
        *plan,
        remote,
        added,
        int(added * 0.4),
        draw.randint(0, 3) if added else 0,
        draw.randint(0, 1) if added else 0,
        tools,
        models,
    )


def _session_tokens(scale: float) -> Tokens:
    return Tokens(
        uncached=int(20_000 * scale),
        cache_read=int(300_000 * scale),
        write_5m=int(15_000 * scale),
        output=int(7_000 * scale),
    )
