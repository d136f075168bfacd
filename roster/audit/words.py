"""Chinese words for the record: kinds of things, and verbs that were kept in code form."""

THINGS = {
    "committee": "委员会", "auditevent": "操作日志", "person": "人员", "membership": "成员", "studysecretary": "学习秘书", "user": "账号",
    "grant": "角色授权", "passwordreset": "密码重置", "actingleader": "代理和委托", "policyparameter": "政策参数", "workingday": "工作日历", "period": "期间", "studyplan": "年度计划",
    "planitem": "计划条目", "studysession": "学习场次", "participation": "参加单位", "speech": "发言",
    "speakerfiling": "外请备案", "leaverequest": "请假", "makeupstudy": "补学", "attendancemark": "考勤",
    "minutes": "学习记录", "outcome": "成果", "correction": "更正", "attachment": "附件", "job": "后台任务",
    "issuedpaper": "文书", "importrun": "导入", "studyprompt": "学习提示", "promptreceipt": "学习提示签收",
    "promptmapping": "学习提示落实", "notice": "提醒", "delivery": "发送", "preference": "提醒设置", "chattarget": "工作群",
    "dueitem": "到期事项", "reminderletter": "提醒函", "feedkey": "日历订阅", "beatswitch": "定时任务开关",
    "trainingcourse": "培训班", "expert": "专家", "visitteam": "旁听组", "teammember": "旁听组成员", "handover": "秘书交接",
    "visitround": "旁听批次", "observationvisit": "列席旁听", "scoresheet": "评分表", "visitscore": "旁听评分", "feedback": "旁听反馈",
    "finding": "问题", "extension": "延期", "problemtype": "问题类别", "opening": "抽查",
    "round": "提醒轮次",
    "scheme": "考核办法", "assessment": "考核", "assessmentsheet": "考核评分表", "objection": "考核申诉", "bonusrequest": "加分申请",
    "otherresult": "其他考核结果", "leaderinterview": "约谈", "bulletin": "学情通报", "bulletinreceipt": "通报签收",
    "paperfile": "文书文件", "wordtemplate": "Word 模板",
}  # fmt: skip
VERBS = {
    "create": "新建", "edit": "修改", "save": "保存", "save_head": "保存", "save_items": "保存条目", "submit": "提交",
    "send_back": "退回", "approve": "审定", "file": "备案", "amend": "调整", "move": "改期", "cancel": "取消", "hold": "召开",
    "archive": "归档", "attach": "上传附件", "withdraw": "撤回", "download": "下载", "export": "导出", "import": "导入",
    "record_roll": "登记考勤", "issue": "印发", "ask": "申请", "decide": "决定", "agree": "同意", "refuse": "不同意",
    "countersign": "会签", "register": "登记", "adopt": "采纳", "convert": "转化", "reject": "不采纳", "start": "开始",
    "retry": "重做", "invite": "邀请", "accept": "接受", "decline": "谢绝", "confirm": "确认", "return": "退回",
    "save_agenda": "保存议程", "save_materials": "保存篇目", "set_parts": "调整时间", "undo": "撤销",
    "add_extra": "加列席人员", "remove_extra": "删去列席人员", "add_speech": "安排发言", "edit_speech": "修改发言题目",
    "remove": "删去", "strike_out": "划去", "make_written": "改为书面发言", "correct": "更正", "correct_roll": "更正考勤", "void": "作废", "link": "登记来源", "unlink": "撤销来源",
    "unconvert": "撤销转化", "print": "打印工作稿", "erratum": "登记勘误", "add_file": "附存其他格式", "finish": "完成", "fail": "失败",
    "upload": "上传", "look": "核对", "answer_units": "说明单位名单", "undo_import": "撤销导入", "download_rejected": "下载未通过的行",
    "publish": "发布", "close": "结束", "receive": "签收", "map": "落实", "unmap": "撤销落实", "choose": "选择", "resend": "重发",
    "freeze": "冻结", "thaw": "解冻", "check": "核对通过", "take_back": "撤回修改",
    "keep_heads": "留存各链链尾", "switch_on": "启用", "switch_off": "停用", "withdraw_letter": "撤销提醒函", "renew": "更换",
    "acknowledge": "签收", "reply": "答复", "copy": "复制", "discard": "删去草稿",
    "raise": "提出", "dismiss": "判为不成立", "propose_plan": "报整改措施", "return_plan": "退回整改措施",
    "agree_plan": "认可整改措施", "add_progress": "填报进展", "reach": "完成节点", "keep_up": "转为长期坚持",
    "resume": "恢复整改", "file_evidence": "提交佐证", "withdraw_evidence": "撤回佐证", "close_refused": "销号未准",
    "reopen": "回头看重开", "open_below": "上级抽查", "extend": "延期生效",
    "compute": "核算", "open_self": "发起自评", "start_review": "转入复核", "finalise": "定稿", "save_self": "保存自评",
    "submit_self": "提交自评", "save_counts": "填写人工计数", "save_verify": "保存复核", "verify": "完成复核",
    "decide_bonus": "核定加分", "decide_objection": "复议改分",
    "enrol": "报名", "attendance": "登记签到", "away": "登记不可用时段", "away_removed": "删去不可用时段", "end": "结束任期",
    "area": "调整包片", "prepare": "准备交接", "sign": "签收",
    "propose": "自动编排", "assign": "派出", "reassign": "改派", "sample": "抽查",
    "remind": "提醒", "review": "完成会前审核", "observe": "登记已旁听", "interview": "登记访谈", "open": "开始", "suggest": "列入建议", "drop": "决定不办", "to_finding": "转为问题", "hold_late": "补录为已召开", "ask_again": "改期后重新待批", "lapse": "改期后失效", "pass_on": "转宣传部", "refuse_countersign": "不同意会签",
}  # fmt: skip

# Where the history of one kind of thing says it more exactly than the record of all of them.
VERBS_OF: dict[str, dict[str, str]] = {
    "assessment": {"open": "建立考核", "publish": "公示"},
    "assessmentsheet": {"publish": "公示"},
    "objection": {"ask": "提出申诉", "decide": "复议"},
    "bonusrequest": {"ask": "申请加分", "decide": "核定加分"},
    "trainingcourse": {"finish": "结业", "remove": "去掉学员"},
    "handover": {"sign": "签收交接", "cancel": "取消交接"},
    "studyplan": {
        "create": "新建计划", "save_head": "修改目标和要求", "save_items": "修改计划", "submit": "提交审定", "amend": "发起调整",
    },
    "speech": {"create": "登记", "edit": "修改题目", "approve": "审核通过", "return": "退改", "move": "移到另一场"},
    "speakerfiling": {"create": "登记", "approve": "审核通过"},
    "makeupstudy": {"open": "安排补学", "void": "撤销"},
    "minutes": {"start": "开始撰写", "approve": "审签", "correct": "更正记录", "void": "撤销"},
    "outcome": {"unlink": "解除来源"},
    "finding": {
        "raise": "提出问题", "confirm": "确认问题", "submit": "申请销号", "return": "退回整改", "close": "销号",
        "withdraw": "撤回销号申请", "void": "佐证变动，销号申请作废",
    },
    "feedback": {
        "create": "开始撰写", "submit": "提交审核", "issue": "发出", "acknowledge": "签收", "reply": "单位回复",
    },
    "extension": {"ask": "申请延期", "agree": "同意延期", "refuse": "不同意延期"},
    "visitround": {"choose": "选择单位", "open": "下达"},
    "observationvisit": {"close": "办结", "choose": "选定学习场次", "propose": "拟派", "remove": "移出批次"},
    "leaderinterview": {"suggest": "列入约谈建议", "confirm": "确认约谈", "drop": "决定不约谈", "hold": "登记约谈记录", "to_finding": "承诺事项转为问题"},
    "bulletin": {
        "freeze": "冻结数据", "thaw": "解冻", "submit": "送核稿", "check": "核稿通过", "send_back": "退回修改", "take_back": "撤回修改",
        "sign": "签发",
    },
    "bulletinreceipt": {"receive": "签收通报"},
    "correction": {"pass_on": "组长同意，转宣传部", "countersign": "宣传部同意", "refuse_countersign": "宣传部不同意"},
}  # fmt: skip


def verb_word(verb: str, subject_type: str = "") -> str:
    """The word for `verb`; of a kind of thing, where it has one of its own."""
    return VERBS_OF.get(subject_type, {}).get(verb) or VERBS.get(verb, verb)


def thing_word(subject_type: str) -> str:
    return THINGS.get(subject_type, subject_type)


# The stages of every life cycle, as its own choices call them; where two differ, the word that fits both.
STATES = {
    "DRAFT": "草稿", "SUBMITTED": "已提交", "RETURNED": "退回", "APPROVED": "已通过", "FILED": "已备案", "PREPARING": "筹备",
    "HELD": "已召开", "ARCHIVED": "已归档", "CANCELLED": "已取消", "INVITED": "待接受", "ACCEPTED": "参加", "DECLINED": "谢绝",
    "DUE": "待办", "PENDING": "待审", "REFUSED": "不同意", "ASKED": "申请", "AGREED": "同意", "WITHDRAWN": "撤回",
    "CONFIRMED": "已确认", "VOID": "已撤销", "REGISTERED": "已登记", "ADOPTED": "已采纳", "CONVERTED": "已转化",
    "NOT_ADOPTED": "未采纳", "LEADER_AGREED": "待宣传部同意", "OPEN": "开放", "CLOSED": "截止", "FROZEN": "冻结",
    "QUEUED": "排队中", "RUNNING": "进行中", "DONE": "已完成", "FAILED": "失败", "UPLOADED": "已上传",
    "PUBLISHED": "已发布", "ISSUED": "已发出", "WAITING": "待发送", "SENDING": "发送中", "SENT": "已发送", "DROPPED": "不再发送",
    "PROPOSED": "拟派", "ASSIGNED": "已派", "REVIEWED": "会前审核", "OBSERVED": "已旁听", "FEEDBACK_PENDING": "反馈待审",
    "FED_BACK": "已反馈", "ACKNOWLEDGED": "已签收", "RAISED": "待确认", "IN_PROGRESS": "整改中", "DISMISSED": "不成立",
    "RULES": "规则发布", "SELF": "自评", "REVIEW": "复核", "PUBLIC": "公示", "FINAL": "定稿", "UPHELD": "维持", "CHANGED": "改分",
    "LONG_TERM": "长期坚持", "CHECKING": "核稿", "CHECKED": "待签发", "PREPARED": "待接收", "SIGNED": "已交接", "FINISHED": "已结业", "SUGGESTED": "建议", "PREVIEWED": "已预览", "COMMITTED": "已导入", "UNDONE": "已撤销",
}  # fmt: skip


def state_word(state: str) -> str:
    return STATES.get(state, state) or "—"


# What these are called is content (topics, titles): the auditor reads who did what to which number, not what it says.
CONTENT = frozenset({
    "studyplan", "studysession", "participation", "speech", "speakerfiling", "leaverequest", "makeupstudy", "minutes",
    "outcome", "correction", "attachment", "issuedpaper", "studyprompt", "promptreceipt", "promptmapping", "notice", "delivery",
    "dueitem",
    "observationvisit", "visitscore", "feedback", "finding", "extension", "leaderinterview", "otherresult",
})  # fmt: skip


def subject_words(subject_type: str, subject_id: int | None, label: str) -> str:
    return f"第 {subject_id} 号" if subject_type in CONTENT else label
