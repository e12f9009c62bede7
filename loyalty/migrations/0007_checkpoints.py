from datetime import UTC, datetime

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('loyalty', '0006_ecwid_stores'),
    ]

    operations = [
        migrations.CreateModel(
            name='Checkpoint',
            fields=[
                ('member', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='checkpoint', serialize=False, to='loyalty.member')),
                ('mark', models.DateTimeField()),
                ('engine', models.PositiveIntegerField(help_text='Another engine does not read it')),
                ('versions', models.PositiveIntegerField(help_text='Program versions in force by the mark; with others it is worthless')),
                ('state', models.BinaryField()),
                ('shop', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='checkpoints', to='loyalty.shop')),
            ],
        ),
        migrations.AddField(
            model_name='member',
            name='engine',
            field=models.PositiveIntegerField(default=0, help_text='The engine of the last fold; an older one leaves them alone'),
        ),
        # What was stored before counts as never over, so it is read in every fold until a later look replaces it.
        migrations.AddField(
            model_name='storedfact',
            name='last_at',
            field=models.DateTimeField(default=datetime(9999, 1, 1, tzinfo=UTC), help_text='The last instant at which it changes anything; of an order and the refunds that came alone, together'),
            preserve_default=False,
        ),
        migrations.RemoveIndex(
            model_name='storedfact',
            name='fact_member_at',
        ),
        migrations.AddIndex(
            model_name='storedfact',
            index=models.Index(fields=['shop', 'member', 'last_at'], name='fact_member_last'),
        ),
        migrations.AddIndex(
            model_name='ledgerentry',
            index=models.Index(fields=['shop', 'member', 'effective_at'], name='ledger_member_date'),
        ),
    ]
