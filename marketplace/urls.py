"""All addresses of the site; the upper apps are included by name."""

from allauth.account import views as allauth_views
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.i18n import set_language

from marketplace import (
    consent_views,
    invitation_views,
    kept_forms,
    model_views,
    prompt_views,
    public_views,
    removal_views,
    request_views,
    terms_views,
    upload_views,
    views,
)

urlpatterns = [
    path("", views.home, name="home"),
    path("accounts/login/", allauth_views.login, name="login"),
    path("accounts/logout/", allauth_views.logout, name="logout"),
    path("accounts/form/", kept_forms.kept_form, name="kept_form"),
    path("accounts/invitations/", invitation_views.invitations, name="invitations"),
    path("accounts/invitations/<token>/", invitation_views.accept, name="accept_invitation"),
    path("accounts/", include("allauth.urls")),
    path("language/", login_not_required(set_language), name="set_language"),
    path("generate/", request_views.generate, name="generate"),
    path("generate/<int:request_id>/", request_views.generation_request, name="generation_request"),
    path("generations/", views.generations, name="generations"),
    path("generations/<int:generation_id>/preview.jpg", views.generation_preview, name="generation_preview"),
    path("downloads/", views.downloads, name="downloads"),
    path("downloads/<int:download_id>/edits/", views.human_edits, name="human_edits"),
    path("assets/<int:asset_id>/preview.jpg", views.asset_preview, name="asset_preview"),
    path("assets/<int:asset_id>/thumbnail.jpg", views.asset_thumbnail, name="asset_thumbnail"),
    path("terms/", terms_views.terms, name="terms"),
    path("prompts/", prompt_views.prompts, name="prompts"),
    path("prompts/<int:check_id>/", prompt_views.prompt, name="prompt"),
    path("prompts/<int:check_id>/contest/", prompt_views.contest, name="contest_prompt"),
    path("prompt-reviews/", prompt_views.prompt_queue, name="prompt_queue"),
    path("prompt-reviews/<int:check_id>/", prompt_views.prompt_review, name="prompt_review"),
    path("prompt-reviews/<int:check_id>/decide/", prompt_views.decide, name="decide_prompt"),
    path("verify/", public_views.verify, name="verify"),
    path("verify/<certificate_id>/", public_views.certificate, name="certificate"),
    path("verify/<certificate_id>/certificate.pdf", public_views.certificate_pdf, name="certificate_pdf"),
    path("verify/<certificate_id>/certificate.json", public_views.certificate_json, name="certificate_json"),
    path("models/", model_views.generator_models, name="generator_models"),
    path("models/<int:model_id>/", model_views.model_card, name="model_card"),
    path("models/<int:model_id>/sale/", model_views.sell, name="sell_model"),
    path("models/cards/<sha256>.json", model_views.card_json, name="card_json"),
    path("contributor/upload/", upload_views.upload_images, name="upload"),
    path("report/", removal_views.report, name="report"),
    path("contributor/images/<int:asset_id>/removal/", removal_views.removal, name="removal"),
    path("contributor/consents/", consent_views.consents, name="consents"),
    path("contributor/consents/change/", consent_views.change, name="change_consent"),
    path("contributor/consents/default/", consent_views.change_default, name="change_consent_default"),
    path("contributor/submissions/<int:submission_id>/", upload_views.submission, name="submission"),
    path("contributor/submissions/<int:submission_id>/appeal/", upload_views.appeal, name="appeal"),
    path("submissions/<int:submission_id>/preview.jpg", upload_views.submission_preview, name="submission_preview"),
    path("", include("attribution.urls")),
    path("", include("payouts.urls")),
    path("admin/", admin.site.urls),
]
