"""The record is append-only: UPDATE, DELETE and TRUNCATE are refused by the database itself."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION zhixing_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP;
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON roster_auditevent
    FOR EACH ROW EXECUTE FUNCTION zhixing_append_only();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON roster_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION zhixing_append_only();
"""
BACKWARD = """
DROP TRIGGER audit_no_truncate ON roster_auditevent;
DROP TRIGGER audit_append_only ON roster_auditevent;
DROP FUNCTION zhixing_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("roster", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
