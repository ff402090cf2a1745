"""A contributor's statement, its files and its proof; and the public page of the roots to check it against."""

from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.db.models import OuterRef, Subquery
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from marketplace.core.canonical import canonical
from marketplace.core.periods import Month
from marketplace.models import Asset
from marketplace.permissions import LoggedInRequest, contributor_of
from payouts.core.proofs import leaf_hash, steps_to_root
from payouts.documents import document_of, proof_of, statement_file
from payouts.figures import statement_chart
from payouts.models import AuditLink, AuditSubject, Statement, StatementRoot
from payouts.statement_csv import as_csv
from payouts.statement_pdf import as_pdf

LINES_A_PAGE = 200
STATEMENTS_A_PAGE = 24
VERIFY_STATEMENT = Path(__file__).resolve().parents[1] / "verify_statement.py"


def _own_statement(request: LoggedInRequest, month: Month) -> Statement:
    """The reader's own statement of a month, whoever else has one. Raises `Http404`."""
    rooted = Statement.objects.filter(period__statement_root__isnull=False)
    return get_object_or_404(
        rooted.select_related("period__statement_root", "contributor"),
        contributor=contributor_of(request.user),
        period__month_on=month.start_at.date(),
        period__currency=settings.SETTLEMENT_CURRENCY,
    )


@require_safe
def statements(request: LoggedInRequest) -> HttpResponse:
    """All statements of the contributor, the newest first."""
    mine = contributor_of(request.user).statements.select_related("period").order_by("-period__month_on")
    page = Paginator(mine, STATEMENTS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "payouts/statements.html", {"page": page})


@require_safe
def statement(request: LoggedInRequest, month: Month) -> HttpResponse:
    """The statement with its lines, its downloads, and the way to its proof."""
    one = _own_statement(request, month)
    document = document_of(one)
    page = Paginator(document["images"], LINES_A_PAGE).get_page(request.GET.get("page"))
    assets = Asset.objects.filter(pk__in={line["asset"] for line in page})
    titles = dict(assets.values_list("pk", "submission__title"))
    context = {
        "statement": one,
        "document": document,
        "currency": one.period.currency,
        "month": month,
        "chart": statement_chart(one),
        "page": page,
        "lines": [line | {"title": titles[line["asset"]]} for line in page],
    }
    return render(request, "payouts/statement.html", context)


@require_safe
def check_statement(request: LoggedInRequest, month: Month) -> HttpResponse:
    """The proof of a statement, run now in front of the reader: its hash, each step up, and the published root."""
    one = _own_statement(request, month)
    root = one.period.statement_root
    text = canonical(document_of(one))
    leaf = leaf_hash(text)
    steps = steps_to_root(leaf, one.index, root.statement_count, proof_of(one))
    link = AuditLink.objects.filter(subject=AuditSubject.STATEMENT_ROOT, subject_id=root.pk).first()
    context = {
        "statement": one,
        "month": month,
        "root": root,
        "link": link,
        "byte_count": len(text),
        "leaf": leaf.hex(),
        "leaf_fits": leaf.hex() == one.leaf_sha256,
        "steps": [(step.side, step.beside.hex(), step.node.hex()) for step in steps],
        "fits": (steps[-1].node if steps else leaf).hex() == root.root_sha256,
    }
    return render(request, "payouts/check_statement.html", context)


@require_safe
def statement_json(request: LoggedInRequest, month: Month) -> HttpResponse:
    """The statement with its proof, as `verify_statement.py` reads it."""
    return _file(statement_file(_own_statement(request, month)), "application/json", month, "json")


@require_safe
def statement_csv(request: LoggedInRequest, month: Month) -> HttpResponse:
    """The statement for spreadsheets and machines."""
    text = as_csv(document_of(_own_statement(request, month)))
    return _file(text.encode(), "text/csv; charset=utf-8", month, "csv")


@require_safe
def statement_pdf(request: LoggedInRequest, month: Month) -> HttpResponse:
    """The statement for people."""
    one = _own_statement(request, month)
    data = as_pdf(document_of(one), one.contributor.name, one.leaf_sha256, one.period.statement_root.root_sha256)
    return _file(data, "application/pdf", month, "pdf")


def _file(data: bytes, content_type: str, month: Month, extension: str) -> HttpResponse:
    name = f"statement-{month}.{extension}"
    return HttpResponse(
        data, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@login_not_required
@require_safe
def statement_roots(request: HttpRequest) -> HttpResponse:
    """For everybody: the root of each closed month, and the link of the audit chain that records it."""
    link = AuditLink.objects.filter(subject=AuditSubject.STATEMENT_ROOT, subject_id=OuterRef("pk"))
    roots = StatementRoot.objects.select_related("period").order_by("-period__month_on", "period__currency")
    linked = roots.annotate(
        link_number=Subquery(link.values("pk")[:1]), link_sha256=Subquery(link.values("sha256")[:1])
    )
    return render(request, "payouts/statement_roots.html", {"roots": linked})


@login_not_required
@require_safe
def verify_statement(request: HttpRequest) -> FileResponse:
    """The file that checks a statement, as it is in our source."""
    return FileResponse(
        VERIFY_STATEMENT.open("rb"), as_attachment=True, filename=VERIFY_STATEMENT.name, content_type="text/x-python"
    )
