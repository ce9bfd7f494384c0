import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def copy_from_meetings(apps, schema_editor):
    attendings = apps.get_model("attendings", "Attending").objects.using(schema_editor.connection.alias)
    meetings = apps.get_model("meetings", "Meeting").objects.using(schema_editor.connection.alias)
    for pk, group_id, day in meetings.values_list("pk", "group_id", "local_date").iterator():
        attendings.filter(meeting_id=pk).update(group_id=group_id, local_date=day)


class Migration(migrations.Migration):
    dependencies = [
        ("attendings", "0001_initial"),
        ("groups", "0002_indexes"),
        ("meetings", "0002_indexes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="attending",
            name="group",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="groups.group",
                verbose_name="group",
            ),
        ),
        migrations.AddField(
            model_name="attending",
            name="local_date",
            field=models.DateField(editable=False, null=True, verbose_name="day"),
        ),
        migrations.RunPython(copy_from_meetings, migrations.RunPython.noop),
    ]
