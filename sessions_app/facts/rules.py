"""How a figure is rounded and a rate is taken: exact until the end, four decimals at most."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

Number = int | Decimal


def rounded(value: Fraction) -> Decimal:
    """To 4 decimals, a half upwards (away from zero), with no trailing zeros left to chance: always 4 places."""
    scaled = value * 10_000
    whole, rest = divmod(abs(scaled.numerator), scaled.denominator)
    if rest * 2 >= scaled.denominator:
        whole += 1
    return Decimal(whole if value >= 0 else -whole).scaleb(-4)


def plain(value: Fraction | Decimal | int) -> Number:
    """An int where the figure is whole, otherwise a Decimal of at most 4 decimals (6.5, 0.3333)."""
    exact = Fraction(value)
    if exact.denominator == 1:
        return int(exact)
    short = rounded(exact).normalize()
    return int(short) if short == short.to_integral_value() else short


def rate(part: Fraction | int, whole: Fraction | int) -> Decimal | None:
    """`part` / `whole` between 0 and 1, 4 decimals; None (待补, JSON null) when nothing was expected."""
    if not whole:
        return None
    return rounded(Fraction(part) / Fraction(whole))


def known_rate(part: Fraction | int, whole: Fraction | int, unmarked: Fraction | int) -> Decimal | None:
    """A rate of those expected; unknown too while not one of them is marked: 未记 is not 缺席."""
    return None if unmarked and unmarked == whole else rate(part, whole)


def tenth(value: Decimal | None) -> Decimal | None:
    """A rate as exact as it prints: to the tenth of a percent."""
    return None if value is None else value.quantize(Decimal("0.001"), rounding=ROUND_HALF_UP)


def percent(value: Decimal | None) -> str | None:
    """A rate as the pages say it: one decimal, "77.8%"; None stays None and prints 待补."""
    if value is None:
        return None
    return f"{(value * 100).quantize(Decimal('0.1'), rounding=ROUND_HALF_UP)}%"


def short(value: Number) -> str:
    """A weighted count as the pages say it: one decimal at most, "646.3", "36"."""
    if isinstance(value, int):
        return str(value)
    said = value.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
    return f"{said.to_integral_value():f}" if said == said.to_integral_value() else f"{said:f}"
