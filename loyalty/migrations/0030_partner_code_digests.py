from typing import Any

from cryptography.fernet import InvalidToken
from django.db import migrations

from loyalty.models.crypto import fingerprints


def renew(apps: Any, schema_editor: Any) -> None:
    """They hung on SECRET_KEY, which an operator may change whenever they like. What no key opens is left as it is;
    `renew_keys` tells of it."""
    codes = apps.get_model("loyalty", "PartnerCode")._base_manager
    for pk in codes.order_by("pk").values_list("pk", flat=True):
        try:
            code = codes.values_list("code", flat=True).get(pk=pk)
        except InvalidToken:
            continue
        codes.filter(pk=pk).update(digest=fingerprints(code.casefold(), purpose="partner-code")[0])


class Migration(migrations.Migration):

    dependencies = [
        ('loyalty', '0029_claims_that_wait'),
    ]

    operations = [
        migrations.RunPython(renew, migrations.RunPython.noop, elidable=True),
    ]
