"""What gunicorn serves in production: `gunicorn config.wsgi`. Webhooks end at the door, in front of Django, and
so do the widget's reads where their answer is at hand."""

import os
from wsgiref.types import WSGIApplication

from django.core.wsgi import get_wsgi_application
from django.utils.module_loading import import_string

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
_house = get_wsgi_application()
# They need the tables, once they are set up.
_widget: WSGIApplication = import_string("storefront_widget.front.Front")(_house)
application: WSGIApplication = import_string("loyalty.webhooks.Door")(_widget)
