"""All addresses of the site; the upper apps are included by name."""

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path
from django.views.i18n import set_language

from marketplace import public_views, token_views, upload_views, views
from marketplace.api.views import NoSuchAddress

urlpatterns = [
    path("", views.home, name="home"),
    path("login/", LoginView.as_view(template_name="marketplace/login.html"), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("language/", login_not_required(set_language), name="set_language"),
    path("generations/", views.generations, name="generations"),
    path("generations/<int:generation_id>/license/", views.license_generation, name="license_generation"),
    path("generations/<int:generation_id>/preview.jpg", views.generation_preview, name="generation_preview"),
    path("downloads/", views.downloads, name="downloads"),
    path("downloads/<int:download_id>/edits/", views.human_edits, name="human_edits"),
    path("assets/<int:asset_id>/preview.jpg", views.asset_preview, name="asset_preview"),
    path("assets/<int:asset_id>/thumbnail.jpg", views.asset_thumbnail, name="asset_thumbnail"),
    path("verify/", public_views.verify, name="verify"),
    path("verify/<certificate_id>/", public_views.certificate, name="certificate"),
    path("verify/<certificate_id>/certificate.pdf", public_views.certificate_pdf, name="certificate_pdf"),
    path("verify/<certificate_id>/certificate.json", public_views.certificate_json, name="certificate_json"),
    path("contributor/upload/", upload_views.upload_images, name="upload"),
    path("contributor/submissions/<int:submission_id>/", upload_views.submission, name="submission"),
    path("contributor/submissions/<int:submission_id>/appeal/", upload_views.appeal, name="appeal"),
    path("submissions/<int:submission_id>/preview.jpg", upload_views.submission_preview, name="submission_preview"),
    path("api-tokens/", token_views.api_tokens, name="api_tokens"),
    path("api-tokens/<int:token_id>/revoke/", token_views.revoke, name="revoke_token"),
    path("webhook-endpoints/", token_views.webhook_endpoints, name="webhook_endpoints"),
    path("webhook-endpoints/<int:endpoint_id>/remove/", token_views.remove_endpoint, name="remove_endpoint"),
    path("api/v1/", include("marketplace.api.urls")),
    path("api/v1/", include("attribution.api.urls")),
    path("api/v1/", include("payouts.api.urls")),
    path("api/<path:elsewhere>", NoSuchAddress.as_view()),
    path("", include("attribution.urls")),
    path("", include("payouts.urls")),
    path("admin/", admin.site.urls),
]
