"""The site's addresses, and that of a view which does nothing."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import path

from marketplace.urls import urlpatterns as of_the_site


@login_not_required
def bare(request: HttpRequest) -> HttpResponse:
    """Nothing."""
    return HttpResponse()


urlpatterns = [path("bare/", bare), *of_the_site]
