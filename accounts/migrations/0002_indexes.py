
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.AlterField(
            model_name='user',
            name='created_at',
            field=models.DateTimeField(auto_now_add=True, verbose_name='created'),
        ),
        migrations.AlterField(
            model_name='user',
            name='is_active',
            field=models.BooleanField(default=True, help_text='May log in.', verbose_name='active'),
        ),
        migrations.AlterField(
            model_name='user',
            name='sort_name',
            field=models.CharField(editable=False, max_length=460),
        ),
        migrations.AddIndex(
            model_name='user',
            index=models.Index(fields=['sort_name', 'id'], name='user_name'),
        ),
        migrations.AddIndex(
            model_name='user',
            index=models.Index(fields=['is_active', 'sort_name', 'id'], name='user_active_name'),
        ),
        migrations.AddIndex(
            model_name='user',
            index=models.Index(fields=['created_at', 'id'], name='user_created'),
        ),
    ]
