"""Assessment, bulletins, Word editions; what was said of a sheet and in a file never changes."""

import django.db.models.deletion
import sessions_app.papers.models
from django.conf import settings
from django.db import migrations, models


TABLES = ("sessions_app_paperfile", "sessions_app_sheetedition")
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

    dependencies = [
        ('roster', '0003_corps'),
        ('sessions_app', '0008_feedback_kinds'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='dueitem',
            name='kind',
            field=models.CharField(help_text='one of rules.KINDS; no choices here, a new kind is no migration', max_length=20, verbose_name='类别'),
        ),
        migrations.AlterField(
            model_name='issuedpaper',
            name='kind',
            field=models.CharField(choices=[('annual', '年度学习情况报告'), ('year-plan', '年度学习计划表'), ('sign-in', '签到表'), ('session-plan', '学习方案'), ('minutes', '学习记录'), ('outcomes', '成果清单'), ('prompt', '学习提示'), ('reminder-letter', '提醒函'), ('visit-record', '旁听记录表'), ('feedback', '反馈意见'), ('findings', '问题清单'), ('rectification', '整改台账'), ('rect-notice', '整改通知'), ('learning', '学习清单'), ('summary', '纪要'), ('speech', '发言提纲审核表'), ('leave', '请假条'), ('make-up', '补学登记表'), ('members', '成员名单备案表'), ('speaker-filing', '外请报告备案表'), ('scores', '考核评分表'), ('interview', '约谈记录'), ('bulletin', '学情通报'), ('volume', '学习档案'), ('briefing', '工作情况汇报')], max_length=16, verbose_name='文书'),
        ),
        migrations.CreateModel(
            name='Assessment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(default=1, editable=False, verbose_name='版本')),
                ('year', models.PositiveSmallIntegerField(verbose_name='年度')),
                ('number', models.PositiveSmallIntegerField(default=1, verbose_name='第几次')),
                ('as_of', models.DateField(verbose_name='数据截止')),
                ('stage', models.CharField(choices=[('RULES', '规则发布'), ('SELF', '自评'), ('REVIEW', '复核'), ('PUBLIC', '公示'), ('FINAL', '定稿')], default='RULES', max_length=10, verbose_name='状态')),
                ('self_due_on', models.DateField(blank=True, null=True, verbose_name='自评截止')),
                ('computed_at', models.DateTimeField(blank=True, null=True, verbose_name='核算时间')),
                ('fingerprint', models.CharField(blank=True, help_text='SHA-256 of rules, inputs and system scores', max_length=64)),
                ('published_on', models.DateField(blank=True, null=True, verbose_name='公示日期')),
                ('objection_until', models.DateField(blank=True, null=True, verbose_name='申诉截止')),
                ('median', models.DecimalField(blank=True, decimal_places=2, max_digits=7, null=True, verbose_name='中位数')),
                ('finalised_at', models.DateTimeField(blank=True, null=True, verbose_name='定稿时间')),
                ('form_token', models.CharField(blank=True, editable=False, max_length=36, null=True, unique=True)),
                ('committee', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='assessments', to='roster.committee', verbose_name='考核单位')),
                ('finalised_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': '考核',
                'verbose_name_plural': '考核',
                'ordering': ['-year', '-number'],
            },
        ),
        migrations.CreateModel(
            name='AssessmentSheet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(default=1, editable=False, verbose_name='版本')),
                ('facts', models.JSONField(default=dict, help_text='the inputs of every formula, frozen with the computation', verbose_name='取数')),
                ('fingerprint', models.CharField(blank=True, max_length=64)),
                ('self_note', models.TextField(blank=True, verbose_name='自评说明')),
                ('self_at', models.DateTimeField(blank=True, null=True, verbose_name='自评时间')),
                ('verified_at', models.DateTimeField(blank=True, null=True, verbose_name='复核时间')),
                ('system_total', models.DecimalField(blank=True, decimal_places=2, max_digits=7, null=True, verbose_name='系统核算')),
                ('self_total', models.DecimalField(blank=True, decimal_places=2, max_digits=7, null=True, verbose_name='自评分')),
                ('verified_total', models.DecimalField(blank=True, decimal_places=2, max_digits=7, null=True, verbose_name='复核分')),
                ('bonus', models.DecimalField(decimal_places=2, default=0, max_digits=5, verbose_name='加分')),
                ('total', models.DecimalField(blank=True, decimal_places=2, max_digits=7, null=True, verbose_name='总分')),
                ('converted', models.DecimalField(blank=True, decimal_places=2, max_digits=7, null=True, verbose_name='折算分')),
                ('rank', models.PositiveIntegerField(blank=True, help_text='ties share one, the next is skipped', null=True, verbose_name='名次')),
                ('grade', models.CharField(blank=True, max_length=20, verbose_name='等次')),
                ('assessment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sheets', to='sessions_app.assessment')),
                ('committee', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sheets', to='roster.committee', verbose_name='委员会')),
                ('self_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('verified_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': '考核评分表',
                'verbose_name_plural': '考核评分表',
                'ordering': ['assessment', 'committee'],
            },
        ),
        migrations.CreateModel(
            name='BonusRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(max_length=500, verbose_name='事由')),
                ('points', models.DecimalField(decimal_places=2, max_digits=5, verbose_name='申请加分')),
                ('asked_at', models.DateTimeField(verbose_name='申请时间')),
                ('granted', models.DecimalField(blank=True, decimal_places=2, max_digits=5, null=True, verbose_name='核定加分')),
                ('decision', models.CharField(blank=True, max_length=500, verbose_name='核定意见')),
                ('decided_at', models.DateTimeField(blank=True, null=True, verbose_name='核定时间')),
                ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('sheet', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bonus_requests', to='sessions_app.assessmentsheet')),
            ],
            options={
                'verbose_name': '加分申请',
                'verbose_name_plural': '加分申请',
                'ordering': ['sheet', 'asked_at'],
            },
        ),
        migrations.CreateModel(
            name='Bulletin',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(default=1, editable=False, verbose_name='版本')),
                ('year', models.PositiveSmallIntegerField(verbose_name='年度')),
                ('quarter', models.PositiveSmallIntegerField(default=0, verbose_name='季度')),
                ('issue', models.PositiveSmallIntegerField(help_text='counted by the department and year', verbose_name='期号')),
                ('title', models.CharField(max_length=120, verbose_name='标题')),
                ('mark', models.CharField(blank=True, help_text='云宣通', max_length=20, verbose_name='发文代字')),
                ('document_number', models.PositiveSmallIntegerField(blank=True, help_text='given on signing', null=True, verbose_name='发文序号')),
                ('to', models.CharField(blank=True, max_length=300, verbose_name='主送')),
                ('copies', models.CharField(blank=True, max_length=300, verbose_name='抄送')),
                ('body', models.TextField(blank=True, verbose_name='正文')),
                ('stage', models.CharField(choices=[('DRAFT', '编制'), ('FROZEN', '数据冻结'), ('CHECKING', '核稿'), ('CHECKED', '待签发'), ('ISSUED', '已签发')], default='DRAFT', max_length=10, verbose_name='状态')),
                ('facts', models.JSONField(blank=True, null=True, verbose_name='数据快照')),
                ('as_of', models.DateTimeField(blank=True, null=True, verbose_name='数据截止')),
                ('checked_at', models.DateTimeField(blank=True, null=True, verbose_name='核稿时间')),
                ('signed_at', models.DateTimeField(blank=True, null=True, verbose_name='签发时间')),
                ('return_reason', models.CharField(blank=True, max_length=300, verbose_name='退回原因')),
                ('form_token', models.CharField(blank=True, editable=False, max_length=36, null=True, unique=True)),
                ('checked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='roster.person', verbose_name='核稿')),
                ('committee', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bulletins', to='roster.committee', verbose_name='编发单位')),
                ('compiled_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='roster.person', verbose_name='编制')),
                ('paper', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sessions_app.issuedpaper')),
                ('signed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='roster.person', verbose_name='签发')),
            ],
            options={
                'verbose_name': '学情通报',
                'verbose_name_plural': '学情通报',
                'ordering': ['-year', '-issue'],
            },
        ),
        migrations.CreateModel(
            name='BulletinAnnex',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('order', models.PositiveSmallIntegerField(verbose_name='序号')),
                ('kind', models.CharField(choices=[('ATTENDANCE', '各委员会学习情况表'), ('FINDINGS', '未销号问题清单'), ('CORRECTIONS', '更正事项')], max_length=12, verbose_name='附件')),
                ('bulletin', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='annexes', to='sessions_app.bulletin')),
            ],
            options={
                'verbose_name': '通报附件',
                'verbose_name_plural': '通报附件',
                'ordering': ['bulletin', 'order'],
            },
        ),
        migrations.CreateModel(
            name='BulletinReceipt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='签收时间')),
                ('bulletin', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='receipts', to='sessions_app.bulletin')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('committee', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='roster.committee')),
            ],
            options={
                'verbose_name': '通报签收',
                'verbose_name_plural': '通报签收',
            },
        ),
        migrations.CreateModel(
            name='LeaderInterview',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(default=1, editable=False, verbose_name='版本')),
                ('year', models.PositiveSmallIntegerField(verbose_name='年度')),
                ('results', models.JSONField(default=list, help_text='[{"year", "rank", "of", "score", "source"}], old first', verbose_name='历年名次')),
                ('reason', models.CharField(max_length=300, verbose_name='事由')),
                ('stage', models.CharField(choices=[('SUGGESTED', '建议'), ('CONFIRMED', '已确认'), ('HELD', '已约谈'), ('DROPPED', '不约谈')], default='SUGGESTED', max_length=10, verbose_name='状态')),
                ('suggested_at', models.DateTimeField(verbose_name='建议时间')),
                ('decision', models.CharField(blank=True, max_length=300, verbose_name='决定说明')),
                ('decided_at', models.DateTimeField(blank=True, null=True, verbose_name='决定时间')),
                ('held_on', models.DateField(blank=True, null=True, verbose_name='约谈日期')),
                ('place', models.CharField(blank=True, max_length=80, verbose_name='地点')),
                ('record', models.TextField(blank=True, verbose_name='约谈记录')),
                ('committee', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='leader_interviews', to='roster.committee', verbose_name='被约谈单位')),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('department', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='roster.committee', verbose_name='约谈单位')),
                ('interviewee', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='roster.person', verbose_name='被约谈人')),
                ('interviewer', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='roster.person', verbose_name='约谈人')),
                ('recorder', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='roster.person', verbose_name='记录人')),
                ('suggested_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': '约谈',
                'verbose_name_plural': '约谈',
                'ordering': ['-year', 'committee'],
            },
        ),
        migrations.CreateModel(
            name='Commitment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('order', models.PositiveSmallIntegerField(verbose_name='序号')),
                ('text', models.CharField(max_length=300, verbose_name='承诺事项')),
                ('due_on', models.DateField(verbose_name='时限')),
                ('finding', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='commitment', to='sessions_app.finding')),
                ('interview', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='commitments', to='sessions_app.leaderinterview')),
            ],
            options={
                'verbose_name': '承诺事项',
                'verbose_name_plural': '承诺事项',
                'ordering': ['interview', 'order'],
            },
        ),
        migrations.CreateModel(
            name='Objection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(default=1, editable=False, verbose_name='版本')),
                ('reason', models.TextField(verbose_name='申诉理由')),
                ('asked_at', models.DateTimeField(verbose_name='申诉时间')),
                ('stage', models.CharField(choices=[('ASKED', '待复议'), ('UPHELD', '维持'), ('CHANGED', '改分')], default='ASKED', max_length=10, verbose_name='状态')),
                ('decision', models.TextField(blank=True, verbose_name='复议意见')),
                ('decided_at', models.DateTimeField(blank=True, null=True, verbose_name='复议时间')),
                ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('sheet', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='objection', to='sessions_app.assessmentsheet')),
            ],
            options={
                'verbose_name': '申诉',
                'verbose_name_plural': '申诉',
            },
        ),
        migrations.CreateModel(
            name='OtherResult',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(default=1, editable=False, verbose_name='版本')),
                ('year', models.PositiveSmallIntegerField(verbose_name='年度')),
                ('name', models.CharField(max_length=60, verbose_name='考核名称')),
                ('score', models.DecimalField(blank=True, decimal_places=2, max_digits=7, null=True, verbose_name='得分')),
                ('out_of', models.DecimalField(decimal_places=2, default=100, max_digits=7, verbose_name='满分')),
                ('rank', models.PositiveIntegerField(blank=True, null=True, verbose_name='名次')),
                ('of', models.PositiveIntegerField(blank=True, null=True, verbose_name='参评家数')),
                ('source', models.CharField(max_length=200, verbose_name='来源')),
                ('entered_at', models.DateTimeField(verbose_name='录入时间')),
                ('committee', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='other_results', to='roster.committee', verbose_name='委员会')),
                ('entered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': '其他考核结果',
                'verbose_name_plural': '其他考核结果',
                'ordering': ['-year', 'name', 'committee'],
            },
        ),
        migrations.CreateModel(
            name='PracticeCard',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('order', models.PositiveSmallIntegerField(verbose_name='序号')),
                ('mode', models.CharField(choices=[('LEADER_LED', '领导带头学'), ('DISCUSSION', '研讨交流学'), ('FIELD', '实地调研学'), ('TEACH_BACK', '以讲促干学'), ('ON_SITE', '现场观摩学'), ('HYBRID', '线上线下同步学')], max_length=12, verbose_name='做法类别')),
                ('title', models.CharField(max_length=80, verbose_name='标题')),
                ('text', models.TextField(max_length=600, verbose_name='做法')),
                ('bulletin', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='cards', to='sessions_app.bulletin')),
                ('committee', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='roster.committee', verbose_name='单位')),
                ('study_session', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sessions_app.studysession', verbose_name='来源场次')),
            ],
            options={
                'verbose_name': '创新做法',
                'verbose_name_plural': '创新做法',
                'ordering': ['bulletin', 'order'],
            },
        ),
        migrations.CreateModel(
            name='Scheme',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(default=1, editable=False, verbose_name='版本')),
                ('year', models.PositiveSmallIntegerField(verbose_name='年度')),
                ('edition', models.PositiveSmallIntegerField(default=1, verbose_name='版次')),
                ('title', models.CharField(max_length=120, verbose_name='名称')),
                ('source', models.CharField(blank=True, max_length=200, verbose_name='依据')),
                ('subject', models.CharField(choices=[('COMMITTEE', '委员会'), ('PERSON', '个人')], default='COMMITTEE', max_length=10, verbose_name='考核对象')),
                ('weight', models.DecimalField(decimal_places=2, default=10, max_digits=5, verbose_name='占年度考核权重（%）')),
                ('bonus_cap', models.DecimalField(decimal_places=2, default=0, max_digits=5, verbose_name='加分上限')),
                ('bands', models.JSONField(blank=True, default=list, help_text='[{"label": "优秀", "at_least": "90"}], high first', verbose_name='等次')),
                ('effective_from', models.DateField(verbose_name='生效日期')),
                ('stage', models.CharField(choices=[('DRAFT', '草稿'), ('PUBLISHED', '已发布')], default='DRAFT', max_length=10, verbose_name='状态')),
                ('published_at', models.DateTimeField(blank=True, null=True, verbose_name='发布时间')),
                ('form_token', models.CharField(blank=True, editable=False, max_length=36, null=True, unique=True)),
                ('committee', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='schemes', to='roster.committee', verbose_name='制定单位')),
                ('copied_from', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sessions_app.scheme')),
                ('published_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': '考核办法',
                'verbose_name_plural': '考核办法',
                'ordering': ['-year', '-edition'],
            },
        ),
        migrations.CreateModel(
            name='Indicator',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('order', models.PositiveSmallIntegerField(verbose_name='序号')),
                ('name', models.CharField(max_length=60, verbose_name='指标')),
                ('weight', models.DecimalField(decimal_places=2, max_digits=6, verbose_name='权重')),
                ('scheme', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='indicators', to='sessions_app.scheme')),
            ],
            options={
                'verbose_name': '考核指标',
                'verbose_name_plural': '考核指标',
                'ordering': ['scheme', 'order'],
            },
        ),
        migrations.AddField(
            model_name='assessment',
            name='scheme',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='assessments', to='sessions_app.scheme', verbose_name='考核办法'),
        ),
        migrations.CreateModel(
            name='SchemeItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('order', models.PositiveSmallIntegerField(verbose_name='序号')),
                ('name', models.CharField(max_length=200, verbose_name='评分项')),
                ('max', models.DecimalField(decimal_places=2, max_digits=6, verbose_name='满分')),
                ('primitive', models.CharField(choices=[('MANUAL', '人工评分'), ('DEDUCT', '扣分'), ('ADD', '累加'), ('PROPORTION', '按比例'), ('TIERS', '分档'), ('BINARY', '是否'), ('RANK_TIERS', '名次分档'), ('RANK_LINEAR', '名次线性'), ('MIN_MAX', '极差标准化'), ('OTHER', '引用其他考核')], default='MANUAL', max_length=12, verbose_name='计分方式')),
                ('params', models.JSONField(blank=True, default=dict, verbose_name='计分参数')),
                ('basis', models.CharField(blank=True, max_length=200, verbose_name='考核依据')),
                ('indicator', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='sessions_app.indicator')),
            ],
            options={
                'verbose_name': '评分项',
                'verbose_name_plural': '评分项',
                'ordering': ['indicator', 'order'],
            },
        ),
        migrations.CreateModel(
            name='SheetEdition',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(verbose_name='版次')),
                ('verb', models.CharField(max_length=20, verbose_name='因何')),
                ('content', models.JSONField(help_text='facts, lines, totals', verbose_name='内容')),
                ('fingerprint', models.CharField(max_length=64)),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('scheme', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sessions_app.scheme')),
                ('sheet', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='editions', to='sessions_app.assessmentsheet')),
            ],
            options={
                'verbose_name': '评分表版次',
                'verbose_name_plural': '评分表版次',
                'ordering': ['sheet', 'number'],
            },
        ),
        migrations.CreateModel(
            name='SheetLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('system', models.DecimalField(blank=True, decimal_places=2, max_digits=7, null=True, verbose_name='系统分')),
                ('raw', models.DecimalField(blank=True, decimal_places=2, max_digits=8, null=True, verbose_name='原始分')),
                ('working', models.JSONField(default=dict, verbose_name='计算过程')),
                ('counts', models.JSONField(blank=True, default=dict, help_text='of rules without a formula: {rule: number}', verbose_name='人工计数')),
                ('self_score', models.DecimalField(blank=True, decimal_places=2, max_digits=7, null=True, verbose_name='自评分')),
                ('self_note', models.CharField(blank=True, max_length=500, verbose_name='自评理由')),
                ('verified', models.DecimalField(blank=True, decimal_places=2, max_digits=7, null=True, verbose_name='复核分')),
                ('reason', models.CharField(blank=True, max_length=500, verbose_name='复核理由')),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sessions_app.schemeitem')),
                ('sheet', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='sessions_app.assessmentsheet')),
            ],
            options={
                'verbose_name': '评分',
                'verbose_name_plural': '评分',
                'ordering': ['sheet', 'item__indicator__order', 'item__order'],
            },
        ),
        migrations.CreateModel(
            name='WordTemplate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('annual', '年度学习情况报告'), ('year-plan', '年度学习计划表'), ('sign-in', '签到表'), ('session-plan', '学习方案'), ('minutes', '学习记录'), ('outcomes', '成果清单'), ('prompt', '学习提示'), ('reminder-letter', '提醒函'), ('visit-record', '旁听记录表'), ('feedback', '反馈意见'), ('findings', '问题清单'), ('rectification', '整改台账'), ('rect-notice', '整改通知'), ('learning', '学习清单'), ('summary', '纪要'), ('speech', '发言提纲审核表'), ('leave', '请假条'), ('make-up', '补学登记表'), ('members', '成员名单备案表'), ('speaker-filing', '外请报告备案表'), ('scores', '考核评分表'), ('interview', '约谈记录'), ('bulletin', '学情通报'), ('volume', '学习档案'), ('briefing', '工作情况汇报')], max_length=16, verbose_name='文书')),
                ('number', models.PositiveSmallIntegerField(verbose_name='版次')),
                ('file', models.FileField(max_length=120, upload_to=sessions_app.papers.models.template_path)),
                ('sha256', models.CharField(max_length=64)),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='说明')),
                ('uploaded_at', models.DateTimeField(verbose_name='上传时间')),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True, verbose_name='停用时间')),
                ('committee', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='word_templates', to='roster.committee', verbose_name='使用范围')),
                ('uploaded_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('withdrawn_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'Word 模板',
                'verbose_name_plural': 'Word 模板',
                'ordering': ['kind', '-number'],
            },
        ),
        migrations.CreateModel(
            name='PaperFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('format', models.CharField(choices=[('docx', 'Word'), ('xlsx', 'Excel'), ('zip', '原件包')], max_length=4, verbose_name='格式')),
                ('file', models.FileField(max_length=120, upload_to=sessions_app.papers.models.file_path)),
                ('sha256', models.CharField(max_length=64)),
                ('edition', models.CharField(help_text='SHA-256 of the template and whatever sets it', max_length=64, verbose_name='版式')),
                ('made_at', models.DateTimeField(verbose_name='生成时间')),
                ('paper', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='files', to='sessions_app.issuedpaper')),
                ('template', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sessions_app.wordtemplate')),
            ],
            options={
                'verbose_name': '文书文件',
                'verbose_name_plural': '文书文件',
            },
        ),
        migrations.AddIndex(
            model_name='assessmentsheet',
            index=models.Index(fields=['assessment', 'rank'], name='sheet_rank'),
        ),
        migrations.AddConstraint(
            model_name='assessmentsheet',
            constraint=models.UniqueConstraint(fields=('assessment', 'committee'), name='sheet_once'),
        ),
        migrations.AddConstraint(
            model_name='assessmentsheet',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('self_at__isnull', True), ('self_by__isnull', True)), models.Q(('self_at__isnull', False), ('self_by__isnull', False)), _connector='OR'), name='sheet_self_who_and_when'),
        ),
        migrations.AddConstraint(
            model_name='assessmentsheet',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('verified_at__isnull', True), ('verified_by__isnull', True)), models.Q(('verified_at__isnull', False), ('verified_by__isnull', False)), _connector='OR'), name='sheet_verified_who_and_when'),
        ),
        migrations.AddConstraint(
            model_name='bonusrequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by__isnull', True), ('granted__isnull', True)), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False), ('granted__gte', 0), ('granted__lte', models.F('points'))), _connector='OR'), name='bonus_decided_who_and_when'),
        ),
        migrations.AddConstraint(
            model_name='bonusrequest',
            constraint=models.CheckConstraint(condition=models.Q(('points__gt', 0)), name='bonus_points'),
        ),
        migrations.AddConstraint(
            model_name='bulletin',
            constraint=models.UniqueConstraint(fields=('committee', 'year', 'issue'), name='bulletin_issue'),
        ),
        migrations.AddConstraint(
            model_name='bulletin',
            constraint=models.UniqueConstraint(condition=models.Q(('document_number__isnull', False)), fields=('committee', 'year', 'mark', 'document_number'), name='bulletin_document_number'),
        ),
        migrations.AddConstraint(
            model_name='bulletin',
            constraint=models.CheckConstraint(condition=models.Q(('quarter__range', (0, 4))), name='bulletin_quarter'),
        ),
        migrations.AddConstraint(
            model_name='bulletin',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('as_of__isnull', True), ('facts__isnull', True), ('stage', 'DRAFT')), models.Q(models.Q(('stage', 'DRAFT'), _negated=True), ('as_of__isnull', False), ('facts__isnull', False)), _connector='OR'), name='bulletin_frozen_facts'),
        ),
        migrations.AddConstraint(
            model_name='bulletin',
            constraint=models.CheckConstraint(condition=models.Q(('checked_by__isnull', True), models.Q(('checked_by', models.F('compiled_by')), _negated=True), _connector='OR'), name='bulletin_checked_by_another'),
        ),
        migrations.AddConstraint(
            model_name='bulletin',
            constraint=models.CheckConstraint(condition=models.Q(('signed_by__isnull', True), models.Q(models.Q(('signed_by', models.F('compiled_by')), _negated=True), models.Q(('signed_by', models.F('checked_by')), _negated=True)), _connector='OR'), name='bulletin_signed_by_a_third'),
        ),
        migrations.AddConstraint(
            model_name='bulletin',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('stage', 'ISSUED'), _negated=True), models.Q(('checked_by__isnull', False), ('paper__isnull', False), ('signed_at__isnull', False), ('signed_by__isnull', False)), _connector='OR'), name='bulletin_issued_is_signed'),
        ),
        migrations.AddConstraint(
            model_name='bulletinannex',
            constraint=models.UniqueConstraint(fields=('bulletin', 'kind'), name='bulletin_annex_once'),
        ),
        migrations.AddConstraint(
            model_name='bulletinreceipt',
            constraint=models.UniqueConstraint(fields=('bulletin', 'committee'), name='bulletin_receipt_once'),
        ),
        migrations.AddConstraint(
            model_name='leaderinterview',
            constraint=models.UniqueConstraint(fields=('department', 'committee', 'year'), name='interview_once_a_year'),
        ),
        migrations.AddConstraint(
            model_name='leaderinterview',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by__isnull', True), ('stage', 'SUGGESTED')), models.Q(models.Q(('stage', 'SUGGESTED'), _negated=True), ('decided_at__isnull', False), ('decided_by__isnull', False)), _connector='OR'), name='interview_decided_who_and_when'),
        ),
        migrations.AddConstraint(
            model_name='leaderinterview',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('stage', 'HELD'), _negated=True), models.Q(('held_on__isnull', False), ('interviewee__isnull', False), ('interviewer__isnull', False), models.Q(('record', ''), _negated=True)), _connector='OR'), name='interview_held_is_recorded'),
        ),
        migrations.AddConstraint(
            model_name='leaderinterview',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('stage', 'DROPPED'), _negated=True), models.Q(('decision', ''), _negated=True), _connector='OR'), name='interview_dropped_why'),
        ),
        migrations.AddConstraint(
            model_name='commitment',
            constraint=models.UniqueConstraint(fields=('interview', 'order'), name='commitment_order'),
        ),
        migrations.AddConstraint(
            model_name='objection',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by__isnull', True), ('stage', 'ASKED')), models.Q(models.Q(('stage', 'ASKED'), _negated=True), models.Q(('decision', ''), _negated=True), ('decided_at__isnull', False), ('decided_by__isnull', False)), _connector='OR'), name='objection_decided_who_when_why'),
        ),
        migrations.AddConstraint(
            model_name='otherresult',
            constraint=models.UniqueConstraint(fields=('committee', 'year', 'name'), name='other_result_once'),
        ),
        migrations.AddConstraint(
            model_name='otherresult',
            constraint=models.CheckConstraint(condition=models.Q(('out_of__gt', 0)), name='other_result_out_of'),
        ),
        migrations.AddConstraint(
            model_name='otherresult',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('of__isnull', True), ('rank__isnull', True)), models.Q(('of__gte', models.F('rank')), ('rank__gte', 1)), _connector='OR'), name='other_result_rank_of'),
        ),
        migrations.AddConstraint(
            model_name='practicecard',
            constraint=models.UniqueConstraint(fields=('bulletin', 'order'), name='practice_card_order'),
        ),
        migrations.AddConstraint(
            model_name='scheme',
            constraint=models.UniqueConstraint(fields=('committee', 'year', 'edition'), name='scheme_edition'),
        ),
        migrations.AddConstraint(
            model_name='scheme',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('published_at__isnull', True), ('published_by__isnull', True), ('stage', 'DRAFT')), models.Q(('published_at__isnull', False), ('stage', 'PUBLISHED')), _connector='OR'), name='scheme_published_when'),
        ),
        migrations.AddConstraint(
            model_name='scheme',
            constraint=models.CheckConstraint(condition=models.Q(('bonus_cap__gte', 0), ('weight__range', (0, 100))), name='scheme_weight'),
        ),
        migrations.AddConstraint(
            model_name='indicator',
            constraint=models.UniqueConstraint(fields=('scheme', 'order'), name='indicator_order'),
        ),
        migrations.AddConstraint(
            model_name='indicator',
            constraint=models.CheckConstraint(condition=models.Q(('weight__range', (0, 100))), name='indicator_weight'),
        ),
        migrations.AddConstraint(
            model_name='assessment',
            constraint=models.UniqueConstraint(fields=('committee', 'year', 'number'), name='assessment_number'),
        ),
        migrations.AddConstraint(
            model_name='assessment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('finalised_at__isnull', False), ('stage', 'FINAL')), models.Q(('finalised_at__isnull', True), models.Q(('stage', 'FINAL'), _negated=True)), _connector='OR'), name='assessment_final_when'),
        ),
        migrations.AddConstraint(
            model_name='assessment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('objection_until__isnull', True), ('published_on__isnull', True)), models.Q(('objection_until__gte', models.F('published_on')), ('published_on__isnull', False)), _connector='OR'), name='assessment_published_until'),
        ),
        migrations.AddConstraint(
            model_name='schemeitem',
            constraint=models.UniqueConstraint(fields=('indicator', 'order'), name='scheme_item_order'),
        ),
        migrations.AddConstraint(
            model_name='schemeitem',
            constraint=models.CheckConstraint(condition=models.Q(('max__gt', 0)), name='scheme_item_max'),
        ),
        migrations.AddConstraint(
            model_name='sheetedition',
            constraint=models.UniqueConstraint(fields=('sheet', 'number'), name='sheet_edition_number'),
        ),
        migrations.AddConstraint(
            model_name='sheetline',
            constraint=models.UniqueConstraint(fields=('sheet', 'item'), name='sheet_line_once'),
        ),
        migrations.AddConstraint(
            model_name='sheetline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('system__isnull', True), ('system__gte', 0), _connector='OR'), models.Q(('verified__isnull', True), ('verified__gte', 0), _connector='OR'), models.Q(('self_score__isnull', True), ('self_score__gte', 0), _connector='OR')), name='sheet_line_not_below_zero'),
        ),
        migrations.AddConstraint(
            model_name='wordtemplate',
            constraint=models.UniqueConstraint(fields=('committee', 'kind', 'number'), name='word_template_number'),
        ),
        migrations.AddConstraint(
            model_name='wordtemplate',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('withdrawn_at__isnull', True), ('withdrawn_by__isnull', True)), models.Q(('withdrawn_at__isnull', False), ('withdrawn_by__isnull', False)), _connector='OR'), name='word_template_withdrawn_who_and_when'),
        ),
        migrations.AddConstraint(
            model_name='paperfile',
            constraint=models.UniqueConstraint(fields=('paper', 'format'), name='paper_file_once'),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
