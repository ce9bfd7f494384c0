
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('groups', '0002_indexes'),
        ('meetings', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='meeting',
            name='meeting_group_starts',
        ),
        migrations.RemoveIndex(
            model_name='meeting',
            name='meeting_teacher_starts',
        ),
        migrations.RemoveIndex(
            model_name='meeting',
            name='meeting_state_starts',
        ),
        migrations.AlterField(
            model_name='meeting',
            name='group',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='meetings', to='groups.group', verbose_name='group'),
        ),
        migrations.AlterField(
            model_name='meeting',
            name='teacher',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='meetings', to=settings.AUTH_USER_MODEL, verbose_name='teacher'),
        ),
        migrations.AddIndex(
            model_name='meeting',
            index=models.Index(fields=['group', 'starts_at', 'id'], name='meeting_group_starts_id'),
        ),
        migrations.AddIndex(
            model_name='meeting',
            index=models.Index(fields=['teacher', 'starts_at', 'id'], name='meeting_teacher_starts_id'),
        ),
        migrations.AddIndex(
            model_name='meeting',
            index=models.Index(fields=['state', 'starts_at', 'id'], name='meeting_state_starts_id'),
        ),
        migrations.AddIndex(
            model_name='meeting',
            index=models.Index(fields=['group', 'local_date'], name='meeting_group_day'),
        ),
    ]
