"""Addresses of attribution."""

from django.urls import path

from attribution.views import generation, review

urlpatterns = [
    path("generations/<int:generation_id>/", generation.generation, name="generation"),
    path("review/", review.review_queue, name="review_queue"),
    path("review/<int:output_check_id>/", review.review, name="review"),
    path("review/<int:output_check_id>/decide/", review.decide, name="decide_output"),
]
