"""The life cycle of a finding as one table, who may not close it, what each move needs, and the rate. Pure."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from roster.audit.moves import Move, Moves

MOVES = Moves(
    thing="这个问题",
    labels={
        "RAISED": "待确认", "OPEN": "待整改", "IN_PROGRESS": "整改中", "SUBMITTED": "申请销号", "RETURNED": "退回整改",
        "CLOSED": "已销号", "DISMISSED": "不成立", "LONG_TERM": "长期坚持",
    },
    moves=[
        Move("confirm", "确认", ("RAISED",), "OPEN"),
        Move("dismiss", "判为不成立", ("RAISED",), "DISMISSED"),
        Move("agree_plan", "认可整改措施", ("OPEN",), "IN_PROGRESS"),
        Move("submit", "申请销号", ("IN_PROGRESS", "RETURNED"), "SUBMITTED"),
        Move("withdraw", "撤回申请", ("SUBMITTED",), "IN_PROGRESS"),
        Move("void", "因佐证变动作废申请", ("SUBMITTED",), "IN_PROGRESS"),
        Move("return", "退回整改", ("SUBMITTED",), "RETURNED"),
        Move("close", "销号", ("SUBMITTED",), "CLOSED"),
        Move("keep_up", "转为长期坚持", ("IN_PROGRESS", "SUBMITTED", "RETURNED"), "LONG_TERM"),
        Move("resume", "恢复整改", ("LONG_TERM",), "IN_PROGRESS"),
        Move("reopen", "回头看重开", ("CLOSED",), "IN_PROGRESS"),
    ],
)  # fmt: skip


def closer_reasons(closer: int | None, *, took_part: Iterable[tuple[str, int | None]]) -> list[str]:
    """Why this person may not close: by person, never by role. `took_part`: (what he did, person id)."""
    if closer is None:
        return ["销号须由有人员身份的复核人办理，系统账号不能销号。"]
    did = [word for word, person in took_part if person == closer]
    if did:
        return [f"您是这个问题的{'、'.join(dict.fromkeys(did))}，不能由您销号；请由没有参与整改的复核人办理。"]
    return []


# ------------------------------------------------------------------------------------------------- where what is done
EVIDENCE_STAGES = ("IN_PROGRESS", "RETURNED", "SUBMITTED")
PROGRESS_STAGES = ("IN_PROGRESS", "RETURNED", "LONG_TERM")
EXTENSION_STAGES = ("IN_PROGRESS", "RETURNED")
MOST_MEASURES, MOST_MILESTONES, TEXT_MOST = 20, 20, 1000
ONE_BY_ONE = "销号须打开问题页面、核对佐证后逐件办理，不能批量销号。"
NO_EVIDENCE = "还没有佐证材料，不能销号；请责任单位先提交佐证，再申请销号。"
CHANGED_EVIDENCE = "佐证材料在申请销号之后有变动，原申请不再作数；请退回，由责任单位重新申请。"
ASKS_EXTENSION = "延期申请还没有答复，请先答复延期。"


def now_words(stage: str) -> str:
    return f"这个问题现在是“{MOVES.labels[stage]}”"


def stage_refusals(stage: str, allowed: Collection[str], doing: str) -> list[str]:
    """For what is done without changing the stage: filing evidence, noting progress, asking for an extension."""
    if stage in allowed:
        return []
    if stage == "CLOSED":
        return [f"{now_words(stage)}，不能{doing}；确需变动请先由复核人回头看重开。"]
    where = "、".join(MOVES.labels[one] for one in allowed)
    return [f"{now_words(stage)}，不能{doing}；只有“{where}”时可以。"]


def move_refusals(stage: str, verb: str) -> list[str]:
    """Like `MOVES.target`, but as a reason among others: a refusal says everything at once."""
    if MOVES.may(stage, verb):
        return []
    move = MOVES.moves[verb]
    where = "、".join(MOVES.labels[source] for source in move.sources)
    return [f"{now_words(stage)}，不能{move.label}；只有“{where}”时可以。请刷新页面核对。"]


# --------------------------------------------------------------------------------------------------------- refusals
def raise_refusals(
    *, text: str, found_on: date, today: date, below: bool, source: str, has_visit: bool, visit_fits: bool, active: bool
) -> list[str]:
    found = []
    if not text.strip():
        found.append("请写明发现了什么问题。")
    elif len(text.strip()) > TEXT_MOST:
        found.append(f"问题表述请控制在 {TEXT_MOST} 字以内，现在 {len(text.strip())} 字。")
    if found_on > today:
        found.append("发现日期不能晚于今天。")
    if not below:
        found.append("督办单位须是这个单位的上级，请核对单位。")
    if not active:
        found.append("问题类别已停用，请另选一类。")
    if source == "VISIT" and not has_visit:
        found.append("来源是旁听的，须从一次旁听提出；不是旁听发现的请改选来源。")
    if source != "VISIT" and has_visit:
        found.append("从旁听提出的问题，来源只能是旁听。")
    if not visit_fits:
        found.append("这次旁听的单位、组织单位或评分项与所填的不一致，请从旁听页面重新提出。")
    return found


def plan_refusals(
    *, measures: Sequence[str], leader_belongs: bool, owner_belongs: bool, due_on: date, today: date
) -> list[str]:
    found = []
    if not measures:
        found.append("请至少写一条整改措施。")
    if len(measures) > MOST_MEASURES:
        found.append(f"整改措施最多 {MOST_MEASURES} 条，请合并后再报。")
    found += [f"第 {number} 条措施超过 300 字，请精简。" for number, text in enumerate(measures, 1) if len(text) > 300]
    if not leader_belongs:
        found.append("责任领导须是本单位现任的中心组成员。")
    if not owner_belongs:
        found.append("责任人须是本单位现任的中心组成员或学习秘书。")
    if due_on <= today:
        found.append("整改时限须在今天之后。")
    return found


def milestone_refusals(rows: Sequence[tuple[date, str]], *, today: date) -> list[str]:
    found = []
    if not rows:
        found.append("长期坚持须至少定一个节点（日期和要做到什么）。")
    if len(rows) > MOST_MILESTONES:
        found.append(f"节点最多 {MOST_MILESTONES} 个。")
    found += [f"第 {number} 个节点没有写要做到什么。" for number, (_, text) in enumerate(rows, 1) if not text.strip()]
    found += [f"第 {number} 个节点超过 200 字，请精简。" for number, (_, text) in enumerate(rows, 1) if len(text) > 200]
    found += [f"第 {number} 个节点的日期已过。" for number, (day, _) in enumerate(rows, 1) if day < today]
    return found


def own_decision(person: int | None, took_part: Iterable[tuple[str, int | None]], doing: str) -> list[str]:
    """Why this person may not decide on the unit's side of the matter (plan, extension, long term)."""
    if person is None:
        return [f"{doing}须由有人员身份的审核人办理，系统账号不能办理。"]
    did = [word for word, other in took_part if other == person]
    if did:
        return [f"您是这个问题的{'、'.join(dict.fromkeys(did))}，不能由您{doing}；请由另一位审核人办理。"]
    return []


# --------------------------------------------------------------------------------------------------------- evidence
def evidence_print(lines: Iterable[tuple[int, str, str]]) -> str:
    """SHA-256 over (id, words, sha256 of the file) of what is filed and not withdrawn; "" when there is nothing."""
    rows = sorted(lines)
    if not rows:
        return ""
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()


# ------------------------------------------------------------------------------------------------------------- rate
@dataclass(frozen=True)
class Rate:
    """销号率: what is closed of everything confirmed; 长期坚持 is part of the whole and shown apart."""

    confirmed: int
    closed: int
    long_term: int

    @property
    def under_way(self) -> int:
        return self.confirmed - self.closed - self.long_term

    @property
    def share(self) -> Decimal | None:
        return Decimal(self.closed) / self.confirmed if self.confirmed else None


def rate(stages: Mapping[str, int]) -> Rate:
    """From how many stand in each stage; what is not confirmed, or was dismissed, does not count."""
    confirmed = sum(count for stage, count in stages.items() if stage not in ("RAISED", "DISMISSED"))
    return Rate(confirmed, stages.get("CLOSED", 0), stages.get("LONG_TERM", 0))


def months_before(day: date, months: int) -> date:
    """The same day `months` months earlier, the last of the month where there is none."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise ValueError(day)
