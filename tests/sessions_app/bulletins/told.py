"""Ten bulletins as departments write them, each number taken from the facts, so that every word of them is true."""

from collections.abc import Callable
from typing import Any

from sessions_app.bulletins import rules

Facts = dict[str, Any]


class Teller:
    """`t("presence_rate")`: as it is printed; `t("absent", code)`: of one committee; `t.f`: the plain values."""

    def __init__(self, facts: Facts) -> None:
        self.facts, self.f, self.was = facts, facts["figures"], facts["previous"]["figures"]
        self.place = "全市"
        self.units = [row for row in facts["committees"] if row["figures"]["committee_sessions"] > 1]

    def __call__(self, key: str, of: str = "") -> str:
        return rules.printed(self.facts, key, of)

    def points(self, key: str) -> str:
        change = (self.f[key] - self.was[key]) * 100
        return f"{'提高' if change > 0 else '下降'}{abs(change):.1f}个百分点"


MORE = (
    "为进一步推动全市理论学习中心组学习制度化、规范化，现将有关情况通报如下。根据《中国共产党党委（党组）理论学习中心组学习规则》和市委办发〔2024〕8号文件，"
    "市委宣传部会同市委组织部、市直机关工委组成3个督查组，9月下旬用5天时间，采取查阅资料、列席会议、个别访谈等方式，实地督查了8家单位，抽查学习档案26册，访谈班子成员31人。",
    "（联系人：张三，电话：0939-8213456；市委宣传部理论科，2026年10月15日印发，共印120份。）",
)


def _paragraphs(*texts: str) -> str:
    texts = (texts[0], MORE[0], *texts[1:], MORE[1])
    return "".join(
        f"<{'h2' if text[1:2] == '、' else 'p'}>{text}</{'h2' if text[1:2] == '、' else 'p'}>" for text in texts
    )


def plain_report(t: Teller) -> str:
    a, b = t.units[0], t.units[1]
    return _paragraphs(
        "一、总体情况",
        f"第三季度，全市{t('committees')}家党委（党组）理论学习中心组共开展集体学习{t('sessions')}场、{t('committee_sessions')}场次，"
        f"应到{t('expected')}人次，出席{t('present')}人次，请假{t('on_leave')}人次，缺席{t('absent')}人次，补学{t('made_up')}人次，"
        f"出席率{t('presence_rate')}，参学率{t('participation_rate')}。与上季度相比，出席率{t.points('presence_rate')}。",
        "二、主要做法和亮点",
        f"{a['short']}开展集体学习{a['figures']['committee_sessions']}次，出席率{t('presence_rate', a['code'])}，坚持会前报学、会中研学、会后督学。"
        f"{b['short']}开展集体学习{b['figures']['committee_sessions']}次，出席率{t('presence_rate', b['code'])}，每次安排3名同志重点发言。",
        "三、存在问题",
        f"共发现问题{t('findings')}项，已销号{t('findings_closed')}项，销号率{t('closing_rate')}。个别单位以会代学，2家单位研讨时间不足30分钟。",
        "四、下步要求",
        "各单位要对照年度计划，确保每季度集体学习不少于1次，出席率不低于90%，12月20日前完成补学30人次。",
    )  # fmt: skip


def units_first(t: Teller) -> str:
    told = "；".join(
        f"{row['name']}集体学习{row['figures']['committee_sessions']}场次、出席率{t('presence_rate', row['code'])}"
        for row in t.units
    )
    return _paragraphs(
        "一、总体情况",
        f"2026年7月至9月，全市各级党委（党组）认真落实学习制度，累计开展集体学习{t('committee_sessions')}场次，总体出席率为{t('presence_rate')}。",
        "二、各单位情况",
        f"从各单位看：{told}。",
        "其中第3次集体学习由市领导主持，参加人员26人，时间为9月12日上午9时至11时30分，地点在市委一楼会议室。",
        "三、存在问题",
        "有的单位第三季度仅学习1次，有2家单位出席率低于85%，少数单位补学5人次以上未按时完成，3名成员连续2次缺席。",
    )


def outcomes(t: Teller) -> str:
    kinds = t.f["outcomes_by_kind"]
    return _paragraphs(
        "一、成果转化情况",
        f"本季度，全市形成学习成果{t('outcomes')}项，其中心得体会{kinds['心得体会']}篇、理论文章{kinds['理论文章']}篇、"
        f"调研报告{kinds['调研报告']}篇；{t('proposals_converted')}项对策建议转化为{t('policies_from_proposals')}项政策文件，"
        f"推动解决问题{kinds['解决问题']}个。上季度形成学习成果{t.was['outcomes']}项，其中调研报告{t.was['outcomes_by_kind']['调研报告']}篇。",
        "二、主要做法和亮点",
        "围绕“十五五”规划编制，市法院党组组织专题研讨2次，形成调研报告3篇，提出对策建议5条，1条被采纳。",
        "聚焦乡村全面振兴，开展集体学习4场，走访12个村，收集问题37个。",
        f"以现场观摩方式开展集体学习5场；线上集体学习6场，同步收看1,200余人次。{t('outcomes')}项学习成果全部登记入库。",
        "三、下一步打算",
        "力争全年形成学习成果400项、政策文件30项，转化率达到50%以上。",
    )  # fmt: skip


def rounded(t: Teller) -> str:
    f = t.f
    return _paragraphs(
        "一、总体情况",
        f"三季度，全市集体学习{f['sessions'] // 10 * 10}余场，出席约{round(f['present'])}人次，补学{int(f['made_up'] // 10 * 10)}多人次，"
        f"出席率超过{int(f['presence_rate'] * 100)}%，参学率接近{int(f['participation_rate'] * 100) + 1}%，"
        f"应到{round(f['expected'] / 10000, 2)}万人次，发言{f['speeches']}人次左右。",
        "全市现有中心组成员"
        f"{t('members')}人、学习秘书{t('secretaries')}名，其中新任学习秘书2名，培训学习秘书16人次。",
        f"比上季度，集体学习减少{t.was['sessions'] - f['sessions']}场，上季度为{t.was['sessions']}场；去年同期集体学习19场、出席率88.5%，今年以来累计集体学习96场。",
        "二、存在问题",
        "一是不平衡，最高的出席率100%，最低的出席率75%，相差25个百分点。二是不深入，人均发言0.4次，每场发言不足3人次。",
    )  # fmt: skip


def months(t: Teller) -> str:
    by = t.f["sessions_by_month"]
    a = t.units[1]
    return _paragraphs(
        "一、总体情况",
        f"分月看，7月集体学习{by['7']}场，8月集体学习{by['8']}场，9月集体学习{by['9']}场，三季度合计集体学习{t('sessions')}场。",
        f"分方式看，领导带头学{t('sessions_by_mode.领导带头学')}场，研讨交流学{t('sessions_by_mode.研讨交流学')}场，"
        f"实地调研学{t('sessions_by_mode.实地调研学')}场，线上线下同步学{t('sessions_by_mode.线上线下同步学')}场。",
        f"7月15日，{a['short']}召开集体学习1次，出席18人；8月3日，又组织专题学习2次。10月集体学习7场，不在本期统计。",
        "截至9月30日，"
        f"全市出席率{t('presence_rate')}，参学率{t('participation_rate')}，补学{t('made_up')}人次。",
        "二、存在问题",
        "（1）计划专题调整较多，有4项专题推迟到四季度。（2）2025年遗留问题3个，其中2个已完成整改。根据云宣发〔2026〕12号文件，第5条规定的6项内容未全部覆盖。",
    )  # fmt: skip


def supervision(t: Teller) -> str:
    return _paragraphs(
        "一、列席旁听情况",
        f"全市列席旁听{t('visits')}次，覆盖{t('committees_visited')}家，比上季度减少1次。旁听组由5人组成，每组负责4家单位，平均得分86.5分。",
        "二、问题整改情况",
        f"第三季度确认问题{t('findings')}项，已销号{t('findings_closed')}项，超期未销号{t('findings_overdue')}项，销号率为{t('closing_rate')}。"
        "截至目前尚有未销号问题7项，其中上半年问题4项，长期坚持1项。突出问题主要有3个，涉及6家单位的问题12个正在整改。",
        "上季度确认问题1项，销号率100%；一季度确认问题5项，已销号5项。",
        "三、下步要求",
        "对3项问题逐项销号，年底前销号率达到100%，列席旁听20次以上，覆盖13家单位。",
    )


def one_unit_deep(t: Teller) -> str:
    a, b, c = t.units[:3]
    return _paragraphs(
        "一、总体情况",
        f"全市参学率{t('participation_rate')}，其中{a['short']}参学率{t('participation_rate', a['code'])}，{b['short']}参学率{t('participation_rate', b['code'])}。",
        "二、主要做法和亮点",
        f"（一）{c['short']}“三学联动”。坚持“1+N”模式，领导班子成员8人全部参加，组织集体学习12次（含支部学习），撰写心得体会24篇，开展宣讲15场，覆盖3000余人。",
        "市统计局党组把集体学习办到项目一线，集体学习6次，出席率95.5%。市直单位集体学习40场次，出席率97.2%。"
        "澜城区开展集体学习8场次，形成学习成果30项。各县区和企业集体学习15场。",
        f"{a['short']}、{b['short']}分别开展集体学习{a['figures']['committee_sessions']}次、{b['figures']['committee_sessions']}次。"
        f"{a['short']}、{b['short']}等5家单位开展集体学习18次。",
        "三、存在问题",
        f"{c['short']}缺席{t('absent', c['code'])}人次，请假{t('on_leave', c['code'])}人次。其余单位缺席较少，2人次缺席的原因未说明。",
    )  # fmt: skip


def with_figures(t: Teller) -> str:
    def span(key: str, of: str = "") -> str:
        return f'<span data-fact="{key}" data-of="{of}">{t(key, of)}</span>'

    a = t.units[0]
    return (
        "<h2>一、总体情况</h2>"
        f"<p>全市<strong>{span('committees')}</strong>家党委（党组）共开展集体学习{span('sessions')}场，出席率{span('presence_rate')}，"
        f"参学率<em>{t('participation_rate')}</em>，发言{span('speeches')}人次，较上季度的{t.was['speeches']}人次减少{t.was['speeches'] - t.f['speeches']}人次。</p>"
        f"<p>{a['name']}集体学习{span('committee_sessions', a['code'])}次，上季度出席率{span('previous.presence_rate')}，本季度全市出席率{t('presence_rate')}。</p>"
        '<figure data-block="总体情况表"></figure><h2>二、存在问题</h2><p>'
        + MORE[0]
        + "</p><ol><li>出席不均衡，5人次以上缺席的3家。</li><li>研讨不深，发言稿不足1000字的有7篇。</li></ol>"
    )


def compared(t: Teller) -> str:
    return _paragraphs(
        "一、总体情况",
        f"第三季度，全市出席率由上季度的{t.was['presence_rate'] * 100:.1f}%下降到{t('presence_rate')}，参学率为{t('participation_rate')}，"
        f"较上季度{t.points('participation_rate')}；集体学习{t('sessions')}场，比上季度减少{t.was['sessions'] - t.f['sessions']}场，下降31.3%。",
        f"二季度，全市集体学习{t.was['sessions']}场，发言{t.was['speeches']}人次，心得体会{t.was['outcomes_by_kind']['心得体会']}篇。"
        f"本季度发言{t('speeches')}人次，心得体会{t('outcomes_by_kind.心得体会')}篇。2025年第三季度集体学习17场，出席率89.9%。",
        "二、存在问题",
        "计划完成率排名后3位的单位，第三季度出席率分别为80.5%、82.1%、83.3%。要求出席率达到85%以上的单位有11家，占84.6%。",
    )  # fmt: skip


def official(t: Teller) -> str:
    return _paragraphs(
        "一、总体情况",
        "今年7—9月，全市各级党委（党组）理论学习中心组坚持以习近平新时代中国特色社会主义思想为指导，深入学习贯彻党的二十届四中全会精神，"
        f"共组织集体学习{t('sessions')}场，参学率达{t('participation_rate')}，学习成果不断转化，共形成学习成果{t('outcomes')}项。",
        "二、主要做法和亮点",
        "1. 领学带学作表率。市委理论学习中心组开展集体学习4次，专题读书班2期，主要负责同志讲党课5次，带动各级开展宣讲320场、听众1.8万人次。",
        "2. 研学促学见实效。建立“三张清单”，制定整改措施15条，建立健全制度9项，办成实事120件。参加成员20人以上的研讨占60%。",
        "三、存在问题",
        f"从督查看，重点发言稿缺少7份，交流发言不到2人次的有4场，学习档案缺项11处，集体学习时间不足2小时的5场，补录{t('late_entries')}场。",
        "四、工作要求",
        "四季度集体学习不少于2次，年内参学率保持在98%以上，12月底前形成调研报告20篇。",
    )  # fmt: skip


CLEAN: tuple[Callable[[Teller], str], ...] = (
    plain_report, units_first, outcomes, rounded, months, supervision, one_unit_deep, with_figures, compared, official,
)  # fmt: skip
