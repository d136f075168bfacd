"""An issued paper never changes: UPDATE, DELETE and TRUNCATE are refused by the database itself."""

from django.db import migrations

TABLES = ("sessions_app_issuedpaper", "sessions_app_erratum")
FORWARD = "".join(
    f"""
CREATE TRIGGER {table}_fixed BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION zhixing_append_only();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION zhixing_append_only();
"""
    for table in TABLES
)
BACKWARD = "".join(
    f"DROP TRIGGER {table}_no_truncate ON {table}; DROP TRIGGER {table}_fixed ON {table};" for table in TABLES
)


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0001_initial"), ("roster", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
