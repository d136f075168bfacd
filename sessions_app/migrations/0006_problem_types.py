"""The catalogue of problems to start with, and the kinds of due things of findings."""

from typing import Any

from django.db import migrations, models

NAMES = (
    "学习形式单一", "主题不聚焦", "以会代学", "互动不够", "记录要素不全", "基层覆盖难", "理论与业务“两张皮”", "档案不规范",
)  # fmt: skip


def seed(apps: Any, schema_editor: Any) -> None:
    rows = apps.get_model("sessions_app", "ProblemType").objects
    for number, name in enumerate(NAMES, start=1):
        rows.get_or_create(name=name, defaults={"order": number * 10})


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0005_visit_round_places")]

    operations = [
        migrations.RunPython(seed, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="dueitem",
            name="kind",
            field=models.CharField(
                choices=[
                    ("PLAN_DUE", "年度计划未备案"),
                    ("MONTH_EMPTY", "当月未学习"),
                    ("SESSION_TOO_FEW", "季度学习不足"),
                    ("SESSION_PLAN_DUE", "学习方案未审定"),
                    ("MINUTES_DUE", "学习记录未提交"),
                    ("MAKEUP_DUE", "补学未完成"),
                    ("LEAVE_WAITING", "请假待批"),
                    ("APPROVAL_WAITING", "久待审批"),
                    ("PROMPT_UNRECEIPTED", "学习提示未签收"),
                    ("REPORT_DUE", "年度报告未印发"),
                    ("PERIOD_CLOSING", "年度即将截止"),
                    ("FINDING_PLAN_DUE", "整改措施未报"),
                    ("RECTIFICATION_DUE", "问题整改到期"),
                    ("FINDING_REVIEW", "问题待审核"),
                ],
                max_length=20,
                verbose_name="类别",
            ),
        ),
    ]
