"""Finance's files: reports of a month or a year as CSV or XLSX."""

from tempfile import TemporaryFile

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from marketplace.permissions import LoggedInRequest, require_finance
from payouts.models import Period
from payouts.report_queries import REPORTS
from payouts.reports import ReportRefused, as_csv, report_of, write_xlsx

NAMES = {
    "payouts": _("Payouts"),
    "exclusions": _("Exclusions"),
    "statements": _("Statements"),
    "journal": _("Journal"),
    "yearly_totals": _("Yearly totals"),
}


class ExportForm(forms.Form):
    """Which report, of when, and in which format."""

    report = forms.ChoiceField(choices=[(name, NAMES[name]) for name in REPORTS], label=_("Report"))
    span = forms.CharField(max_length=7, label=_("Month or year, such as 2026-10 or 2026"))
    ending = forms.ChoiceField(choices=[("csv", "CSV"), ("xlsx", "XLSX")], label=_("Format"))


@require_safe
def exports(request: LoggedInRequest) -> HttpResponseBase:
    """Every report of a month or a year to choose from, a form for others and, when it is filled in, the file."""
    require_finance(request.user)
    form = ExportForm(request.GET if "report" in request.GET else None)
    if not form.is_valid():
        return render(request, "payouts/exports.html", {"form": form, **_offered(request.GET.get("span", ""))})
    try:
        return _file(**form.cleaned_data)
    except ReportRefused as error:
        messages.error(request, str(error))
        return redirect("exports")


def _offered(span: str) -> dict[str, object]:
    """The months and years that have a period, the chosen one of them, and the reports that it has."""
    periods = Period.objects.filter(currency=settings.SETTLEMENT_CURRENCY).order_by("-month_on")
    months = [f"{month_on:%Y-%m}" for month_on in periods.values_list("month_on", flat=True)]
    years = list(dict.fromkeys(month[:4] for month in months))
    chosen = span if span in (*months, *years) else next(iter(months), "")
    is_year = chosen in years
    reports = [(name, NAMES[name]) for name, report in REPORTS.items() if is_year or not report.is_of_a_year]
    return {"spans": [*months, *years], "chosen": chosen, "reports": reports}


def _file(report: str, span: str, ending: str) -> HttpResponseBase:
    """CSV is sent while it is made; a workbook is a finished file first, which can still be refused."""
    asked, when = report_of(report, span)
    name = f"{asked.name}-{when.label}.{ending}"
    if ending == "xlsx":
        file = TemporaryFile()  # noqa: SIM115 - the response closes it
        write_xlsx(asked, when, file)
        file.seek(0)
        return FileResponse(file, as_attachment=True, filename=name)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(as_csv(asked, when), content_type="text/csv; charset=utf-8", headers=headers)
