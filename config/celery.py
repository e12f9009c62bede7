"""Celery only wakes the workers; the tables are the truth."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("regulars")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "inbox": {"task": "loyalty.tasks.drain_inbox", "schedule": 5.0},
    "outbox": {"task": "loyalty.tasks.drain_outbox", "schedule": 5.0},
    "rewards": {"task": "loyalty.tasks.drain_codes", "schedule": 5.0},
    "hooks": {"task": "loyalty.tasks.drain_hooks", "schedule": 5.0},
    "hanging": {"task": "loyalty.tasks.settle_hanging", "schedule": 5.0},
    "imports": {"task": "loyalty.tasks.drain_imports", "schedule": 15.0},
    "shown": {"task": "loyalty.tasks.drain_shown", "schedule": 5.0},
    "trials": {"task": "loyalty.tasks.drain_trials", "schedule": 2.0},
    "comparisons": {"task": "loyalty.tasks.drain_comparisons", "schedule": 5.0},
    "due": {"task": "loyalty.tasks.fold_due_members", "schedule": 60.0},
    "codes": {"task": "loyalty.tasks.expire_codes", "schedule": 60.0},
    "ends": {"task": "loyalty.tasks.end_access", "schedule": 60.0},
    "payouts": {"task": "loyalty.tasks.begin_payouts", "schedule": 600.0},
    "paying": {"task": "loyalty.tasks.pay_out", "schedule": 60.0},
    "tiers": {"task": "loyalty.tasks.carry_tiers", "schedule": 30.0},
    "letters": {"task": "loyalty.tasks.write_letters", "schedule": 60.0},
    "claims": {"task": "loyalty.tasks.end_claims", "schedule": 3600.0},
    "forget": {"task": "loyalty.tasks.forget_old", "schedule": 3600.0},
    "prune": {"task": "loyalty.tasks.prune", "schedule": 600.0},
    "verify": {"task": "loyalty.tasks.verify_ledger", "schedule": 300.0},
    "access": {"task": "loyalty.tasks.keep_access", "schedule": 600.0},
    "reconcile": {"task": "loyalty.tasks.reconcile_shops", "schedule": 60.0},
}
