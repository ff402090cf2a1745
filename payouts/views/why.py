"""Why a download was shared as it was, with what the reading contributor earned by it."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from attribution.explain import explain, explanation_context, page_url, read_list
from attribution.models import InspirationList
from marketplace.models import Contributor, Download
from marketplace.permissions import LoggedInRequest, is_finance, may_have_file, may_see_why
from payouts.earnings import amounts_micro_by_asset, sale_of


@require_safe
def why(request: LoggedInRequest, download_id: int) -> HttpResponse:
    """The explanation of one download; with `?check=now` its list is recomputed."""
    download = get_object_or_404(Download.objects.select_related("customer"), pk=download_id)
    stored = InspirationList.objects.select_related("download").filter(download=download).first()
    if stored is None:
        if not may_have_file(request.user, download):
            raise Http404("No such download of yours.")
        return render(request, "payouts/why_not_yet.html", {"download": download})
    if not may_see_why(request.user, download, stored.contributor_ids):
        raise Http404("No such download of yours.")
    reader = Contributor.objects.filter(user=request.user, pk__in=stored.contributor_ids).first()
    sale = sale_of(download)
    amounts_micro = amounts_micro_by_asset(download, reader) if reader else None
    context = explanation_context(
        explain(download) if "check" in request.GET else read_list(download),
        page_url,
        reader=reader,
        amounts_micro=amounts_micro,
        names_shown=is_finance(request.user),
    )
    yours = {
        "yours_ppm": sum(row["share_ppm"] for row in context["rows"] if row["is_yours"]),
        "yours_micro": sum(amounts_micro.values()) if amounts_micro else None,
    }
    return render(request, "payouts/why.html", {**context, **yours, "period": sale.period if sale else None})
