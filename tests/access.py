"""The access matrix: what every named address points at, and the oracle that says who may come in.

An address without its line here breaks the build. A line names the subject its arguments point at (see
access_world.py); the permissions are read from the mark on the view, and stand here (`needs`) only where the view
fetches its row with another one than it is marked with. Each of these is an exception with its reason beside it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from roster.accounts.roles import ROLES, Permission, Role, RoleReach

P = Permission


@dataclass(frozen=True)
class Seat:
    """A role somebody holds, over the committee of this path."""

    role: Role
    path: str


@dataclass(frozen=True)
class Somebody:
    """One visitor: his seats, his person; `logged_in` False is the street."""

    name: str
    seats: tuple[Seat, ...] = ()
    person: int | None = None
    logged_in: bool = True


@dataclass(frozen=True)
class Target:
    """A row: of which committees it is (one is enough), and whose, for roles that reach only their own rows."""

    args: tuple[object, ...]
    paths: tuple[str, ...]
    person: int | None = None
    query: Mapping[str, object] = field(default_factory=dict)
    private: bool = False  # his who is `person`, whatever anybody's seats
    # A department runs its own: who stands over a committee above it does not see it. Where it names a `person`, he who
    # reaches only his own rows comes in as that one, wherever his seat is.
    exact: bool = False


def reaches(seat: Seat, target: Target, person: int | None) -> bool:
    match ROLES[seat.role].reach:
        case RoleReach.SUBTREE if target.exact:
            return seat.path in target.paths
        case RoleReach.SELF if target.exact and target.person is not None:
            return target.person == person
        case RoleReach.SUBTREE:
            return any(path.startswith(seat.path) for path in target.paths)
        case RoleReach.OWN:
            return seat.path in target.paths
        case RoleReach.SELF:
            return seat.path in target.paths and target.person in (None, person)


def is_open(who: Somebody, marked: Iterable[str] | str, target: Target | None, needs: Iterable[str] = ()) -> bool:
    """The oracle: over ROLES, the mark of the view, and the committee of the row. Nothing of the house's own scoping."""
    if isinstance(marked, str):  # any_login, public
        if marked == "any_login" and not who.logged_in:
            return False
        marked = ()
    elif not any(ROLES[seat.role].may & set(marked) for seat in who.seats):
        return False
    if target is not None and target.private:
        return who.person == target.person
    wanted = set(needs or marked)
    if target is None or not wanted:
        return True
    return any(ROLES[seat.role].may & wanted and reaches(seat, target, who.person) for seat in who.seats)


@dataclass(frozen=True)
class Address:
    """`at`: the subject of the arguments ("" none). `verbs`: G, P or GP. `before`: arguments before the key.

    `named`: the query parameter that names the subject instead of the path. `heavy`: opened by one visitor a row only.
    """

    at: str = ""
    verbs: str = "G"
    needs: tuple[Permission, ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    named: str = ""
    query: tuple[tuple[str, str], ...] = ()
    heavy: bool = False


def printed(kind: str, at: str, needs: Permission) -> Address:
    """A working copy is read with the permission of what it shows."""
    return Address(at, needs=(needs,), before=(kind,), heavy=True)


def issued(kind: str, at: str) -> Address:
    return Address(at, "P", before=(kind,), heavy=True)


def decided(kind: str, at: str, needs: Permission) -> tuple[Address, ...]:
    """One address for every kind of thing that waits, each with that kind's own permission."""
    return tuple(Address(at, "P", needs=(needs,), before=(kind,), after=(answer,)) for answer in ("approve", "return"))


def shown(kind: str, at: str, needs: Permission) -> Address:
    """The content of a thing that waits, open to who decides on it."""
    return Address(at, "G", needs=(needs,), before=(kind,))


G, PO, GP = Address(), Address(verbs="P"), Address(verbs="GP")

ADDRESSES: dict[str, Address | tuple[Address, ...]] = {
    "healthz": G,
    "readyz": G,
    # roster: committees
    "committee_list": G,
    "committee_tree": G,
    "committee_new": GP,
    "committee": Address("committee"),
    "committee_edit": Address("committee", "GP"),
    "committee_rename": Address("committee", "GP"),
    "committee_move": Address("committee", "GP"),
    "committee_close": Address("committee", "GP"),
    # roster: people
    "person_list": G,
    "member_changes": G,
    "person_new": GP,
    "person_pick": (G, Address("committee", named="committee", query=(("q", "a"),))),
    "person": Address("person"),
    "person_edit": Address("person", "GP"),
    "person_merge": Address("person", "GP"),
    "person_unmerge": Address("person", "P"),
    "member_new": Address("committee", "GP"),
    "member_edit": Address("membership", "GP"),
    "member_end": Address("membership", "GP"),
    "member_confirm": Address("membership", "P"),
    "secretary_confirm": Address("secretary", "P"),
    "secretary_new": Address("committee", "GP"),
    "secretary_end": Address("secretary", "GP"),
    # roster: accounts, grants, oneself
    "account_list": G,
    "account_new": GP,
    "account_pick": G,
    "account": Address("account"),
    "account_reset": Address("account", "P"),
    "reset_ask": Address("account", "P"),
    "reset_list": G,
    "reset_agree": Address("reset", "P"),
    "reset_refuse": Address("reset", "P"),
    "account_disable": Address("account", "P"),
    "account_enable": Address("account", "P"),
    "grant_list": G,
    "grant_new": GP,
    "grant_end": Address("grant", "GP"),
    "acting_new": Address("committee", "GP"),
    "acting_end": Address("acting", "P"),
    "switch_role": PO,
    "account_change_password": GP,
    "usersessions_list": GP,
    "keep_alive": PO,
    "draft_list": G,
    "draft_keep": PO,
    "draft_drop": PO,
    "profile": GP,
    "audit_list": G,
    "audit_event": Address("audit_event"),
    # roster: the corps. A hand-over is also open to who receives it, whatever he holds (tests/roster/corps).
    "corps": G,  # its committee is a choice of a filter
    "course_list": G,
    "course_new": GP,
    "course": Address("course"),
    "course_edit": Address("course", "GP"),
    "course_enrol": Address("course", "P"),
    "course_drop": Address("course", "P"),
    "course_attendance": Address("course", "P"),
    "course_finish": Address("course", "P"),
    "expert_list": G,
    "expert_new": GP,
    "expert_edit": Address("expert", "GP"),
    "expert_away": Address("expert", "P"),
    "team_list": G,
    "team_new": GP,
    "visit_team": Address("team"),
    "team_edit": Address("team", "GP"),
    "team_area": Address("team", "P"),
    "hand_over_list": G,
    "hand_over_new": (GP, Address("secretary", named="secretary")),
    "hand_over": Address("hand_over", needs=(P.HAND_OVER,)),
    "hand_over_sign": Address("hand_over", "P", needs=(P.HAND_OVER,)),
    "hand_over_cancel": Address("hand_over", "P"),
    # rules
    "parameter_list": G,
    "parameter_history": G,
    "parameter_new": GP,
    "parameter_end": Address("parameter", "GP"),
    "working_days": GP,
    "working_days_seed": PO,
    "period_list": G,
    "period_close": GP,
    "period_freeze": Address("period", "P"),
    "period_reopen": Address("period", "P"),
    "period_ask_unfreeze": Address("period", "P"),
    "period_agree_unfreeze": Address("period", "P"),
    "period_refuse_unfreeze": Address("period", "P"),
    # files: a kind is read with its own permission; changed by who may change what it belongs to
    "attachment": (
        Address("material", needs=(P.SESSION_READ,)),
        Address("evidence", needs=(P.ROLL_READ,)),
        Address("outcome_file", needs=(P.OUTCOME_READ,)),
    ),
    "attachment_new": Address("session_host", "P", needs=(P.SESSION_EDIT,), before=("studysession",)),
    "attachment_withdraw": Address("material", "P", needs=(P.SESSION_EDIT,)),
    # jobs
    "job_list": G,
    "job": Address("job"),
    "job_progress": Address("job"),
    "job_cancel": Address("job", "P"),
    "job_retry": Address("job", "P"),
    # plans
    "plan_list": G,
    "plan_new": GP,
    "plan": Address("plan"),
    "plan_edit": Address("plan", "GP"),
    "plan_submit": Address("plan", "P"),
    "plan_return": Address("plan", "P"),
    "plan_approve": Address("plan", "P"),
    "plan_file": Address("plan", "P"),
    "plan_amend": Address("plan", "P"),
    # sessions: read by every committee that takes part, changed by the host
    "session_list": G,
    "session_calendar": (G, Address("committee", named="committee")),
    "session_new": (GP, Address("plan_item", named="item"), Address("committee", named="committee")),
    "session": Address("session"),
    "session_edit": Address("session_host", "GP"),
    "session_move": Address("session_host", "GP"),
    "session_cancel": Address("session_host", "GP"),
    "session_submit": Address("session_host", "P"),
    "session_return": Address("session_host", "P"),
    "session_approve": Address("session_host", "P"),
    "session_hold": Address("session_host", "P"),
    "session_invite": Address("session_host", "GP"),
    "invitation_list": G,
    "invitation_accept": Address("invitation", "P"),
    "invitation_decline": Address("invitation", "P"),
    "session_speeches": Address("session"),
    "speech_add": Address("participation", "P"),
    "speech": Address("speech"),
    "speech_submit": Address("speech", "P"),
    "speech_approve": Address("speech", "P"),
    "speech_return": Address("speech", "P"),
    "speech_move": Address("speech", "P"),
    "speech_written": Address("speech", "P"),
    "speech_remove": Address("speech", "P"),
    "filing_list": G,
    "filing_new": Address("session_host", "GP"),
    "filing": Address("filing"),
    "filing_approve": Address("filing", "P"),
    "filing_refuse": Address("filing", "P"),
    # attendance: who reads a roll need not be who keeps it
    "roll": (Address("participation"), Address("participation", "P", needs=(P.SESSION_EDIT,))),
    "roll_autosave": Address("participation", "P"),
    "leave_new": Address("participation", "GP"),
    "leave_list": G,
    "leave_decide": Address("leave", "P"),
    "leave_withdraw": Address("leave", "P"),
    "make_up_list": G,
    "make_up": Address("make_up", "GP"),
    "make_up_confirm": Address("make_up", "P"),
    "make_up_return": Address("make_up", "P"),
    # minutes: by session; read by every committee that takes part, written and signed by the host
    "minutes": (Address("session"), Address("session_host", "P", needs=(P.MINUTES_EDIT,))),
    "minutes_autosave": Address("session_host", "P"),
    "minutes_submit": Address("minutes_of", "P"),
    "minutes_approve": Address("minutes_of", "P"),
    "minutes_send_back": Address("minutes_of", "P"),
    "session_archive": Address("session_host", "P"),
    # outcomes
    "outcome_list": G,
    "outcome_new": GP,
    "outcome": Address("outcome"),
    "outcome_edit": Address("outcome", "GP"),
    "outcome_adopt": Address("outcome", "P"),
    "outcome_reject": Address("outcome", "P"),
    "outcome_link": Address("outcome", "P"),
    "outcome_unlink": Address("outcome", "P"),
    "outcome_withdraw": Address("outcome", "P"),
    # corrections
    "correction_list": G,
    "correction_new": Address("session", "GP"),
    "correction_membership": Address("committee", "GP"),
    "correction_outcome": Address("committee", "GP"),
    "correction": Address("correction"),
    "correction_decide": Address("correction", "P"),
    "correction_countersign": Address("correction", "P"),
    # schemes: a department's own; what is published is read by all below it, and may be copied by who edits below
    "scheme_list": G,
    "scheme_new": GP,
    "scheme_example": PO,
    "scheme": Address("scheme"),
    "scheme_copy": Address("scheme", "P"),
    "scheme_edit": Address("scheme_desk", "GP"),
    "scheme_publish": Address("scheme_desk", "P"),
    "scheme_discard": Address("scheme_desk", "P"),
    # guidance: read and answered by everybody it was published to, changed by who published it
    "prompt_list": G,
    "prompt_new": GP,
    "prompt": Address("prompt"),
    "prompt_edit": Address("prompt_desk", "GP"),
    "prompt_publish": Address("prompt_desk", "P"),
    "prompt_close": Address("prompt_desk", "P"),
    "prompt_receive": Address("prompt_told", "P"),
    "prompt_map": Address("prompt_told", "P"),
    "prompt_unmap": Address("prompt_told", "P"),
    "prompt_matrix": Address("prompt"),
    # findings: of the department that runs them and of the unit; above it, after saying why
    "finding_list": G,
    "finding_board": G,
    "finding_new": GP,
    "findings_bulk": PO,
    "problem_type_list": GP,
    "finding": Address("finding"),
    "finding_open": Address("finding_below", "P"),
    **{
        name: Address("finding_desk", "P")
        for name in (
            "finding_confirm",
            "finding_dismiss",
            "finding_agree",
            "finding_return",
            "finding_close",
            "finding_keep_up",
            "finding_resume",
            "finding_reopen",
        )
    },
    **{
        name: Address("finding", "P")
        for name in (
            "finding_plan",
            "finding_progress",
            "finding_submit",
            "finding_withdraw",
            "evidence_new",
            "extension_new",
        )
    },
    "evidence_withdraw": Address("finding_evidence", "P"),
    "extension_decide": Address("extension", "P"),
    # bulletins: the department's own at every stage; issued, of everybody below it
    "bulletin_list": G,
    "bulletin_new": GP,
    "bulletin": Address("bulletin"),
    "bulletin_edit": Address("bulletin_desk", "GP"),
    "bulletin_save": Address("bulletin_desk", "P"),
    "bulletin_check_prose": Address("bulletin_desk", "P"),
    "bulletin_figures": Address("bulletin_desk"),
    "bulletin_cards": Address("bulletin_desk"),
    "bulletin_move": Address("bulletin_desk", "P"),
    "bulletin_print": Address("bulletin_desk"),
    "bulletin_receipts": Address("bulletin_desk"),
    "bulletin_receive": Address("bulletin", "P"),
    "bulletin_download": Address("bulletin_issued"),
    # search: what is found is asked of each kind's own scope (tests/sessions_app/search)
    "search": tuple(Address(query=(("q", word),)) for word in ("学习主题", "提纲", "计划", "发言")),
    # workbooks
    "import_list": G,
    "import_new": GP,
    "import_run": Address("import_run"),
    "import_progress": Address("import_run"),
    "import_look": Address("import_run", "P"),
    "import_commit": Address("import_run", "P"),
    "import_units": Address("import_run", "P"),
    "import_undo": Address("import_run", "P"),
    "import_rejected": Address("import_run"),
    "workbook_export": G,  # its committee is a choice of a form: see test_access.py
    "workbook_template": G,
    # papers
    "paper_list": G,
    "paper": Address("paper"),
    "paper_download": Address("paper"),
    "paper_facts": Address("paper"),
    "paper_verify": Address("paper", "P", heavy=True),
    "erratum_new": Address("paper", "P"),
    "paper_file": Address("paper", after=("docx",)),
    "paper_check": GP,  # of a paper out of reach it says no more than that it is genuine: see test_paper_check
    "word_template_list": G,
    "word_template": Address(after=("minutes",)),
    "word_template_new": Address("", "P", after=("minutes",)),
    "word_template_built_in": Address(after=("minutes",)),
    "word_template_download": Address("word_template"),
    "word_template_withdraw": Address("word_template", "P"),
    "paper_annual_choose": G,
    "paper_annual": Address("committee", "GP"),
    "volume_choose": G,
    "volume": Address("committee", "GP"),
    "paper_print": (
        printed("sign-in", "session", P.ROLL_READ),
        printed("session-plan", "session", P.SESSION_READ),
        printed("minutes", "session", P.MINUTES_READ),
        printed("year-plan", "plan", P.PLAN_READ),
        printed("outcomes", "committee", P.OUTCOME_READ),
        printed("annual", "committee", P.FACTS_READ),
        printed("prompt", "prompt", P.PROMPT_READ),
        printed("visit-record", "visit_draft", P.VISIT_READ),
        printed("feedback", "visit_letter", P.VISIT_READ),
        printed("learning", "committee", P.PLAN_READ),
        printed("findings", "committee", P.FINDING_READ),
        printed("rectification", "committee", P.FINDING_READ),
        printed("rect-notice", "committee", P.FINDING_CONFIRM),
        printed("summary", "session", P.MINUTES_READ),
        printed("speech", "speech", P.ROLL_READ),
        printed("leave", "leave", P.ROLL_READ),
        printed("make-up", "make_up", P.ROLL_READ),
        printed("speaker-filing", "filing", P.SESSION_READ),
        printed("members", "committee", P.COMMITTEE_READ),
        printed("briefing", "committee", P.DASHBOARD_READ),
        printed("scores", "sheet", P.ASSESS_READ),
        printed("interview", "interview_held", P.INTERVIEW_READ),
    ),
    "paper_issue": (
        issued("sign-in", "session_host"),
        issued("session-plan", "session_host"),
        issued("minutes", "session_host"),
        issued("year-plan", "plan"),
        issued("outcomes", "committee"),
        issued("annual", "committee"),
        issued("learning", "committee"),
        issued("rectification", "committee"),
        issued("summary", "session_host"),
        issued("speech", "speech"),
        issued("leave", "leave"),
        issued("make-up", "make_up"),
        issued("speaker-filing", "filing"),
        issued("members", "committee"),
        # the department's: made by who sees the subtree
        Address("committee", "P", needs=(P.DASHBOARD_READ,), before=("briefing",), heavy=True),
        Address("sheet_desk", "P", needs=(P.ASSESS_EDIT,), before=("scores",), heavy=True),
        Address("interview", "P", needs=(P.INTERVIEW_EDIT,), before=("interview",), heavy=True),
        Address("prompt_desk", "P", needs=(P.PROMPT_EDIT,), before=("prompt",), heavy=True),
        Address("visit_draft", "P", needs=(P.FEEDBACK_APPROVE,), before=("visit-record",), heavy=True),
        Address("visit_letter", "P", needs=(P.FEEDBACK_APPROVE,), before=("feedback",), heavy=True),
    ),
    # who is behind, and letters to them: sent by whoever stands over both the sender and the addressee
    "behind_list": (G, Address(query=(("by", "item"),))),
    "letter_list": G,
    "letter_new": (GP, Address("committee", "GP", named="committee")),
    "letter_preview": Address("committee", "P", named="committee"),
    "letter": Address("letter"),
    "letter_withdraw": Address("letter_sent", "P"),
    # rounds and visits: a department runs its own; a unit reads those it was told of, an observer those he is named in
    "visit_list": G,
    "coverage": (G, Address(query=(("format", "xlsx"),), heavy=True)),
    "visit": Address("visit"),
    "visit_assign": Address("visit", "GP"),
    "visit_accept": Address("visit", "P"),
    "visit_decline": Address("visit", "P"),
    "visit_cancel": Address("visit", "P"),
    "visit_session": Address("visit", "P"),
    "visit_open": Address("visit_sample", "P"),
    # the dossier: an observer's pack is shut outside its window, whatever he is named in
    "visit_pack": Address("visit_pack"),
    "visit_review": Address("visit", "P"),
    "visit_score": Address("visit", "GP"),
    "onsite_worker": G,
    "visit_observe": Address("visit", "P"),
    "interview_new": Address("visit", "P"),
    "score_return": Address("visit_score", "P"),
    "score_sheet_list": GP,
    "score_sheet": Address("score_sheet", "GP"),
    # the feedback: written inside, the unit's once it is issued, which every answer of the unit follows
    "visit_feedback": (
        Address("visit_letter"),
        Address("visit_draft"),
        Address("visit_draft", "P", needs=(P.VISIT_OBSERVE,)),
    ),
    "feedback_save": Address("visit_draft", "P"),
    "feedback_submit": Address("visit_draft", "P"),
    "feedback_return": Address("visit_draft", "P"),
    "feedback_issue": Address("visit_draft", "P"),
    "feedback_acknowledge": Address("visit_letter", "P"),
    "feedback_reply": Address("visit_letter", "P"),
    "visit_close": Address("visit_letter", "P"),
    "round_list": G,
    "round_new": GP,
    "round": Address("round"),
    "round_places": Address("round", "GP"),
    "round_propose": Address("round", "P"),
    "round_assign": Address("round", "GP"),
    "round_open": Address("round", "P"),
    "round_close": Address("round", "P"),
    # the year is weighed: a department's runs are its own; a unit reads its own sheet, nobody's place
    "assessment_home": G,
    "assessment_new": GP,
    "assessment": Address("run"),
    "assessment_move": Address("run", "P", query=(("verb", "compute"),)),
    "ranking": Address("run"),
    "assessment_export": Address("run"),
    "sheet": Address("sheet"),
    "sheet_self": Address("sheet", "GP"),
    "sheet_verify": Address("sheet_desk", "GP"),
    "sheet_change": Address("sheet"),
    "sheet_history": Address("sheet"),
    "objection_new": Address("sheet", "P"),
    "objection": (Address("objection"), Address("objection", "P", needs=(P.ASSESS_EDIT,))),
    "bonus_new": Address("sheet", "P"),
    "bonus_decide": Address("bonus", "P"),
    "other_result_list": G,
    "other_result_new": GP,
    "other_result_paste": GP,
    "other_result": Address("other_result", "GP"),
    # 约谈: the department's; the unit's leader reads what was held
    "interview_list": G,
    "interview_suggest": PO,
    "interview": (Address("interview"), Address("interview_held")),
    "interview_confirm": Address("interview", "P"),
    "interview_drop": Address("interview", "P"),
    "interview_hold": Address("interview", "GP"),
    "commitment_finding": Address("interview", "P"),
    # desk
    "home": G,
    "approvals": G,
    "decide": (
        *decided("leave", "leave", P.LEAVE_DECIDE),
        *decided("session", "session_host", P.SESSION_APPROVE),
        *decided("speech", "speech", P.SPEECH_REVIEW),
        *decided("minutes", "minutes", P.MINUTES_APPROVE),
        *decided("correction", "correction", P.CORRECTION_DECIDE),
        *decided("countersign", "correction", P.CORRECTION_COUNTERSIGN),
        *decided("filing", "filing", P.FILING_DECIDE),
    ),
    "approval_content": (
        shown("leave", "leave", P.LEAVE_DECIDE),
        shown("session", "session_host", P.SESSION_APPROVE),
        shown("speech", "speech", P.SPEECH_REVIEW),
        shown("minutes", "minutes", P.MINUTES_APPROVE),
        shown("correction", "correction", P.CORRECTION_DECIDE),
        shown("countersign", "correction", P.CORRECTION_COUNTERSIGN),
        shown("filing", "filing", P.FILING_DECIDE),
        shown("plan", "plan", P.PLAN_APPROVE),
    ),
    "my_study": G,
    # operations
    "health_page": G,
    "beat_switch": PO,
    # inbox and preference: one's own, whoever one is
    "notice_list": G,
    "notice": Address("notice"),
    "notice_read": Address("notice", "P"),
    "notice_read_all": PO,
    "notice_count": G,
    "preference": GP,
    "delivery_list": G,
    "delivery_resend": Address("delivery", "P"),
    "delivery_resend_all": PO,
    "chat_list": G,
    "chat_edit": Address("committee", "GP"),
    # calendar: the page is one's own, the feed is for who knows its address
    "feed": G,
    "feed_renew": PO,
    "feed_ics": Address("feed"),
    # dashboards: the committee stands in the query
    "dashboard": (G, Address("committee", named="committee")),
    "dashboard_committees": (G, Address("committee", named="committee")),
    "dashboard_supervision": (G, Address("committee", named="committee")),
    "list_learning": (G, Address("committee", named="committee")),
    "list_findings": (G, Address("committee", named="committee")),
    "list_rectification": (G, Address("committee", named="committee")),
    "drill": (
        Address(query=(("key", "sessions"),), needs=(P.FACTS_READ,)),
        Address("committee", named="committee", query=(("key", "sessions"),), needs=(P.FACTS_READ,)),
        Address("committee", named="committee", query=(("key", "absent"), ("format", "xlsx")), needs=(P.FACTS_READ,)),
    ),
}


def cases() -> list[tuple[str, Address]]:
    return [
        (name, address)
        for name, found in ADDRESSES.items()
        for address in (found if isinstance(found, tuple) else (found,))
    ]
