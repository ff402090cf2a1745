"""The explanation of a download, and what a generation resembles before it is bought."""

import re

from django.test import Client

from attribution.explain import explain, explanation_html
from attribution.models import GenerationEmbedding, InspirationList
from marketplace.models import Contributor, Customer
from tests.builders import (
    embed_asset,
    embed_generation,
    make_asset,
    make_attributed_downloads,
    make_download,
    make_encoder,
    make_generation,
    make_generator_model,
    make_inspiration_list,
    make_training_set,
    unit_vector,
)


def test_an_explanation_recomputes_the_stored_list_and_agrees(
    ana: Contributor, ben: Contributor, carla: Customer
) -> None:
    download = make_attributed_downloads([ana, ben], carla, count=1)[0]
    explanation = explain(download)
    assert explanation.agrees
    assert [one.asset.contributor for one in explanation.inspirations] == [ana, ben]
    assert sum(one.share_ppm for one in explanation.inspirations) + explanation.stored.unattributed_ppm == 1_000_000


def test_a_list_that_the_vectors_do_not_give_is_called_different(
    ana: Contributor, ben: Contributor, carla: Customer
) -> None:
    honest = make_attributed_downloads([ana, ben], carla, count=1)[0]
    encoder = InspirationList.objects.get(download=honest).batch.encoder
    favoured = make_download(carla, honest.generation)
    make_inspiration_list(favoured, {ben.assets.get(): 900_000}, encoder, [0.9])
    explanation = explain(favoured)
    assert not explanation.agrees
    told = " ".join(explanation.differences or ())
    assert f"Image {ana.assets.get().pk}: stored not on the list" in told
    assert f"Image {ben.assets.get().pk}: stored 900000 ppm" in told
    assert "Unattributed: stored 100000 ppm" in told
    assert "It does not agree" in explanation_html(explain(favoured))


def test_a_missing_vector_is_named_and_does_not_break_the_page(ana: Contributor, carla: Customer) -> None:
    download = make_attributed_downloads([ana], carla, count=1)[0]
    GenerationEmbedding.objects.all().delete()
    assert explain(download).differences == ("The stored vector of the generated image is missing.",)


def test_the_explanation_file_needs_nothing_from_outside(ana: Contributor, ben: Contributor, carla: Customer) -> None:
    html = explanation_html(explain(make_attributed_downloads([ana, ben], carla, count=1)[0]))
    assert re.findall(r'(?:src|href)="(?!data:)|url\(|@import', html) == []
    assert "http" not in html
    assert html.count("data:image/jpeg;base64,") == 3
    assert "A picture by Ana" in html
    assert "resemblance, not proof of use" in html


def test_only_the_compact_encoder_is_called_a_sample(ana: Contributor, carla: Customer) -> None:
    download = make_attributed_downloads([ana], carla, count=1)[0]
    assert "Sample quality" not in explanation_html(explain(download))
    encoder = make_encoder("compact", is_current=False)
    embed_asset(ana.assets.get(), encoder, unit_vector(1))
    embed_generation(download.generation, encoder, unit_vector(1, 1))
    again = make_download(carla, download.generation)
    make_inspiration_list(again, {ana.assets.get(): 400_000}, encoder)
    assert "Sample quality" in explanation_html(explain(again))


def test_a_generation_shows_what_it_most_resembles_as_a_preview(
    client: Client, ana: Contributor, ben: Contributor, carla: Customer
) -> None:
    encoder = make_encoder()
    embed_asset(make_asset(ana, title="Close harbour"), encoder, unit_vector(1, 0.2))
    embed_asset(make_asset(ben, title="Far forest"), encoder, unit_vector(0.2, 1))
    generation = make_generation(make_generator_model(make_training_set()))
    embed_asset(make_asset(ben, title="Not trained on"), encoder, unit_vector(1, 0.2))
    assert carla.user
    client.force_login(carla.user)
    address = f"/generations/{generation.pk}/"
    assert "not been compared" in client.get(address).content.decode()
    embed_generation(generation, encoder, unit_vector(1))
    page = client.get(address).content.decode()
    assert page.index("a preview") < page.index("Close harbour") < page.index("Far forest")
    assert "Not trained on" not in page
