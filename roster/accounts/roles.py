"""Who may what: one table a non-programmer can read. A role is held over a committee, from a day, until a day.

SECRETARY, LEADER, DEPUTY and MEMBER follow from the roster (StudySecretary, Membership) and are never typed again;
the others are granted. `reach`: OWN the one committee, SUBTREE the committee and all below it, SELF only one's own rows.
"""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    SECRETARY = "SECRETARY"
    MEMBER = "MEMBER"
    LEADER = "LEADER"
    DEPUTY = "DEPUTY"
    ACTING = "ACTING"
    REVIEWER = "REVIEWER"
    HEAD = "HEAD"
    OBSERVER = "OBSERVER"
    ADMIN = "ADMIN"
    SECURITY = "SECURITY"
    AUDITOR = "AUDITOR"


class RoleReach(StrEnum):
    OWN = "OWN"
    SUBTREE = "SUBTREE"
    SELF = "SELF"


class Permission(StrEnum):
    # roster
    COMMITTEE_READ = "committee.read"
    COMMITTEE_EDIT = "committee.edit"
    MEMBER_EDIT = "member.edit"
    TERM_CONFIRM = "term.confirm"
    PERSON_MERGE = "person.merge"
    ACTING_EDIT = "acting.edit"
    ACCOUNT_EDIT = "account.edit"
    GRANT_EDIT = "grant.edit"
    AUDIT_READ = "audit.read"
    # rules
    PARAMETER_READ = "parameter.read"
    PARAMETER_EDIT = "parameter.edit"
    WORKDAY_EDIT = "workday.edit"
    PERIOD_EDIT = "period.edit"
    # the chain
    PLAN_READ = "plan.read"
    PLAN_EDIT = "plan.edit"
    PLAN_APPROVE = "plan.approve"
    SESSION_READ = "session.read"
    SESSION_EDIT = "session.edit"
    SESSION_APPROVE = "session.approve"
    FILING_DECIDE = "filing.decide"
    SPEECH_WRITE = "speech.write"
    SPEECH_REVIEW = "speech.review"
    LEAVE_ASK = "leave.ask"
    LEAVE_DECIDE = "leave.decide"
    ROLL_READ = "roll.read"
    MAKEUP_SUBMIT = "makeup.submit"
    MAKEUP_CONFIRM = "makeup.confirm"
    MINUTES_READ = "minutes.read"
    MINUTES_EDIT = "minutes.edit"
    MINUTES_APPROVE = "minutes.approve"
    OUTCOME_READ = "outcome.read"
    OUTCOME_EDIT = "outcome.edit"
    CORRECTION_ASK = "correction.ask"
    CORRECTION_DECIDE = "correction.decide"
    CORRECTION_COUNTERSIGN = "correction.countersign"
    # guidance, reminders, letters
    PROMPT_READ = "prompt.read"
    PROMPT_EDIT = "prompt.edit"
    PROMPT_RECEIPT = "prompt.receipt"
    REMINDER_READ = "reminder.read"
    LETTER_READ = "letter.read"
    LETTER_ISSUE = "letter.issue"
    CHAT_EDIT = "chat.edit"
    DELIVERY_READ = "delivery.read"
    # the corps, visits, findings
    CORPS_READ = "corps.read"
    CORPS_EDIT = "corps.edit"
    HAND_OVER = "hand.over"
    VISIT_READ = "visit.read"
    VISIT_EDIT = "visit.edit"
    VISIT_OBSERVE = "visit.observe"
    FEEDBACK_APPROVE = "feedback.approve"
    FEEDBACK_ANSWER = "feedback.answer"
    FINDING_READ = "finding.read"
    FINDING_RAISE = "finding.raise"
    FINDING_CONFIRM = "finding.confirm"
    FINDING_RECTIFY = "finding.rectify"
    FINDING_CLOSE = "finding.close"
    # the year is weighed and told
    ASSESS_READ = "assess.read"
    ASSESS_EDIT = "assess.edit"
    ASSESS_RANK = "assess.rank"
    ASSESS_SELF = "assess.self"
    ASSESS_OBJECT = "assess.object"
    INTERVIEW_READ = "interview.read"
    INTERVIEW_EDIT = "interview.edit"
    INTERVIEW_CONFIRM = "interview.confirm"
    BULLETIN_READ = "bulletin.read"
    BULLETIN_EDIT = "bulletin.edit"
    BULLETIN_CHECK = "bulletin.check"
    BULLETIN_SIGN = "bulletin.sign"
    BULLETIN_RECEIPT = "bulletin.receipt"
    TEMPLATE_EDIT = "template.edit"
    # what leaves the house
    FACTS_READ = "facts.read"
    DASHBOARD_READ = "dashboard.read"
    PAPER_READ = "paper.read"
    PAPER_ISSUE = "paper.issue"
    WORKBOOK_IMPORT = "workbook.import"
    WORKBOOK_EXPORT = "workbook.export"
    MY_STUDY = "my.study"
    HEALTH_READ = "health.read"
    BEAT_EDIT = "beat.edit"


@dataclass(frozen=True)
class RoleRow:
    label: str
    reach: RoleReach
    may: frozenset[Permission]


P = Permission
READ_CHAIN = frozenset({
    P.COMMITTEE_READ, P.PLAN_READ, P.SESSION_READ, P.ROLL_READ, P.MINUTES_READ, P.OUTCOME_READ, P.FACTS_READ, P.PAPER_READ,
    P.WORKBOOK_EXPORT, P.PARAMETER_READ, P.PROMPT_READ, P.LETTER_READ, P.CORPS_READ,
    P.VISIT_READ, P.FINDING_READ, P.ASSESS_READ, P.BULLETIN_READ,
})  # fmt: skip

# What the leader decides for his committee; who acts for him has it, too.
DECIDES = READ_CHAIN | {
    P.PLAN_APPROVE, P.SESSION_APPROVE, P.SPEECH_REVIEW, P.LEAVE_DECIDE, P.MAKEUP_CONFIRM, P.MINUTES_APPROVE,
    P.CORRECTION_DECIDE, P.PAPER_ISSUE, P.ASSESS_OBJECT, P.INTERVIEW_READ,
}  # fmt: skip

ROLES: dict[Role, RoleRow] = {
    Role.SECRETARY: RoleRow("学习秘书", RoleReach.OWN, READ_CHAIN | {
        P.MEMBER_EDIT, P.TERM_CONFIRM, P.PLAN_EDIT, P.SESSION_EDIT, P.SPEECH_WRITE, P.LEAVE_ASK, P.MAKEUP_SUBMIT, P.MAKEUP_CONFIRM,
        P.MINUTES_EDIT, P.OUTCOME_EDIT, P.CORRECTION_ASK, P.PAPER_ISSUE, P.WORKBOOK_IMPORT, P.PROMPT_RECEIPT, P.CHAT_EDIT,
        P.HAND_OVER, P.FEEDBACK_ANSWER, P.FINDING_RAISE, P.FINDING_RECTIFY, P.ASSESS_SELF, P.ASSESS_OBJECT, P.BULLETIN_RECEIPT,
    }),
    Role.MEMBER: RoleRow("中心组成员", RoleReach.SELF, frozenset({
        P.MY_STUDY, P.SESSION_READ, P.PLAN_READ, P.SPEECH_WRITE, P.LEAVE_ASK, P.MAKEUP_SUBMIT, P.FINDING_READ,
    })),
    Role.LEADER: RoleRow("组长", RoleReach.OWN, DECIDES | {P.TERM_CONFIRM, P.ACTING_EDIT}),
    Role.ACTING: RoleRow("代行组长职责", RoleReach.OWN, DECIDES),
    Role.DEPUTY: RoleRow("副组长", RoleReach.OWN, READ_CHAIN | {P.SPEECH_REVIEW, P.MAKEUP_CONFIRM, P.MINUTES_APPROVE}),
    Role.REVIEWER: RoleRow("宣传部审核人", RoleReach.SUBTREE, READ_CHAIN | {
        P.DASHBOARD_READ, P.PAPER_ISSUE, P.FILING_DECIDE, P.CORRECTION_COUNTERSIGN, P.PERIOD_EDIT, P.PARAMETER_EDIT,
        P.WORKBOOK_IMPORT, P.COMMITTEE_EDIT, P.MEMBER_EDIT, P.TERM_CONFIRM, P.PERSON_MERGE, P.ACTING_EDIT, P.PROMPT_EDIT, P.REMINDER_READ, P.LETTER_ISSUE,
        P.CORPS_EDIT, P.HAND_OVER, P.VISIT_EDIT, P.FEEDBACK_APPROVE, P.FINDING_RAISE, P.FINDING_CONFIRM, P.FINDING_CLOSE,
        P.ASSESS_EDIT, P.ASSESS_RANK, P.INTERVIEW_READ, P.INTERVIEW_EDIT, P.BULLETIN_EDIT, P.BULLETIN_CHECK, P.TEMPLATE_EDIT,
    }),
    Role.HEAD: RoleRow("部领导", RoleReach.SUBTREE, READ_CHAIN | {
        P.DASHBOARD_READ, P.PAPER_ISSUE, P.REMINDER_READ, P.ASSESS_RANK, P.INTERVIEW_READ, P.INTERVIEW_CONFIRM, P.BULLETIN_SIGN,
    }),
    Role.OBSERVER: RoleRow("旁听组成员", RoleReach.SELF, frozenset({
        P.VISIT_READ, P.VISIT_OBSERVE, P.FINDING_READ, P.FINDING_RAISE, P.CORPS_READ,
    })),
    Role.ADMIN: RoleRow("系统管理员", RoleReach.SUBTREE, frozenset({
        P.COMMITTEE_READ, P.COMMITTEE_EDIT, P.TERM_CONFIRM, P.PERSON_MERGE, P.ACCOUNT_EDIT, P.PARAMETER_READ, P.PARAMETER_EDIT, P.WORKDAY_EDIT, P.HEALTH_READ,
        P.BEAT_EDIT, P.DELIVERY_READ, P.CHAT_EDIT,
    })),
    Role.SECURITY: RoleRow("安全管理员", RoleReach.SUBTREE, frozenset({P.COMMITTEE_READ, P.GRANT_EDIT})),
    Role.AUDITOR: RoleRow("审计员", RoleReach.SUBTREE, frozenset({P.AUDIT_READ})),
}  # fmt: skip

# 三员分立: the three exclude each other and every role that sees content.
SEPARATED: frozenset[Role] = frozenset({Role.ADMIN, Role.SECURITY, Role.AUDITOR})
# Given by SECURITY; the rest follows from the roster.
GRANTED: tuple[Role, ...] = (Role.REVIEWER, Role.HEAD, Role.OBSERVER, Role.ADMIN, Role.SECURITY, Role.AUDITOR)
# In which order a person's roles are offered; the first is the one the home page opens in.
PRECEDENCE: tuple[Role, ...] = (
    Role.HEAD, Role.REVIEWER, Role.SECRETARY, Role.LEADER, Role.DEPUTY, Role.ACTING, Role.OBSERVER, Role.MEMBER,
    Role.ADMIN, Role.SECURITY, Role.AUDITOR,
)  # fmt: skip


def may(role: Role, permission: Permission) -> bool:
    return permission in ROLES[role].may


def roles_with(permission: str) -> frozenset[Role]:
    return frozenset(role for role, row in ROLES.items() if permission in row.may)
