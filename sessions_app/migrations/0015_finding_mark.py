"""The department becomes part of a finding's number: what is numbered already takes the short name of today."""

from django.db import migrations, models

FILL = """
UPDATE sessions_app_finding AS f
SET mark = left(coalesce(nullif(c.short_name, ''), c.name), 40)
FROM roster_committee AS c
WHERE c.id = f.department_id AND f.mark = ''
"""


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0014_corrections_of_every_kind")]

    operations = [
        migrations.AddField(
            model_name="finding",
            name="mark",
            field=models.CharField(
                blank=True,
                editable=False,
                help_text="short name of the department when it was numbered",
                max_length=40,
                verbose_name="编号中的单位",
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
