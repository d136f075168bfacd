"""What a change of members touches, in words, before it is saved."""

from datetime import date

from roster.committees.models import Committee
from roster.committees.rules import said, span_said
from roster.people.consequences import impact
from roster.people.models import GroupRole, Membership, Person
from roster.people.rules import Term, changed_span, same_name


def of_merge(kept: Person, other: Person) -> list[str]:
    """Both files as they stand, side by side, before one is merged into the other."""
    lines = []
    for word, row in (("保留", kept), ("并入", other)):
        terms = [
            f"{term.committee}{term.get_group_role_display()}（{span_said(term.since, term.until)}）"
            for term in row.memberships.select_related("committee").order_by("since")
        ]
        terms += [
            f"{term.committee}学习秘书（{span_said(term.since, term.until)}）"
            for term in row.secretaryships.select_related("committee").order_by("since")
        ]
        lines.append(f"{word}：{row.name}（{row.code}），手机{row.phone or '未填'}；{'、'.join(terms) or '没有任职'}。")
    lines.append("两份档案的考勤、发言和文书都留在原处，不改动；以后名单和选人时只有保留的一份。")
    if same_name(kept.name) != same_name(other.name):
        lines.append(f"姓名不同：“{kept.name}”和“{other.name}”，请再核实。")
    return lines


def of_term(committee: Committee, person: Person, before: Term | None, after: Term | None) -> list[str]:
    """Sentences for the days on which belonging changes; empty when no session is touched."""
    span = changed_span(before, after)
    if span is None:
        return []
    first, last = span
    touched = impact(committee.pk, first, last)
    if not touched:
        return []
    word = {True: "将增加 1 名应到人员", False: "将减少 1 名应到人员"}.get(_gain(before, after), "应到人员有变动")
    return [f"{person}：{span_said(first, last)}{word}，这段时间里已有学习：", *touched]


def _gain(before: Term | None, after: Term | None) -> bool | None:
    """Whether a change only adds days of belonging (True), only takes some away (False), or does both (None)."""
    if before is None or after is None:
        return before is None
    earlier = after.since < before.since
    later = after.since > before.since
    longer = before.until is not None and (after.until is None or after.until > before.until)
    shorter = after.until is not None and (before.until is None or after.until < before.until)
    if (earlier or longer) != (later or shorter):
        return earlier or longer
    return None


def of_role(committee: Committee, person: Person, role: str, term: Term, *, but: int | None = None) -> list[str]:
    """A second leader at the same time is possible (a hand-over week), but said."""
    if role != GroupRole.LEADER:
        return []
    others = committee.memberships.during(term.since, term.until).filter(group_role=GroupRole.LEADER).exclude(pk=but)
    return [
        f"{row.person}在 {span_said(row.since, row.until)} 也是组长，两段任期重叠；一个中心组通常只有一名组长。"
        for row in others.exclude(person=person).select_related("person")
    ]


def of_history(row: Membership, role: str, today: date) -> list[str]:
    """Changing a role in place rewrites the past; a change from a day is an end and a new term."""
    if role == row.group_role or row.since >= today:
        return []
    return [
        f"组内职务会从 {said(row.since)} 起整段改掉，以前的文书和现在的名册会不一致。"
        f"如果是中途改任，请先“结束任期”，再按新职务“增加成员”。"
    ]
