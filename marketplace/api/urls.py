"""Addresses of the API that every layer shares, and those of the marketplace."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import SimpleRouter

from marketplace.api.assets import Assets
from marketplace.api.public import Certificates, Declarations, Verifications
from marketplace.api.reviewing import Reviews
from marketplace.api.submissions import Submissions
from marketplace.api.webhooks import Deliveries, Endpoints

router = SimpleRouter()
router.register("submissions", Submissions, "submission")
router.register("assets", Assets, "asset")
router.register("reviews", Reviews, "review")
router.register("webhook-endpoints", Endpoints, "webhook-endpoint")
router.register("webhook-deliveries", Deliveries, "webhook-delivery")
router.register("certificates", Certificates, "certificate")

urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(authentication_classes=()), name="api_schema"),
    path(
        "docs/",
        SpectacularSwaggerSplitView.as_view(
            url_name="api_schema", template_name="marketplace/api_docs.html", authentication_classes=()
        ),
        name="api_docs",
    ),
    path("declaration/", Declarations.as_view({"get": "retrieve"})),
    path("verifications/", Verifications.as_view({"post": "create"})),
    *router.urls,
]
