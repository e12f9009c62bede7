"""What gunicorn serves in production: `gunicorn config.wsgi`. Webhooks end at the door, in front of Django."""

import os
from wsgiref.types import WSGIApplication

from django.core.wsgi import get_wsgi_application
from django.utils.module_loading import import_string

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
_house = get_wsgi_application()
application: WSGIApplication = import_string("loyalty.webhooks.Door")(
    _house
)  # it needs the tables, once they are set up
