import os

from django.core.wsgi import get_wsgi_application

from marketplace.startup import check_before_serving

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings")

application = get_wsgi_application()
check_before_serving()
