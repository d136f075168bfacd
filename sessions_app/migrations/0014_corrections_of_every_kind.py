from django.db import migrations, models
from django.db.models import Q

FILL = """
UPDATE sessions_app_correction AS c SET day = s.day, about = left(s.topic, 200)
FROM sessions_app_studysession s WHERE s.id = c.study_session_id
"""
KINDS = [
    ("ATTENDANCE", "考勤"), ("MINUTES", "学习记录"), ("SESSION_DAY", "日期时段"), ("STRIKE_OUT", "划去场次"),
    ("SPEECH", "发言"), ("MAKE_UP", "补学"), ("MEMBERSHIP", "成员任期"), ("OUTCOME", "成果"),
]  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0013_import_answers")]

    operations = [
        migrations.AddField("correction", "day", models.DateField("所在日期", null=True)),
        migrations.AddField("correction", "about", models.CharField("更正事项", max_length=200, blank=True, default="")),
        migrations.AddField("correction", "subject_id", models.BigIntegerField(null=True, blank=True)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField("correction", "day", models.DateField("所在日期")),
        migrations.AlterField(
            "correction", "study_session",
            models.ForeignKey(
                "sessions_app.StudySession", null=True, blank=True, on_delete=models.PROTECT, related_name="corrections"
            ),
        ),
        migrations.AlterField("correction", "kind", models.CharField("对象", max_length=12, choices=KINDS)),
        migrations.AlterField(
            "correction", "number",
            models.PositiveSmallIntegerField("更正序号", help_text="本场次第几次更正；不属于场次的，本委员会第几次"),
        ),
        migrations.AddConstraint(
            "correction",
            models.UniqueConstraint(
                fields=["committee", "number"], condition=Q(study_session__isnull=True), name="correction_number_of_unit"
            ),
        ),
        migrations.AddConstraint(
            "correction",
            models.CheckConstraint(
                condition=Q(study_session__isnull=False) | Q(kind__in=["MEMBERSHIP", "OUTCOME"]),
                name="correction_of_something",
            ),
        ),
    ]  # fmt: skip
