"""The shape of a scheme as it is typed: a head, and rows within rows named by their place (`ind-0-item-1-rule-2-each`).

Rows are added, removed and moved by buttons of the same form (`op`), so that it works with and without script: the server
puts the rows in order and gives the form back. Places may have gaps; nothing counts rows.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django import forms
from django.db.models import QuerySet

from roster import outside
from roster.audit.forms import DayField
from roster.committees.models import Committee
from sessions_app.assessment import wording
from sessions_app.assessment.models import Primitive, Scheme
from sessions_app.assessment.rules import COUNTED, PARAMS, Problem
from sessions_app.assessment.specs import Content, content_of
from sessions_app.plans.forms import DayInput, differences

# The parts of a place, and the list of the content each stands for.
LISTS: Mapping[str, str] = {"band": "bands", "ind": "indicators", "item": "items", "rule": "rules", "tier": "tiers"}
MOST_ROWS = 400
OTHER_NAME = "other"  # the field of OTHER's name; `name` is the item's own


class HeadForm(forms.Form):
    """What stands above the rows; texts and numbers are judged with the rows, all at once."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    form_token = forms.CharField(widget=forms.HiddenInput, required=False, max_length=36)
    committee = forms.ModelChoiceField(label="制定单位", queryset=Committee.objects.none(), empty_label=None)
    year = forms.TypedChoiceField(label="年度", coerce=int)
    title = forms.CharField(label="名称", required=False, max_length=400)
    source = forms.CharField(label="依据", required=False, max_length=400, help_text="所依据的文件，如有")
    weight = forms.CharField(
        label="占年度考核权重（%）", required=False, max_length=10, help_text="如 10，总分 86.5 折算为 8.65"
    )
    bonus_cap = forms.CharField(
        label="加分上限", required=False, max_length=10, help_text="不加分写 0；加分后最高 100 分"
    )
    effective_from = DayField(label="生效日期", required=False, widget=DayInput())

    def __init__(
        self, *args: Any, committees: QuerySet | None = None, today: date, scheme: Scheme | None = None, **more: Any
    ):
        super().__init__(*args, **more)
        self.scheme = scheme
        for name in ("weight", "bonus_cap"):
            self.fields[name].widget.attrs["inputmode"] = "decimal"
        if scheme is None:
            self.fields["committee"].queryset = committees
            self.fields["year"].choices = year_choices(today)
        else:
            del self.fields["committee"], self.fields["year"]

    @property
    def of_year(self) -> int:
        return self.scheme.year if self.scheme else self.cleaned_data["year"]


def year_choices(today: date) -> list[tuple[int, str]]:
    return [(year, f"{year} 年") for year in (today.year - 1, today.year, today.year + 1)]


class TakeForm(forms.Form):
    """One of the examples, or a scheme to be copied, for a department and a year."""

    committee = forms.ModelChoiceField(label="制定单位", queryset=Committee.objects.none(), empty_label=None)
    year = forms.TypedChoiceField(label="年度", coerce=int)
    form_token = forms.CharField(widget=forms.HiddenInput, required=False, max_length=36)

    def __init__(self, *args: Any, committees: QuerySet, today: date, **more: Any):
        super().__init__(*args, **more)
        self.fields["committee"].queryset = committees
        self.fields["year"].choices = year_choices(today)


class EditionForm(forms.Form):
    effective_from = DayField(label="新版生效日期", widget=DayInput())
    form_token = forms.CharField(widget=forms.HiddenInput, required=False, max_length=36)


class VersionForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)


# ------------------------------------------------------------------------------------------------ reading
def posted(data: Mapping[str, Any], *, subject: str) -> dict[str, Any]:
    """The content as typed, rows in the order of their places. What has no place on the sheet is left out."""
    found: dict[str, Any] = {"subject": subject}
    for name in ("title", "source", "weight", "bonus_cap"):
        found[name] = data.get(name, "")
    tree: dict[str, Any] = {}
    for name in data:
        steps = _steps(name)
        if steps is None:
            continue
        node = tree
        for part, place in steps[0]:
            node = node.setdefault(LISTS[part], {}).setdefault(place, {})
        node[steps[1]] = data.get(name, "")
    found["bands"] = _listed(tree.get("bands", {}))
    found["indicators"] = [
        {**row, "items": [_item(item) for item in _listed(row.get("items", {}))]}
        for row in _listed(tree.get("indicators", {}))
    ]
    return found


def _steps(name: str) -> tuple[list[tuple[str, int]], str] | None:
    """`ind-0-item-1-name` as ([("ind", 0), ("item", 1)], "name"); None for any other name."""
    parts = name.split("-")
    if len(parts) < 3 or len(parts) % 2 == 0:
        return None
    pairs = list(zip(parts[:-1:2], parts[1::2], strict=True))
    if any(part not in LISTS or outside.whole(place, most=MOST_ROWS) is None for part, place in pairs):
        return None
    return [(part, int(place)) for part, place in pairs], parts[-1]


def _listed(rows: Mapping[int, Any]) -> list[dict[str, Any]]:
    return [rows[place] for place in sorted(rows)]


def _item(row: Mapping[str, Any]) -> dict[str, Any]:
    """Whatever a primitive might need is read, so that a change of the primitive and back loses nothing."""
    params = {name: row.get(name, "") for name in ("formula", "full", "at_least", "high_is_good", "least", "hint")}
    params["name"] = row.get(OTHER_NAME, "")
    params["rules"] = _listed(row.get("rules", {}))
    params["tiers"] = [
        {"at_least": tier.get("mark", ""), "share": tier.get("mark", ""), "score": tier.get("score", "")}
        for tier in _listed(row.get("tiers", {}))
    ]
    kept = {name: row.get(name, "") for name in ("name", "max", "basis")}
    return {**kept, "primitive": row.get("primitive") or Primitive.MANUAL, "params": params}


# ------------------------------------------------------------------------------------------------ rows
BLANK: Mapping[str, Callable[[], dict[str, Any]]] = {
    "band": lambda: {"label": "", "at_least": ""},
    "ind": lambda: {"name": "", "weight": "", "items": [BLANK["item"]()]},
    "item": lambda: {"name": "", "max": "", "basis": "", "primitive": Primitive.MANUAL, "params": {}},
    "rule": lambda: {"key": "", "label": "", "formula": "", "each": "", "cap": ""},
    "tier": lambda: {"at_least": "", "share": "", "score": ""},
}


def operate(content: dict[str, Any], op: str) -> str:
    """`add:ind-0-item`, `remove:ind-0-item-1`, `up:…`, `down:…`: done to the content; the name of the row to stand on.

    Anything else (`show`, a place that is gone) changes nothing.
    """
    verb, _, where = op.partition(":")
    parts = where.split("-")
    if verb not in ("add", "remove", "up", "down") or parts[0] not in LISTS:
        return ""
    if verb == "add":
        rows = _rows(content, parts[:-1], parts[-1])
        if rows is None or len(rows) >= MOST_ROWS:
            return ""
        rows.append(BLANK[parts[-1]]())
        return f"{where}-{len(rows) - 1}"
    if len(parts) % 2 or outside.whole(parts[-1]) is None:
        return ""
    rows, at = _rows(content, parts[:-2], parts[-2]), int(parts[-1])
    if rows is None or at >= len(rows):
        return ""
    if verb == "remove":
        del rows[at]
        return ""
    to = at + (1 if verb == "down" else -1)
    if 0 <= to < len(rows):
        rows[at], rows[to] = rows[to], rows[at]
        at = to
    return "-".join([*parts[:-1], str(at)])


def _rows(content: dict[str, Any], path: list[str], last: str) -> list[Any] | None:
    node: Any = content
    for part, place in zip(path[::2], path[1::2], strict=False):
        rows = _in(node, part)
        if rows is None or outside.whole(place, most=len(rows) - 1) is None:
            return None
        node = rows[int(place)]
    return _in(node, last)


def _in(node: dict[str, Any], part: str) -> list[Any] | None:
    if part not in LISTS:
        return None
    if part in ("rule", "tier"):
        node = node.get("params", {}) if "params" in node else node
    found = node.setdefault(LISTS[part], [])
    return found if isinstance(found, list) else None


# ------------------------------------------------------------------------------------------------ showing
@dataclass
class Cell:
    """One field of a row, as templates/assessment/scheme_field.html shows it."""

    name: str
    label: str
    value: str
    errors: list[str] = field(default_factory=list)
    kind: str = "text"
    hint: str = ""
    words: str = ""
    choices: list[tuple[str, str]] = field(default_factory=list)
    focus: bool = False
    css: str = ""


@dataclass
class Rows:
    """Rows of rules, of tiers, of bands: each a list of cells with the place it stands at."""

    place: str
    add_label: str
    rows: list[tuple[str, list[Cell], list[Cell]]]
    errors: list[str] = field(default_factory=list)


@dataclass
class ItemRow:
    place: str
    number: int
    head: list[Cell]
    primitive: Cell
    cells: list[Cell]
    lists: list[Rows]
    hidden: list[Cell]
    errors: list[str]


@dataclass
class IndicatorRow:
    place: str
    number: int
    name: Cell
    weight: Cell
    items: list[ItemRow]
    errors: list[str]


def field_of(place: tuple[int | str, ...]) -> str:
    """The id of the field a problem stands at; of a group where it has no field of its own."""
    if place == ("weights",) or place == ("items",):
        return "weights"
    if not isinstance(place[0], int):
        return f"band-{place[1]}-{place[2]}" if place[0] == "bands" else f"id_{place[0]}"
    name, rest = f"ind-{place[0]}", place[1:]
    if isinstance(rest[0], int):
        name, rest = f"{name}-item-{rest[0]}", rest[1:]
    if rest[0] == "name_of_other":
        return f"{name}-{OTHER_NAME}"
    if len(rest) == 3:
        what = {"at_least": "mark", "share": "mark"}.get(str(rest[2]), str(rest[2])) if rest[0] == "tiers" else rest[2]
        return f"{name}-{'rule' if rest[0] == 'rules' else 'tier'}-{rest[1]}-{what}"
    return f"{name}-{rest[0]}"


class Sheet:
    """A content with its problems, as rows of cells."""

    def __init__(self, content: Content, problems: Iterable[Problem] = (), focus: str = "") -> None:
        self.content, self.focus = content, focus
        self.problems = [(field_of(problem.place), problem.text) for problem in problems]
        self.errors: dict[str, list[str]] = {}
        for name, text in self.problems:
            self.errors.setdefault(name, []).append(text.rsplit("：", 1)[-1] if name.startswith("ind-") else text)
        self.bands = self._list(
            "band",
            "加一个等次",
            content.get("bands") or (),
            [("label", "等次", ""), ("at_least", "总分不低于", "decimal")],
        )
        self.indicators = [self._indicator(at, row) for at, row in enumerate(content.get("indicators") or ())]

    def head_errors(self) -> dict[str, list[str]]:
        return {name.removeprefix("id_"): texts for name, texts in self.errors.items() if name.startswith("id_")}

    @property
    def weights_errors(self) -> list[str]:
        return self.errors.get("weights", [])

    def _cell(self, name: str, label: str, value: Any, kind: str = "text", **more: Any) -> Cell:
        return Cell(name, label, "" if value is None else str(value), self.errors.get(name, []), kind, **more)

    def _list(
        self, place: str, more: str, rows: Iterable[Content], fields: list[tuple[str, str, str]], source: str = ""
    ) -> Rows:
        """`fields`: name, label, kind. Tiers keep their mark under the name the primitive gives it (`source`)."""
        found = []
        for at, row in enumerate(rows):
            cells = [
                self._cell(
                    f"{place}-{at}-{name}", label, row.get(source if name == "mark" else name), kind or "text",
                    focus=not index and self.focus == f"{place}-{at}",
                    words=_words(row.get(name)) if kind == "formula" else "",
                )
                for index, (name, label, kind) in enumerate(fields)
            ]  # fmt: skip
            hidden = [self._cell(f"{place}-{at}-key", "", row.get("key"), "hidden")] if place.endswith("rule") else []
            found.append((f"{place}-{at}", cells, hidden))
        group = {"rule": "rules", "tier": "tiers"}.get(place.rsplit("-", 1)[-1], "")
        return Rows(place, more, found, self.errors.get(f"{place.rsplit('-', 1)[0]}-{group}", []) if group else [])

    def _indicator(self, at: int, row: Content) -> IndicatorRow:
        place = f"ind-{at}"
        return IndicatorRow(
            place, at + 1, self._cell(f"{place}-name", "指标", row.get("name"), focus=self.focus == place),
            self._cell(f"{place}-weight", "权重", row.get("weight"), "decimal"),
            [self._item(f"{place}-item-{number}", number, item) for number, item in enumerate(row.get("items") or ())],
            self.errors.get(f"{place}-items", []),
        )  # fmt: skip

    def _item(self, place: str, number: int, item: Content) -> ItemRow:
        primitive, params = str(item.get("primitive") or Primitive.MANUAL), item.get("params") or {}
        head = [
            self._cell(f"{place}-name", "评分项", item.get("name"), focus=self.focus == place),
            self._cell(f"{place}-max", "满分", item.get("max"), "decimal"),
            self._cell(f"{place}-basis", "考核依据", item.get("basis"), hint="查什么材料，可以不填"),
        ]
        choose = self._cell(
            f"{place}-primitive", "计分方式", primitive, "select", choices=list(Primitive.choices),
            hint=wording.HINTS.get(primitive, ""),
        )  # fmt: skip
        asked = PARAMS.get(primitive, ())
        cells = [cell for name, cell in self._params(place, params).items() if name in asked]
        lists = []
        if primitive in COUNTED:
            verb = "扣" if primitive == "DEDUCT" else "加"
            fields = [
                ("label", f"{verb}分情形", ""), ("each", f"每 1 {verb}几分", "decimal"), ("cap", "最多（可空）", "decimal"),
                ("formula", "次数取数（空着由人填）", "formula"),
            ]  # fmt: skip
            lists.append(self._list(f"{place}-rule", f"加一条{verb}分规则", params.get("rules") or (), fields))
        elif "tiers" in asked:
            by, label = (
                ("share", "名次在前（0.3 即前 30%）")
                if primitive == "RANK_TIERS"
                else ("at_least", "达到（0.9 即 90%）")
            )
            fields = [("mark", label, "decimal"), ("score", "得分", "decimal")]
            lists.append(self._list(f"{place}-tier", "加一档", params.get("tiers") or (), fields, by))
        return ItemRow(
            place, number + 1, head, choose, cells, lists, self._left(place, params, asked, primitive),
            self.errors.get(f"{place}-items", []),
        )  # fmt: skip

    def _params(self, place: str, params: Content) -> dict[str, Cell]:
        text = str(params.get("formula") or "")
        high = "False" if params.get("high_is_good") in (False, "False") else "True"
        return {
            "formula": self._cell(f"{place}-formula", "取数", text, "formula", words=_words(text)),
            "high_is_good": self._cell(
                f"{place}-high_is_good", "名次", high, "select", choices=[("True", "越高越好"), ("False", "越低越好")]
            ),
            "full": self._cell(f"{place}-full", "满分线", params.get("full"), "decimal", hint="0.85 即 85%"),
            "at_least": self._cell(f"{place}-at_least", "不低于", params.get("at_least"), "decimal"),
            "least": self._cell(f"{place}-least", "末位得分", params.get("least"), "decimal"),
            "name": self._cell(f"{place}-{OTHER_NAME}", "考核名称", params.get("name"), hint="与录入结果时的名称一致"),
            "hint": self._cell(f"{place}-hint", "评分提示", params.get("hint"), hint="评分时看什么，可以不填"),
        }

    def _left(self, place: str, params: Content, asked: Iterable[str], primitive: str) -> list[Cell]:
        """What was typed for another primitive travels along, hidden, until the scheme is saved."""
        rest = [cell for name, cell in self._params(place, params).items() if name not in asked and cell.value]
        if primitive not in COUNTED:
            rest += [
                self._cell(f"{place}-rule-{at}-{name}", "", row.get(name))
                for at, row in enumerate(params.get("rules") or ()) for name in ("key", "label", "each", "cap", "formula")
            ]  # fmt: skip
        if "tiers" not in asked:
            rest += [
                self._cell(f"{place}-tier-{at}-{name}", "", value)
                for at, row in enumerate(params.get("tiers") or ())
                for name, value in (("mark", row.get("at_least") or row.get("share")), ("score", row.get("score")))
            ]  # fmt: skip
        return rest


def _words(text: Any) -> str:
    """A formula in words below its field; nothing where it is empty or cannot be read."""
    said = wording.formula_words(str(text or ""))
    return "" if said == str(text or "") else said


# ------------------------------------------------------------------------------------------------ beside what is kept
def scheme_differences(scheme: Scheme, typed: Content, effective_from: date | None) -> list[dict[str, str]]:
    """What was typed beside what is kept, after somebody else saved meanwhile."""
    kept = content_of(scheme)
    rows = [
        ("名称", typed["title"], kept["title"]), ("依据", typed["source"], kept["source"]),
        ("占年度考核权重", typed["weight"], kept["weight"]), ("加分上限", typed["bonus_cap"], kept["bonus_cap"]),
        ("生效日期", effective_from or "", scheme.effective_from), ("等次", _bands(typed), _bands(kept)),
        ("指标和评分项", _told(typed), _told(kept)),
    ]  # fmt: skip
    return differences(rows)


def _bands(content: Content) -> str:
    return "\n".join(f"{row.get('label')} {row.get('at_least')}" for row in content["bands"])


def _told(content: Content) -> str:
    lines = []
    for row in content["indicators"]:
        lines.append(f"{row['name']} {row['weight']}")
        for item in row["items"]:
            lines.append(f"　{item['name']} {item['max']} 分")
            lines += [f"　　{words}" for words in wording.how(item["primitive"], item["params"])]
    return "\n".join(lines)
