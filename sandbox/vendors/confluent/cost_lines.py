"""The lines of every day's bill, made from the company's rhythm."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import chain
from random import Random
from typing import Any

from sandbox.vendors.confluent.estate import REGION, Cluster, Estate
from sandbox.vendors.confluent.lines import Line, priced
from sandbox.world import World

_DAY = Decimal("24.0")
_SUPPORT_A_DAY = Decimal("33.3333333")


class CostLines:
    """The lines `of` a day with their final figures, in the order in which they are served."""

    def __init__(self, world: World, estate: Estate) -> None:
        self._world, self._estate = world, estate
        self.of = world.by_day(self._made)

    def _made(self, day: date) -> list[Line]:
        draw = self._world.random("confluent", "costs", day)
        made = chain(
            self._kafka(day, draw),
            self._connect(day, draw),
            self._processing(day, draw),
            self._governance(day, draw),
            self._extras(day, draw),
            self._without_resource(day, draw),
        )
        lines = [_timed(replace(line, number=n), draw) for n, line in enumerate(made)]
        draw.shuffle(lines)
        return lines

    def _kafka(self, day: date, draw: Random) -> Iterator[Line]:
        clusters = list(self._estate.clusters)
        if day < self._estate.half:
            clusters.append(self._estate.retired)
        for cluster in clusters:
            yield from self._cluster(cluster, day, draw)
        small = self._estate.clusters[-1]
        for quantity in ("100.0", "40.0", "40.0"):
            # rows that differ in their figures alone, two of them not even in those
            yield priced(day, "KAFKA", "KAFKA_PARTITION", "Partition-hour", Decimal(quantity), "0.0015", resource=small)

    def _cluster(self, cluster: Cluster, day: date, draw: Random) -> Iterator[Line]:
        dedicated = cluster.kind == "Dedicated"
        access, off = ("PRIVATE_LINK", "0.1") if dedicated else ("INTERNET", "0")

        def line(line_type: str, unit: str, quantity: Decimal, price: str) -> Line:
            return priced(day, "KAFKA", line_type, unit, quantity, price, off=off, access=access, resource=cluster)

        price = {"Dedicated": "2.25", "Standard": "0.75", "Basic": "0.14"}[cluster.kind]
        yield line("KAFKA_NUM_CKUS", "CKU-hour", _DAY * max(1, cluster.ckus), price)
        stored = self._gigabytes(day, draw, 9000 * cluster.share)
        storage = line("KAFKA_STORAGE", "GB-hour", stored, "0.00010959")
        # clients report rows that name no discount although one was taken off
        yield replace(storage, discount=None) if dedicated else storage
        written = self._gigabytes(day, draw, 1100 * cluster.share)
        read = self._gigabytes(day, draw, 2400 * cluster.share)
        first = min(written, Decimal("600.0"))
        tiered = line("KAFKA_NETWORK_WRITE", "GB", first, "0.05")
        yield replace(tiered, tier=REGION)
        if written > first:
            cheaper = line("KAFKA_NETWORK_WRITE", "GB", written - first, "0.035")
            yield _late(replace(cheaper, tier=REGION), 0.3)
        yield line("KAFKA_NETWORK_READ", "GB", read, "0.05")
        if dedicated:
            outside = self._gigabytes(day, draw, 4)
            yield replace(line("KAFKA_NETWORK_READ", "GB", outside, "0.05"), access="INTERNET")
            streams = line("KAFKA_STREAMS", "Hour", _DAY, "0.12")
            yield _late(replace(streams, access="PNI"), 0.6)
        else:
            rest = self._gigabytes(day, draw, 12)
            yield line("KAFKA_REST_PRODUCE", "GB", rest, "0.06")

    def _connect(self, day: date, draw: Random) -> Iterator[Line]:
        for number, connector in enumerate(self._estate.connectors):
            online: dict[str, Any] = {"access": "INTERNET", "resource": connector}
            tier = {**REGION, "connector_type": connector.kind}
            tasks = priced(day, "CONNECT", "CONNECT_NUM_TASKS", "Task-hour", _DAY, "0.03993055", tier=tier, **online)
            yield from (tasks, tasks) if number == 1 else (tasks,)
            moved = self._gigabytes(day, draw, 30)
            moved = Decimal("0.000026151538") if number == 0 else moved
            yield priced(day, "CONNECT", "CONNECT_THROUGHPUT", "GB", moved, "0.025", **online)
        custom, crm = "CUSTOM_CONNECT", self._estate.custom_connector
        yield priced(day, custom, f"{custom}_NUM_TASKS", "Task-hour", _DAY, "0.1", resource=crm)
        moved = self._gigabytes(day, draw, 5)
        yield priced(day, custom, f"{custom}_THROUGHPUT", "GB", moved, "0.025", resource=crm)

    def _processing(self, day: date, draw: Random) -> Iterator[Line]:
        ksql = priced(day, "KSQL", "KSQL_NUM_CSUS", "CSU-hour", Decimal(24), "0.255553", resource=self._estate.ksql)
        yield replace(ksql, access="INTERNET")
        for pool in self._estate.pools:
            units = self._gigabytes(day, draw, 18)
            yield priced(day, "FLINK", "FLINK_NUM_CFUS", "CFU-hour", units, "0.21", resource=pool)

    def _governance(self, day: date, draw: Random) -> Iterator[Line]:
        age = (day - self._world.first_day).days
        for number, registry in enumerate(self._estate.registries):
            schemas = Decimal(24 * (100 + age // (number + 1)))
            for line_type, unit, quantity, price in (
                ("GOVERNANCE_BASE", "Hour", _DAY, "1.0"),
                ("SCHEMA_REGISTRY", "Schema-Hour", schemas, "0.002"),
                ("NUM_RULES", "Hour", Decimal(24 * draw.randint(10, 12)), "0.0345"),
                ("NUM_RULES", "Hour", Decimal(24 * draw.randint(1, 9)), "0.023"),
            ):
                made = priced(day, "STREAM_GOVERNANCE", line_type, unit, quantity, price, resource=registry)
                yield _late(made, 0.5) if price == "0.023" else made

    def _extras(self, day: date, draw: Random) -> Iterator[Line]:
        estate = self._estate
        lead = estate.clusters[0]
        for product, line_type, unit, size, price in (
            ("CLUSTER_LINK", "CLUSTER_LINKING_PER_LINK", "Hour", None, "0.3"),
            ("CLUSTER_LINK", "CLUSTER_LINKING_WRITE", "GB", 60, "0.06"),
            ("CLUSTER_LINK", "CLUSTER_LINKING_READ", "GB", 60, "0.06"),
            ("TABLEFLOW", "TABLEFLOW_NUM_TOPICS", "Hour", None, "0.1"),
            ("TABLEFLOW", "TABLEFLOW_DATA_PROCESSED", "GB", 40, "0.04"),
            ("TABLEFLOW", "TABLEFLOW_STORAGE", "GB-hour", 900, "0.00004795"),
        ):
            quantity = self._gigabytes(day, draw, size) if size else _DAY
            resource = estate.link if product == "CLUSTER_LINK" else lead
            yield priced(day, product, line_type, unit, quantity, price, resource=resource)
        nodes = priced(day, "USM", "USM_CONNECTED_NODE", "Hour", _DAY * 3, "0.05", resource=lead)
        yield replace(nodes, price=None)
        units = priced(day, "RTCE", "RTCE_NUM_UNITS", "Unit-hour", Decimal("10.0"), "0.4", resource=estate.bare)
        yield replace(units, access="MULTI")
        if day.toordinal() % 5 == 0:
            refund = priced(day, "KAFKA", "KAFKA_NUM_CKUS", "CKU-hour", Decimal("-2.0"), "2.25", resource=lead)
            refund = replace(refund, access="PRIVATE_LINK", description="Correction of CKU hours")
            yield _late(refund, 0.8)

    def _without_resource(self, day: date, draw: Random) -> Iterator[Line]:
        audit = self._gigabytes(day, draw, 0.8)
        yield priced(day, "AUDIT_LOG", "AUDIT_LOG_READ", "GB", audit, "0.05")
        yield Line(day, "SUPPORT", "SUPPORT_CLOUD_BUSINESS", "Hour", original=_SUPPORT_A_DAY, amount=_SUPPORT_A_DAY)
        ordinal = day.toordinal()
        credits = [("KAFKA101", "-40.0"), ("STREAM25", "-5.0")] if ordinal % 3 == 0 else []
        for code, text in credits:
            amount = Decimal(text)
            unknown = None if code == "STREAM25" else Decimal("0.0")
            yield Line(day, "PROMO_CREDIT", unit="", original=amount, discount=unknown, amount=amount, description=code)
        if ordinal % 4 == 0:
            amount = Decimal(-draw.randint(100, 900)) / 100
            refund = Line(day, "PROMO_CREDIT", original=amount, amount=amount, description="Refund Kafka usage")
            yield _late(replace(refund, nulls=True), 0.9)

    def _gigabytes(self, day: date, draw: Random, size: float) -> Decimal:
        """About `size` on an average working day."""
        busy = self._world.rhythm(day) * draw.uniform(0.85, 1.15)
        return Decimal(str(round(size * busy, 4)))


def _late(line: Line, first: float) -> Line:
    """A line that is seen only some time after the day's end."""
    return replace(line, first=first)


def _timed(line: Line, draw: Random) -> Line:
    """When the line is seen and final: some show half a day before the day has ended.

    A credit comes whole.
    """
    first = line.first or draw.uniform(-1 / 6, 0.3)
    last = draw.uniform(max(first, 0.35), 1.0)
    share = draw.randint(20, 45) if first < 0 else draw.randint(50, 95)
    if line.line_type == "PROMO_CREDIT":
        return replace(line, first=first, last=first)
    return replace(line, first=first, last=last, share=Decimal(share) / 100)
