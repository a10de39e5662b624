"""A day in the studio, made from the world: jobs, edits, refunds, trainings and plain clicks."""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache

from sandbox.vendors.scenario.estate import FREE, MODELS, TRAINED, Estate, Member, Model, Team
from sandbox.vendors.scenario.events import DAY_MS, Event, day_ms
from sandbox.world import World

_JOBS_A_DAY, _KEY_JOBS_A_DAY = 5, 9
_MODEL_WEIGHTS = (24, 24, 6, 14, 6, 4, 4, 6, 2, 1, 8)
_ADD_ON = Decimal("0.75")
_TRAINING = Decimal(150)
_BACKGROUND = Decimal("0.375")
_CLICKS = ("asset-privacy", "asset-download", "tag-asset", "collection", "byok-set-provider")
# categories overlap (scenario-labs/skills): an action counts in both, with its cost where the category has costs
_ALSO = {"custom": "custom-asset-created", "skybox-base-360": "custom", "lip-sync": "custom"}
# name, price, and whether activity leaves its cost out
_TOOLS = (
    ("background-removal", _BACKGROUND, False),
    ("vectorization", Decimal("0.125"), False),
    ("captioning", Decimal(0), True),
    ("detection", Decimal(0), False),
    ("ip-detection", Decimal(0), True),
)


class Studio:
    """The events `of` every team and day, in the order in which they happened."""

    def __init__(self, world: World, estate: Estate) -> None:
        self._world, self._estate = world, estate
        self.of: Callable[[Team, date], list[Event]] = cache(self._of)

    def _of(self, team: Team, day: date) -> list[Event]:
        made = self._make(team, day) if self._world.has_data(day) else ()
        return sorted(made, key=lambda event: event.time)

    def _make(self, team: Team, day: date) -> Iterator[Event]:
        draw = self._world.random("scenario", team.id, day)
        # the studio is closed on some Sundays
        if day.weekday() == 6 and draw.random() < 0.3:
            return
        special = list(self._special(team, day, draw))
        ordinary = [event for member in self._at_work(day) for event in self._worked(member, team, day, draw)]
        # now and then the day fills whole pages of activity, and nothing comes late to them
        if draw.random() < 0.15 and len(ordinary) + len(special) >= 100:
            over = (len(ordinary) + len(special)) % 100
            kept = draw.sample(ordinary, len(ordinary) - over)
            special = [replace(event, late=0.0) for event in special]
            ordinary = [replace(event, late=0.0) for event in kept]
        yield from special
        yield from ordinary

    def _at_work(self, day: date) -> Iterator[tuple[Member, float]]:
        rhythm = self._world.rhythm(day)
        for member in self._estate.people:
            person = member.person
            if person is not None and person.active_on(day):
                # whoever leaves has worked until then, even on an idle seat
                yield member, rhythm * _JOBS_A_DAY * (person.intensity or (0.5 if person.left else 0.0))
        for member in self._estate.api_keys:
            if member.key_status == "active" or day.toordinal() < self._world.today.toordinal() - self._world.days // 3:
                yield member, rhythm * _KEY_JOBS_A_DAY

    def _worked(self, work: tuple[Member, float], team: Team, day: date, draw: random.Random) -> Iterator[Event]:
        member, load = work
        load *= team.scale
        for _ in range(int(load * draw.uniform(0.6, 1.4) + draw.random())):
            hour = min(23, max(0, round(draw.gauss(13, 3 if member.person else 7))))
            time = day_ms(day) + hour * 3_600_000 + draw.randrange(3_600_000)
            luck = draw.random()
            if member.free_only or luck < 0.68:
                model = FREE if member.free_only else draw.choices(MODELS, _MODEL_WEIGHTS)[0]
                yield self._job(member, team, time, model, draw)
            elif luck < 0.84:
                yield from self._tool(member, team, time, draw)
            else:
                yield self._click(member, team, time, draw)

    def _job(self, member: Member, team: Team, time: int, model: Model, draw: random.Random) -> Event:
        discount = model.price / 2 if draw.random() < 0.08 else Decimal(0)
        made = {model.asset: draw.choice((1, 1, 1, 2, 4))}
        checked = model.asset == "image" and draw.random() < 0.12
        flagged = model.asset == "image" and draw.random() < 0.05
        # an asset that is checked again counts once in each bucket: names last two hours, buckets one
        asset = f"asset_SANDBOX{time // 7_200_000 % 12:02d}{draw.randrange(3)}"
        return Event(
            time=time,
            user=member.id,
            project=self._estate.project_of(member, team, draw.random()).id,
            action=model.usage,
            model=model.id,
            billed=True,
            cost=model.price - discount,
            discount=discount,
            add_on=_ADD_ON if checked and not member.free_only else Decimal(0),
            usages=(model.usage, _ALSO[model.usage]) if model.usage in _ALSO else (model.usage,),
            assets=made,
            nsfw={draw.choice(("suggestive", "violence")): made[model.asset]} if flagged else {},
            gate=((asset, draw.choice(("pass", "pass", "warn", "fail"))),) if checked else (),
            data=_data(member, modelId=model.id, jobId=f"job_SANDBOX{draw.getrandbits(48):012x}"),
            late=_late(draw),
            late_discount=draw.uniform(0.3, 1.0) if discount and draw.random() < 0.5 else 0.0,
        )

    def _tool(self, member: Member, team: Team, time: int, draw: random.Random) -> Iterator[Event]:
        """Work without a model; half of it comes as a pair that differs in its figures alone."""
        name, price, free = draw.choice(_TOOLS)
        first = Event(
            time=time,
            user=member.id,
            project=self._estate.project_of(member, team, draw.random()).id,
            action=name,
            billed=not free,
            cost=price,
            usages=(name,),
            assets={draw.choice(("image", "image", "text", "json", "document")): 1} if price else {},
            data=_data(member),
            late=_late(draw),
        )
        yield first
        if draw.random() < 0.5:
            yield replace(first, cost=Decimal(0), discount=price)

    def _click(self, member: Member, team: Team, time: int, draw: random.Random) -> Event:
        action = draw.choice(_CLICKS)
        extras: dict[str, dict[str, object]] = {
            "asset-download": {"assetId": f"asset_SANDBOX{draw.getrandbits(32):08x}"},
            "collection": {"collectionId": f"collection_SANDBOX{draw.randrange(6):03d}"},
            "byok-set-provider": {"byokProvider": {"id": "byok_openai", "displayName": "OpenAI"}},
        }
        project = self._estate.project_of(member, team, draw.random()).id
        return Event(
            time=time, user=member.id, project=project, action=action, data=_data(member, **extras.get(action, {}))
        )

    def _special(self, team: Team, day: date, draw: random.Random) -> Iterator[Event]:
        """What every working day has: both midnights, twins, a free training, and a refund, also to who has left."""
        if day.weekday() > 4:
            return
        key = self._estate.api_keys[0]
        flash = MODELS[0]
        for time in (day_ms(day), day_ms(day) + DAY_MS - 1):
            yield replace(self._job(key, team, time, flash, draw), late=0.0)
        trainer = self._estate.people[0]
        twin = self._click(trainer, team, day_ms(day) + 40_000_000, draw)
        yield from (replace(twin, action="tag-asset", data={}) for _ in range(3))
        yield replace(
            self._job(trainer, team, day_ms(day) + 50_400_000 + draw.randrange(60_000), TRAINED, draw),
            action="models-training",
            usages=("models-training",),
            cost=Decimal(0),
            discount=_TRAINING,
            add_on=Decimal(0),
            assets={},
            late_discount=0.0,
        )
        refunded = self._estate.people[-1 if day.weekday() == 2 else draw.randrange(min(4, len(self._estate.people)))]
        amount = flash.price * draw.choice((1, 2))
        yield Event(
            time=day_ms(day) + 30_000_000 + draw.randrange(3_600_000),
            user=refunded.id,
            project=self._estate.project_of(refunded, team, 0.0).id,
            action="refunds",
            billed=True,
            cost=-amount,
            usages=("refunds",),
            data={"jobId": f"job_SANDBOX{draw.getrandbits(48):012x}"},
            late=draw.uniform(0.2, 0.9),
        )


def _late(draw: random.Random) -> float:
    """Most events are there at once."""
    return draw.uniform(0.05, 1.0) if draw.random() < 0.1 else 0.0


def _data(member: Member, **more: object) -> dict[str, object]:
    return {**more, **({"isApiKey": True} if member.is_api_key else {})}
