"""The contributor's uploads: the page that takes them, why one was refused, and the appeal."""

from collections.abc import Iterator
from pathlib import PurePath
from typing import Any, NamedTuple

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace import appeals
from marketplace.consents import default_of
from marketplace.core.appeals import WHAT_NEXT, State
from marketplace.core.verdicts import Verdict
from marketplace.declaration import current_declaration
from marketplace.images import MAX_BYTES
from marketplace.models import Contributor, Submission, User
from marketplace.permissions import LoggedInRequest, contributor_of, may_see_submission
from marketplace.said import said
from marketplace.services import Details
from marketplace.strikes import rule_in_force, strikes_of, uploads_suspended_until
from marketplace.terms import TermsNotAccepted
from marketplace.uploads import MOST_FILES, UploadsSuspended, upload, why_left_out

LONGEST = 2_000
PICTURE_SECONDS = 24 * 60 * 60  # browsers keep it: the picture of a submission never changes


class SeveralFiles(forms.FileField):
    """One uploaded file or several, as a list."""

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[Any]]:
        """Raise ValidationError for none or too many; an empty file is for the screen to refuse, in words."""
        if not data:
            raise forms.ValidationError("Choose one image or several.")
        if len(data) > MOST_FILES:
            raise forms.ValidationError(f"Choose at most {MOST_FILES} images at a time; you chose {len(data)}.")
        return list(data)


class SeveralFilesInput(forms.ClearableFileInput):
    """The browser's own choice of several files."""

    allow_multiple_selected = True


class UploadForm(forms.Form):
    """What the contributor uploads and says of it."""

    images = SeveralFiles(widget=SeveralFilesInput)
    keywords = forms.CharField(required=False, max_length=500)
    licence = forms.CharField(max_length=200, error_messages={"required": "Say under which licence you offer them."})
    training_consent = forms.BooleanField(required=False)
    declared = forms.BooleanField(
        error_messages={"required": "Nothing is taken without the declaration: read it and tick its box."}
    )
    declaration_sha256 = forms.CharField()

    def clean_declaration_sha256(self) -> str:
        """Raise ValidationError where the text changed since the page was shown: what is stored is what was read."""
        shown: str = self.cleaned_data["declaration_sha256"]
        if shown != current_declaration().sha256:
            raise forms.ValidationError("The declaration has changed since: read it below and sign that.")
        return shown


class AppealForm(forms.Form):
    """What the owner says, if they want to."""

    statement = forms.CharField(required=False, max_length=LONGEST)


class Taken(NamedTuple):
    """What became of one uploaded file, in a sentence, and its page."""

    sentence: str
    is_accepted: bool
    url: str


@require_http_methods(["GET", "HEAD", "POST"])
def upload_images(request: LoggedInRequest) -> HttpResponse:
    """Take one file or several with the declaration, or say what is missing; to the page's script as JSON."""
    contributor, now = contributor_of(request.user), timezone.now()
    proposed = {"training_consent": default_of(contributor)}
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm(initial=proposed)
    problems = why_left_out(request)
    taken: list[Taken] = []
    lead_to = reverse("upload")
    if request.method == "POST" and form.is_valid():
        try:
            for one in _upload_all(request.user, contributor, form.cleaned_data):
                taken.append(one)  # one by one: what was taken before uploads are suspended is told
        except UploadsSuspended as error:
            problems.append(str(error))
        except TermsNotAccepted as error:
            lead_to = f"{reverse('terms')}?next={request.path}"
            problems.append(f"{error} {_('Then choose your images again: none was taken.')}")
    if request.headers.get("Accept") == "application/json":
        problems += [str(error) for errors in form.errors.values() for error in errors]
        return JsonResponse({"taken": [one._asdict() for one in taken], "problems": problems})
    for problem in problems:
        messages.error(request, problem)
    for one in taken:
        (messages.success if one.is_accepted else messages.error)(request, one.sentence)
    if request.method == "POST" and not form.errors:
        return redirect("images" if taken else lead_to)
    context = {
        "form": form,
        "declaration": current_declaration(),
        "most_files": MOST_FILES,
        "max_mb": MAX_BYTES // 1_000_000,
        "rule": rule_in_force(now),
        "strike_count": len(strikes_of(contributor)),
        "suspended_until": uploads_suspended_until(contributor, now),
    }
    return render(request, "marketplace/upload.html", context, status=400 if form.errors else 200)


def _upload_all(signed_by: User, contributor: Contributor, filled: dict[str, Any]) -> Iterator[Taken]:
    """Submit each file, and tell of each what became of it. Raises `UploadsSuspended`, `TermsNotAccepted`."""
    words = tuple(word.strip()[:100] for word in filled["keywords"].split(",") if word.strip())
    for file in filled["images"]:
        name = "".join(letter for letter in str(file.name) if letter.isprintable())
        details = Details(
            file_name=name[-255:],
            title=PurePath(name).stem[:300],
            keywords=words,
            licence=filled["licence"],
            training_consent=filled["training_consent"],
            signed_by=signed_by,
        )
        submitted, is_new = upload(contributor, file.read(), details, timezone.now())
        yield _taken(name, submitted, is_new=is_new)


def _taken(name: str, submitted: Submission, *, is_new: bool) -> Taken:
    url = reverse("submission", args=[submitted.pk])
    if submitted.verdict == Verdict.ACCEPT:
        sentence = _("%(name)s is accepted.") if is_new else _("%(name)s was there already.")
        return Taken(sentence % {"name": name}, True, url)
    state = appeals.state_of(submitted, timezone.now())
    return Taken(_("%(name)s is %(state)s: see why on its page.") % {"name": name, "state": said(state)}, False, url)


def own_submission(request: LoggedInRequest, submission_id: int) -> Submission:
    """The reader's own submission. Raises `Http404`."""
    return get_object_or_404(contributor_of(request.user).submissions.select_related("contributor"), pk=submission_id)


@require_safe
def submission(request: LoggedInRequest, submission_id: int) -> HttpResponse:
    """Why an upload was accepted, held or refused, in words and with the evidence, and what can be done."""
    one = own_submission(request, submission_id)
    state = appeals.state_of(one, timezone.now())
    context = {
        "submission": one,
        "result": one.screening_results.latest("pk"),
        "decisions": one.decisions.order_by("pk"),
        "appeal": getattr(one, "appeal", None),
        "state": state,
        "what_next": WHAT_NEXT[state],
        "may_appeal": state is State.REJECTED,
        "is_good": state in (State.ACCEPTED, State.WON),
        "deadline": appeals.deadline_of(one) if state in (State.REJECTED, State.TOO_LATE) else None,
        "appeal_days": settings.APPEAL_DAYS,
    }
    return render(request, "marketplace/submission.html", context)


@require_POST
def appeal(request: LoggedInRequest, submission_id: int) -> HttpResponse:
    """Record the owner's appeal."""
    one = own_submission(request, submission_id)
    form = AppealForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Nothing was appealed: a statement has at most {LONGEST} characters.")
        return redirect("submission", one.pk)
    try:
        appeals.appeal(one, form.cleaned_data["statement"], request.user, timezone.now())
    except appeals.CannotAppeal as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, "Your appeal is recorded. A reviewer new to it decides; this page then says how and why."
        )
    return redirect("submission", one.pk)


@require_safe
@cache_control(private=True, max_age=PICTURE_SECONDS)
def submission_preview(request: LoggedInRequest, submission_id: int) -> FileResponse:
    """The re-encoded picture of an upload, for its owner and for reviewers. The original has no address."""
    one = get_object_or_404(Submission.objects.select_related("contributor"), pk=submission_id)
    if not (may_see_submission(request.user, one) and one.preview):
        raise Http404("No such image of yours.")
    return FileResponse(one.preview.open("rb"), content_type="image/jpeg")
