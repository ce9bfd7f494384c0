import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("attendings", "0002_group_and_day")]

    operations = [
        migrations.AlterField(
            model_name="attending",
            name="group",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="groups.group",
                verbose_name="group",
            ),
        ),
        migrations.AlterField(
            model_name="attending",
            name="local_date",
            field=models.DateField(editable=False, verbose_name="day"),
        ),
        migrations.RemoveIndex(model_name="attending", name="attending_user_marked"),
        migrations.RemoveIndex(model_name="attending", name="attending_marked"),
        migrations.RemoveIndex(model_name="attending", name="attending_status_marked"),
        migrations.RemoveIndex(model_name="attending", name="attending_method_marked"),
        migrations.AlterField(
            model_name="attending",
            name="meeting",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="attendings",
                to="meetings.meeting",
                verbose_name="meeting",
            ),
        ),
        migrations.AlterField(
            model_name="attending",
            name="user",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="attendings",
                to=settings.AUTH_USER_MODEL,
                verbose_name="person",
            ),
        ),
        migrations.AddIndex(
            model_name="attending",
            index=models.Index(fields=["marked_at", "id", "local_date"], name="mark_marked"),
        ),
        migrations.AddIndex(
            model_name="attending",
            index=models.Index(fields=["user", "marked_at", "id", "local_date"], name="mark_user_marked"),
        ),
        migrations.AddIndex(
            model_name="attending",
            index=models.Index(fields=["group", "marked_at", "id", "local_date"], name="mark_group_marked"),
        ),
        migrations.AddIndex(
            model_name="attending",
            index=models.Index(fields=["status", "marked_at", "id"], name="mark_status_marked"),
        ),
        migrations.AddIndex(
            model_name="attending",
            index=models.Index(fields=["method", "marked_at", "id"], name="mark_method_marked"),
        ),
    ]
