import os

from django.core.asgi import get_asgi_application

from marketplace.startup import check_before_serving

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings")

application = get_asgi_application()
check_before_serving()
