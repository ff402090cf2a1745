"""A customer keeps licences together in projects, which nobody else sees."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketplace.delivering import deliver
from marketplace.models import Contributor, Customer, Download, Project, ProjectLicence, User
from marketplace.personal_data import forget_customer, records_of
from marketplace.projects import ProjectExists, create_project, put_into_project
from tests.builders import (
    SOLD_AT,
    make_asset,
    make_customer,
    make_download,
    make_generation,
    make_generator_model,
    make_training_set,
)


def user_of(customer: Customer) -> User:
    assert customer.user is not None
    return customer.user


@pytest.fixture
def downloads(ana: Contributor, carla: Customer) -> list[Download]:
    make_asset(ana)
    model = make_generator_model(make_training_set())
    return [make_download(carla, make_generation(model, prompt)) for prompt in ("a quiet harbour", "a loud one")]


@pytest.fixture
def dora(downloads: list[Download]) -> Customer:
    """Another customer, with a licence of her own."""
    dora = make_customer("Dora")
    make_download(dora, make_generation(downloads[0].generation.generator_model, "a harbour of Dora's"))
    return dora


@pytest.fixture
def mine(client: Client, carla: Customer) -> Client:
    client.force_login(user_of(carla))
    return client


def test_a_customer_makes_a_project_and_finds_it_in_the_list(mine: Client, carla: Customer) -> None:
    page = mine.post("/projects/", {"name": "  Spring campaign "}, follow=True).content.decode()
    assert "<h1>Spring campaign</h1>" in page
    assert "No licence is in this project yet" in page
    project = carla.projects.get()
    assert f'href="/projects/{project.pk}/">Spring campaign' in mine.get("/projects/").content.decode()
    assert 'href="/projects/"' in mine.get("/").content.decode()


def test_a_second_press_leads_to_the_project_that_the_first_one_made(mine: Client, carla: Customer) -> None:
    for _ in range(2):
        page = mine.post("/projects/", {"name": "Spring"}, follow=True).content.decode()
    assert "You have a project of this name already: this is it." in page
    assert carla.projects.count() == 1
    with pytest.raises(ProjectExists):
        create_project(carla, "Spring", SOLD_AT)


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "a\x00b"])
def test_a_project_without_a_usable_name_is_not_made_and_the_form_says_why(
    mine: Client, carla: Customer, name: str
) -> None:
    response = mine.post("/projects/", {"name": name})
    assert response.status_code == 400
    assert 'role="alert"' in response.content.decode()
    assert not carla.projects.exists()


def test_licences_are_put_in_from_the_page_of_all_licences(
    mine: Client, carla: Customer, downloads: list[Download]
) -> None:
    assert "a project</a>, which has one record" in mine.get("/downloads/").content.decode()
    project = create_project(carla, "Spring", SOLD_AT)
    page = mine.get("/downloads/").content.decode()
    assert f'name="licences" value="{downloads[0].pk}"' in page
    assert f'<option value="{project.pk}">Spring</option>' in page
    chosen = {"project": project.pk, "licences": [download.pk for download in downloads]}
    assert "2 licences were put in." in mine.post("/projects/licences/", chosen, follow=True).content.decode()
    again = mine.post("/projects/licences/", chosen, follow=True).content.decode()
    assert "Nothing changed" in again
    assert "a quiet harbour" in again
    assert "a loud one" in again
    assert project.licences.count() == 2


def test_a_licence_is_put_in_from_its_own_page_and_can_be_in_several_projects(
    mine: Client, carla: Customer, downloads: list[Download]
) -> None:
    for name in ("Spring", "Summer"):
        project = create_project(carla, name, SOLD_AT)
        assert 'name="licences"' in mine.get(f"/downloads/{downloads[0].pk}/edits/").content.decode()
        mine.post("/projects/licences/", {"project": project.pk, "licences": downloads[0].pk})
    page = mine.get(f"/downloads/{downloads[0].pk}/edits/").content.decode()
    assert all(f'href="/projects/{project.pk}/"' in page for project in carla.projects.all())


def test_a_licence_that_is_taken_out_stays_the_customers(
    mine: Client, carla: Customer, downloads: list[Download]
) -> None:
    project = create_project(carla, "Spring", SOLD_AT)
    put_into_project(project, downloads, SOLD_AT)
    address = f"/projects/{project.pk}/licences/{downloads[0].pk}/remove/"
    assert "it is still yours" in mine.post(address, follow=True).content.decode()
    assert [one.download_id for one in project.licences.all()] == [downloads[1].pk]
    assert carla.downloads.count() == 2
    assert mine.post(address).status_code == 404


def test_a_project_shows_human_edits_with_their_dates_and_the_page_of_each_certificate(
    mine: Client, carla: Customer, downloads: list[Download]
) -> None:
    project = create_project(carla, "Spring", SOLD_AT)
    put_into_project(project, downloads, SOLD_AT)
    downloads[0].human_edits.create(description="Cropped <by> hand", recorded_at=SOLD_AT)
    delivery = deliver(downloads[0], "PNG", None, SOLD_AT)
    page = mine.get(f"/projects/{project.pk}/").content.decode()
    assert f'href="/verify/{delivery.certificate_id}/"' in page
    assert "Cropped &lt;by&gt; hand" in page
    assert "Oct 14, 2026, 12:00 UTC" in page
    assert f'href="/downloads/{downloads[1].pk}/file.jpg"' in page, "which makes the missing certificate"


@pytest.mark.parametrize("chosen", [{}, {"project": "x"}, {"licences": "x", "project": "1"}, {"licences": ["1"]}])
def test_putting_in_nothing_or_nonsense_changes_nothing_and_says_what_to_choose(
    mine: Client, downloads: list[Download], chosen: dict[str, str]
) -> None:
    page = mine.post("/projects/licences/", chosen, follow=True).content.decode()
    assert "choose a project and at least one licence" in page
    assert not ProjectLicence.objects.exists()


def test_a_project_that_would_be_too_large_for_one_record_takes_nothing_and_says_what_to_do(
    mine: Client, carla: Customer, downloads: list[Download], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marketplace.projects.MOST_LICENCES", 1)
    project = create_project(carla, "Spring", SOLD_AT)
    chosen = {"project": project.pk, "licences": [download.pk for download in downloads]}
    page = mine.post("/projects/licences/", chosen, follow=True).content.decode()
    assert "at most 1 licences. Make another project for more" in page
    assert not project.licences.exists()


def test_nobody_puts_anothers_licence_into_a_project_or_theirs_into_anothers(
    mine: Client, carla: Customer, dora: Customer, downloads: list[Download]
) -> None:
    own, other = create_project(carla, "Spring", SOLD_AT), create_project(dora, "Autumn", SOLD_AT)
    foreign = dora.downloads.get()
    for project, licence in ((own, foreign), (other, downloads[0]), (other, foreign)):
        mine.post("/projects/licences/", {"project": project.pk, "licences": licence.pk})
    assert not ProjectLicence.objects.exists()
    with pytest.raises(DatabaseError, match="is not of the customer"), transaction.atomic():
        put_into_project(own, [foreign], SOLD_AT)


def test_to_everybody_else_a_project_does_not_exist(
    client: Client, carla: Customer, dora: Customer, fay: User, downloads: list[Download]
) -> None:
    project = create_project(carla, "Spring", SOLD_AT)
    put_into_project(project, downloads, SOLD_AT)
    for stranger in (user_of(dora), fay):
        client.force_login(stranger)
        assert client.get(f"/projects/{project.pk}/").status_code == 404
        assert client.get(f"/projects/{project.pk}/record.zip").status_code == 404
        assert client.post(f"/projects/{project.pk}/licences/{downloads[0].pk}/remove/").status_code == 404
    client.force_login(user_of(dora))
    assert "Spring" not in client.get("/projects/").content.decode()
    assert project.licences.count() == 2


def test_a_longer_project_takes_no_more_queries(mine: Client, carla: Customer, downloads: list[Download]) -> None:
    project = create_project(carla, "Spring", SOLD_AT)
    counts = []
    for _ in range(2):
        more = [make_download(carla, downloads[0].generation) for _ in range(3)]
        put_into_project(project, more, SOLD_AT)
        for download in more:
            download.human_edits.create(description="Retouched", recorded_at=SOLD_AT)
        with CaptureQueriesContext(connection) as queries:
            mine.get(f"/projects/{project.pk}/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_projects_are_part_of_a_persons_data_and_go_when_they_are_erased(
    carla: Customer, downloads: list[Download]
) -> None:
    project = create_project(carla, "Spring", SOLD_AT)
    put_into_project(project, downloads[:1], SOLD_AT)
    records = records_of(user_of(carla))
    assert records["projects"] == [{"id": project.pk, "name": "Spring", "created_at": SOLD_AT}]
    assert records["licences_in_projects"] == [
        {"project_id": project.pk, "download_id": downloads[0].pk, "put_in_at": SOLD_AT}
    ]
    forget_customer(carla)
    assert not Project.objects.exists()
    assert carla.downloads.count() == 2
