"""A checkpoint keeps the latest lines too. Those of before have none, and are made anew at the next posting."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def forget(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("loyalty", "Checkpoint").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0023_finding_orders")]

    operations = [
        migrations.RunPython(forget, migrations.RunPython.noop),
        migrations.AddField(
            model_name="checkpoint",
            name="recent",
            field=models.BinaryField(default=b"", help_text="The latest lines up to the mark, to be shown"),
        ),
    ]
