"""A line of the bill as the costs endpoint prints it."""

from datetime import date, timedelta
from decimal import Decimal

from sandbox.kit import Json
from sandbox.vendors.confluent.knobs import Knobs
from sandbox.vendors.confluent.lines import Line


def row(line: Line, knobs: Knobs) -> Json:
    """Unknown members are left out, or null where the line says so."""
    members: Json = {
        "start_date": _date(line.day, knobs),
        "end_date": _date(line.day + timedelta(days=1), knobs),
        "granularity": "DAILY",
        "product": line.product,
        "line_type": line.line_type,
        "network_access_type": line.access,
        "price": _figure(line.price, knobs),
        "unit": line.unit,
        "quantity": _figure(line.quantity, knobs),
        "original_amount": _figure(line.original, knobs),
        "discount_amount": _figure(line.discount, knobs),
        "amount": _figure(line.amount, knobs),
        "description": line.description,
        "tier_dimensions": dict(line.tier) if line.tier else None,
        **_resource(line, knobs),
    }
    if line.id is not None:
        members = {"id": line.id, **members}
    if not line.nulls:
        members = {name: value for name, value in members.items() if value is not None}
    if knobs.missing_date and line.product == "AUDIT_LOG":
        del members[knobs.missing_date]
    return members


def _resource(line: Line, knobs: Knobs) -> Json:
    resource, environment = line.resource, line.environment
    if resource is None:
        return {"resource": None}
    named: Json = {"id": resource.id, "display_name": resource.name_on(line.day)}
    if knobs.shape == "current":
        named["environment"] = {"id": environment.id} if environment else None
        return {"resource": named}
    if environment is None:
        return {"resource": named}
    if line.number % 2:
        named["environment"] = environment.id
    return {"environment": {"id": environment.id}, "resource": named}


def _date(day: date, knobs: Knobs) -> str:
    return f"{day.isoformat()} 00:00:00" if knobs.dates == "midnight" else day.isoformat()


def _figure(value: Decimal | None, knobs: Knobs) -> int | float | str | None:
    """Whole units are printed as an integer, the rest with a fraction even when it is zero."""
    if value is None:
        return None
    if knobs.numbers == "string":
        _, _, fraction = f"{value:f}".partition(".")
        return f"{value:.{max(4, len(fraction))}f}"
    return int(value) if value.as_tuple().exponent == 0 else float(value)
