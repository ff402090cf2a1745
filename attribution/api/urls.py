"""Addresses of the API that attribution adds."""

from rest_framework.routers import SimpleRouter

from attribution.api.copies import Copies
from attribution.api.downloads import Downloads
from attribution.api.generations import Generations, GeneratorModels

router = SimpleRouter()
router.register("generator-models", GeneratorModels, "generator-model")
router.register("generations", Generations, "generation")
router.register("downloads", Downloads, "download")
router.register("copies", Copies, "copy")

urlpatterns = router.urls
