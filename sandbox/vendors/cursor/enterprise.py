"""What the Enterprise APIs know: commits, changes, by-user analytics, Bugbot."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from sandbox.times import exact_stamp, midnight
from sandbox.vendors.cursor.customer import Customer
from sandbox.world import Person

METRICS = ("models", "agent-edits", "tabs", "mcp", "skills", "commands", "plans", "ask-mode")
_MODELS = ("claude-4.5-sonnet", "gpt-5.2", "composer-1")
_TOOLS = (("filesystem", "read_file"), ("brave-search", "search_web"), ("github", "list issues/all"))


def user_id(person: Person) -> str:
    return f"user_{person.number:04d}sandbox"


class Enterprise:
    """Rows by day and member; Analytics knows only the members of the key's own team."""

    def __init__(self, customer: Customer) -> None:
        self._customer, self._world = customer, customer.world

    def _active(self, day: date, team: int) -> Iterator[Person]:
        for person in self._customer.teams[team]:
            if person.active_on(day) and person.intensity and not self._customer.gone(person):
                yield person

    def commits(self, day: date, team: int) -> Iterator[dict[str, Any]]:
        for person in self._active(day, team):
            draw = self._world.random("cursor", "commits", day, person.number)
            for number in range(draw.choice((0, 0, 1, 2)) if self._world.rhythm(day) > 0.5 else 0):
                at = _moment(day, draw.randrange(86_400))
                cloud = draw.random() < 0.15
                tab, composer, own = draw.randrange(60), draw.randrange(90), draw.randrange(40)
                row = {
                    "commitHash": f"{draw.getrandbits(64):016x}",
                    "userId": user_id(person),
                    "userEmail": person.email,
                    "repoName": None if cloud else f"acme/{person.team}",
                    "branchName": None if cloud else "main",
                    "isPrimaryBranch": None if cloud else True,
                    "commitSource": "cloud" if cloud else draw.choice(("ide", "cli")),
                    "totalLinesAdded": tab + composer + own,
                    "totalLinesDeleted": 7 + number,
                    "tabLinesAdded": tab,
                    "tabLinesDeleted": 3,
                    "composerLinesAdded": composer,
                    "composerLinesDeleted": 4 + number,
                    "nonAiLinesAdded": None if cloud else own,
                    "nonAiLinesDeleted": None if cloud else 0,
                    "message": None if cloud else "Refactor the client",
                    "commitTs": None if cloud else exact_stamp(at - timedelta(seconds=draw.randrange(30))),
                    "createdAt": exact_stamp(at),
                }
                yield row
                if draw.random() < 0.1 and not cloud:  # amended: the same hash on another branch
                    yield {**row, "branchName": "release/1.0", "isPrimaryBranch": False}

    def changes(self, day: date, team: int) -> Iterator[dict[str, Any]]:
        for person in self._active(day, team):
            draw = self._world.random("cursor", "changes", day, person.number)
            for _ in range(draw.choice((0, 1, 3)) if self._world.rhythm(day) > 0.5 else 0):
                added = draw.randrange(80)
                yield {
                    "changeId": str(draw.getrandbits(40)),
                    "userId": user_id(person),
                    "userEmail": person.email,
                    "source": draw.choice(("TAB", "COMPOSER")),
                    "model": draw.choice((*_MODELS, None)),
                    "totalLinesAdded": added,
                    "totalLinesDeleted": added // 3,
                    "createdAt": exact_stamp(_moment(day, draw.randrange(86_400))),
                    "metadata": [{"fileExtension": "ts", "linesAdded": added, "linesDeleted": added // 3}],
                }

    def by_user(self, metric: str, day: date, person: Person) -> Iterator[dict[str, Any]]:
        draw = self._world.random("cursor", metric, day, person.number)
        if not person.active_on(day) or not person.intensity or draw.random() > self._world.rhythm(day):
            return
        stamp = day.isoformat()
        if metric == "models":
            chosen = draw.sample(_MODELS, draw.randrange(1, 3))
            breakdown = {model: {"messages": draw.randrange(1, 90), "users": 1} for model in chosen}
            yield {"date": stamp, "model_breakdown": breakdown}
        elif metric in ("agent-edits", "tabs"):
            yield {"event_date": stamp, **_edits(metric, draw.randrange(1, 300), draw.randrange(0, 100))}
        elif metric == "mcp":
            for server, tool in draw.sample(_TOOLS, draw.randrange(0, 3)):
                row = {"event_date": stamp, "tool_name": tool, "mcp_server_name": server}
                yield {**row, "usage": draw.randrange(1, 60)}
        elif metric in ("skills", "commands"):
            name = f"{metric[:-1]}_name"
            for value in draw.sample(("review", "fix tests", "ship"), draw.randrange(0, 3)):
                yield {"event_date": stamp, name: value, "usage": draw.randrange(1, 9)}
        else:
            for model in draw.sample(_MODELS, draw.randrange(0, 2)):
                yield {"event_date": stamp, "model": model, "usage": draw.randrange(1, 15)}

    def bugbot(self, day: date) -> Iterator[dict[str, Any]]:
        """Pull requests that were reviewed."""
        if self._world.rhythm(day) < 0.5 or not self._world.has_data(day):
            return
        for repository in ("github.com/acme/app", "github.com/acme/api"):
            draw = self._world.random("cursor", "bugbot", day, repository)
            total = draw.randrange(6)
            yield {
                "repo": repository,
                "pr_number": day.toordinal() - 730_000,
                "timestamp": exact_stamp(_moment(day, 3600 * draw.randrange(24))),
                "reviews": 1 + draw.randrange(4),
                "issues": {"total": total, "by_severity": {"high": 0, "medium": 0, "low": total}},
                "issues_resolved": {"total": total // 2, "by_severity": {"high": 0, "medium": 0, "low": total // 2}},
                "merged": draw.random() < 0.8,
            }

    def reviews(self, day: date) -> Iterator[dict[str, Any]]:
        """The reviews of the day's pull requests, some of them dry runs, not billed, or without a cost."""
        for pull in self.bugbot(day):
            draw = self._world.random("cursor", "reviews", day, pull["repo"])
            for number in range(pull["reviews"]):
                row = {
                    "request_id": f"{draw.getrandbits(64):016x}",
                    "timestamp": pull["timestamp"],
                    "repo": pull["repo"],
                    "repo_node_id": None,
                    "pr_number": pull["pr_number"],
                    "commit_sha": f"{draw.getrandbits(64):016x}",
                    "bugs_found": number,
                    "bugs": [],
                    "cost_cents": draw.choice((None, 40.25, 125, 17.333)),
                    "dry_run": draw.random() < 0.2,
                }
                billed = draw.choice(({}, {"billed": True}, {"billed": False}))
                yield {**row, **billed, "publication_status": "dry_run" if row["dry_run"] else "posted"}


def _edits(metric: str, suggested: int, share: int) -> dict[str, int]:
    accepted = suggested * share // 100
    names = ("suggested_diffs", "accepted_diffs", "rejected_diffs")
    if metric == "tabs":
        names = ("suggestions", "accepts", "rejects")
    counts = dict(zip((f"total_{name}" for name in names), (suggested, accepted, suggested - accepted), strict=True))
    return {
        **counts,
        "total_green_lines_accepted": accepted * 5,
        "total_red_lines_accepted": accepted,
        "total_green_lines_rejected": (suggested - accepted) * 5,
        "total_red_lines_rejected": suggested - accepted,
        "total_green_lines_suggested": suggested * 5,
        "total_red_lines_suggested": suggested,
        "total_lines_suggested": suggested * 6,
        "total_lines_accepted": accepted * 6,
    }


def _moment(day: date, second: int) -> datetime:
    return midnight(day) + timedelta(seconds=second)
