"""What the pages of a bulletin show: figures to put in, who has had it in hand, what may be done next, how it reads."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from roster.accounts.models import User
from roster.accounts.roles import Permission
from sessions_app.bulletins import blocks, markup, prose, rules
from sessions_app.bulletins.actions import length_limit
from sessions_app.bulletins.frozen import period_of
from sessions_app.bulletins.models import Bulletin, BulletinStage
from sessions_app.facts.figures import LABELS

P = Permission
S = BulletinStage
TONES = {S.DRAFT: "muted", S.FROZEN: "muted", S.CHECKING: "near", S.CHECKED: "near", S.ISSUED: "ok"}
# What each step needs of who takes it; sending back is the checker's until it is checked, then the signer's.
NEEDS = {
    "freeze": P.BULLETIN_EDIT, "thaw": P.BULLETIN_EDIT, "submit": P.BULLETIN_EDIT, "take_back": P.BULLETIN_EDIT,
    "check": P.BULLETIN_CHECK, "sign": P.BULLETIN_SIGN,
}  # fmt: skip
DONE = {
    "freeze": "数据已冻结。以后的改动不影响本期，可以插入数字和图表了。",
    "thaw": "已解冻，正文不变；定稿前须重新冻结。",
    "submit": "已送核稿，正文锁定。请另一位同志核稿。",
    "take_back": "已撤回修改，核稿意见作废。",
    "check": "核稿通过，等部领导签发。",
    "send_back": "已退回，编制人会看到原因。",
    "sign": "已签发，文书已印发，下级单位可以看到并签收。",
}


def needed(do: str, stage: str) -> Permission | None:
    if do == "send_back":
        return P.BULLETIN_SIGN if stage == S.CHECKED else P.BULLETIN_CHECK
    return NEEDS.get(do)


def figure_lines(facts: Any, of: str = "", before: bool = False) -> list[dict[str, str]]:
    """Each single figure of the snapshot that is known: its key, label and how it stands in the text."""
    if not facts:
        return []
    found = []
    for key, (label, unit) in LABELS.items():
        name = f"previous.{key}" if before else key
        if text := rules.printed(facts, name, of):
            found.append({"key": name, "of": of, "label": label, "text": text, "unit": unit})
    return found


def units(facts: Any) -> list[tuple[str, str]]:
    """(code, name) of the committees the snapshot tells of one by one."""
    return [(row["code"], row["name"]) for row in (facts or {}).get("committees", ())]


def numbers(bulletin: Bulletin, html: str, at: datetime) -> dict[str, Any]:
    """The numbers of a text against the snapshot, and its length; nothing is compared before the figures are frozen."""
    size, limit = prose.length(html), length_limit(bulletin, at)
    read = prose.read(html, bulletin.facts)
    return {
        "frozen": bulletin.facts is not None,
        "mismatches": read.mismatches, "checked": read.checked, "unchecked": read.unchecked,
        "size": f"{size:,}", "limit": f"{limit:,}", "over": size > limit, "warning": rules.length_warning(size, limit),
        "linked": sum(1 for _ in markup.facts_in(html)),
    }  # fmt: skip


def hands(bulletin: Bulletin) -> list[dict[str, Any]]:
    """编制 · 核稿 · 签发: who and when; the one whose turn it is is marked."""
    turn = {S.DRAFT: 0, S.FROZEN: 0, S.CHECKING: 1, S.CHECKED: 2}.get(S(bulletin.stage), 3)
    rows = [
        ("编制", bulletin.compiled_by, None),
        ("核稿", bulletin.checked_by, bulletin.checked_at),
        ("签发", bulletin.signed_by, bulletin.signed_at),
    ]
    return [
        {"label": label, "who": person.name if person else "", "at": at, "done": place < turn, "current": place == turn}
        for place, (label, person, at) in enumerate(rows)
    ]


def steps(bulletin: Bulletin, user: User, mismatches: int = 0) -> list[dict[str, Any]]:
    """The buttons of who looks, each with one sentence of what will happen."""
    early = rules.early_words(period_of(bulletin.year, bulletin.quarter).last, user.today)
    own = {
        needed for needed in (P.BULLETIN_EDIT, P.BULLETIN_CHECK, P.BULLETIN_SIGN)
        if user.may(needed) and Bulletin.objects.open_to(user, needed).filter(pk=bulletin.pk).exists()
    }  # fmt: skip
    compiled, checked = bulletin.compiled_by_id == user.person_id, bulletin.checked_by_id == user.person_id
    edits, checks, signs = (needed in own for needed in (P.BULLETIN_EDIT, P.BULLETIN_CHECK, P.BULLETIN_SIGN))
    found: list[dict[str, Any]] = []
    back = {"do": "send_back", "label": "退回", "tone": "danger", "go": "退回修改", "reason": "退回原因",
            "sentence": "退回后由编制人修改，重新送核稿；核稿意见作废。",
            "reasons": ["请核对数据", "请压缩篇幅", "请补充典型做法"]}  # fmt: skip
    away = {"do": "take_back", "label": "撤回修改", "tone": "secondary", "go": "撤回", "reason": "撤回原因",
            "sentence": "撤回后可以修改正文；已有的核稿意见作废，须重新送核稿。"}  # fmt: skip
    match bulletin.stage:
        case S.DRAFT if edits:
            found.append({"do": "freeze", "label": "冻结数据", "tone": "primary",
                          "sentence": early + "按此刻的记录取一份本期数据，存在这期通报里；以后记录再改，本期数字不变。"})  # fmt: skip
        case S.FROZEN if edits:
            submit: dict[str, Any] = {"do": "submit", "label": "送核稿", "tone": "primary",
                      "sentence": "送核稿后正文锁定，由没有参与编制的同志核稿。"}  # fmt: skip
            if mismatches:
                submit |= {"reason": f"有 {mismatches} 处数字与数据不一致。确要保留的，写明原因", "optional": True}
            found.append(submit)
            found.append({"do": "thaw", "label": "解冻数据", "tone": "secondary", "reason": "解冻原因",
                          "sentence": "放弃已冻结的数据，正文不变；定稿前须重新冻结，数字以新的为准。"})  # fmt: skip
        case S.CHECKING:
            if checks and not compiled:
                found.append({"do": "check", "label": "核稿通过", "tone": "primary",
                              "sentence": "确认文字、数字无误，送部领导签发。"})  # fmt: skip
            found += [back] if checks and not compiled else [away] if edits else []
        case S.CHECKED:
            if signs and not compiled and not checked:
                found.append({"do": "sign", "label": "签发", "tone": "primary", "seen_by": "下级各单位",
                              "sentence": "签发后编号、印发文书，不能再改；有误只能登记勘误。"})  # fmt: skip
                found.append(back)
            elif edits:
                found.append(away)
    found.reverse()  # the way on stands last, where the page's main button is
    for step in found:
        step["hidden"] = [{"name": "do", "value": step["do"]}]
        step["reason_required"] = "reason" in step and not step.get("optional")
    return found


def reading(bulletin: Bulletin, at: datetime) -> dict[str, Any]:
    """The bulletin as it prints. Issued: what was frozen with the paper; before: as it stands now."""
    if bulletin.paper_id:
        return dict(bulletin.paper.facts)
    if bulletin.facts:
        return blocks.paper(bulletin, at=at)
    lines: list[dict[str, Any]] = []
    for line in markup.lines(bulletin.body):
        if line.tag == "figure":
            lines.append({"tag": "figure", "name": line.block, "block": None})
            continue
        runs = [{"text": run.text, "bold": run.bold, "italic": run.italic} for run in line.runs]
        lines.append({"tag": line.tag, "kind": line.kind, "number": line.number, "runs": runs, "text": line.text})
    number = rules.document_words(bulletin.mark, bulletin.document_year or bulletin.year, bulletin.document_number)
    return {
        "title": bulletin.title, "to": bulletin.to, "copies": bulletin.copies, "number": number, "on": "", "as_of": "",
        "issue_words": rules.issue_words(bulletin.year, bulletin.issue), "sender": str(bulletin.committee),
        "body": lines, "annexes": [{"number": n, "title": str(row), "block": None}
                                   for n, row in enumerate(bulletin.annexes.all(), start=1)],
        "cards": [{"mode": card.get_mode_display(), "unit": str(card.committee), "title": card.title, "text": card.text,
                   "source": ""} for card in bulletin.cards.select_related("committee")],
    }  # fmt: skip


def runs_of(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Points of a list one after the other as one entry {"tag": "ul" or "ol", "points": [...]}, for a page."""
    found: list[dict[str, Any]] = []
    for line in lines:
        if line["tag"] != "li":
            found.append(line)
            continue
        tag = line["kind"] or "ul"
        if not found or found[-1]["tag"] != tag:
            found.append({"tag": tag, "points": []})
        found[-1]["points"].append(line)
    return found
