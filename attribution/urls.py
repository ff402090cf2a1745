"""Addresses of attribution."""

from django.urls import path

from attribution.views import contests, deliveries, generation, removals, review, submissions

urlpatterns = [
    path("generations/<int:generation_id>/", generation.generation, name="generation"),
    path("downloads/<int:download_id>/file.<extension>", deliveries.download_file, name="download_file"),
    path("review/", review.review_queue, name="review_queue"),
    path("review/<int:output_check_id>/", review.review, name="review"),
    path("review/<int:output_check_id>/decide/", review.decide, name="decide_output"),
    path("assets/<int:asset_id>/copy/", contests.copy, name="copy"),
    path("assets/<int:asset_id>/copy/<int:link_id>/contest/", contests.contest, name="contest"),
    path("contests/", contests.contest_queue, name="contest_queue"),
    path("contests/<int:contest_id>/", contests.contested, name="contested"),
    path("contests/<int:contest_id>/decide/", contests.decide, name="decide_contest"),
    path("removals/", removals.removal_queue, name="removal_queue"),
    path("removals/<int:case_id>/", removals.removal_case, name="removal_case"),
    path("removals/<int:case_id>/image/", removals.name_image, name="name_removal_image"),
    path("removals/<int:case_id>/decide/", removals.decide, name="decide_removal"),
    path("submissions/", submissions.submission_queue, name="submission_queue"),
    path("submissions/<int:submission_id>/", submissions.submission_review, name="submission_review"),
    path("submissions/<int:submission_id>/decide/", submissions.decide, name="decide_submission"),
]
