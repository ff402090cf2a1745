"""Addresses of attribution."""

from django.urls import path

from attribution import views

urlpatterns = [path("generations/<int:generation_id>/", views.generation, name="generation")]
