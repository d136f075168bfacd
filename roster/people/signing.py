"""How a name is printed where somebody decided in the leader's place: 张三（代理）, 李四（主持工作）, 王五（受委托）."""

from collections.abc import Collection
from datetime import date, datetime

from roster.audit.actions import SHANGHAI
from roster.people.models import ActingKind, ActingLeader, GroupRole, Membership, Person

WORDS = {ActingKind.ACTING: "代理", ActingKind.IN_CHARGE: "主持工作", ActingKind.ENTRUSTED: "受委托"}
LEADER_ALONE = frozenset({GroupRole.LEADER.value})
LEADER_OR_DEPUTY = frozenset({GroupRole.LEADER.value, GroupRole.DEPUTY.value})


def signed(
    person: Person | None, committee_id: int, at: datetime | date | None, *, by_right: Collection[str] = LEADER_ALONE
) -> str:
    """The name, and the word of his authorisation where he held no role `by_right` on that day; empty for nobody."""
    if person is None or at is None:
        return person.name if person else ""
    day = at.astimezone(SHANGHAI).date() if isinstance(at, datetime) else at
    acting = ActingLeader.objects.on(day).filter(committee_id=committee_id, person=person).first()
    if acting is None:
        return person.name
    own = Membership.objects.in_office(day).filter(committee_id=committee_id, person=person, group_role__in=by_right)
    return person.name if own.exists() else f"{person.name}（{WORDS[ActingKind(acting.kind)]}）"
