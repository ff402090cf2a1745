"""Finance's files: reports of a month or a year as CSV or XLSX."""

from tempfile import TemporaryFile

from django import forms
from django.contrib import messages
from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from marketplace.permissions import LoggedInRequest, require_finance
from payouts.report_queries import REPORTS
from payouts.reports import ReportRefused, as_csv, report_of, write_xlsx


class ExportForm(forms.Form):
    """Which report, of when, and in which format."""

    report = forms.ChoiceField(choices=[(name, name.replace("_", " ").capitalize()) for name in REPORTS])
    span = forms.CharField(max_length=7, label="Month or year, such as 2026-10 or 2026")
    ending = forms.ChoiceField(choices=[("csv", "CSV"), ("xlsx", "XLSX")], label="Format")


@require_safe
def exports(request: LoggedInRequest) -> HttpResponseBase:
    """The form and, when it is filled in, the file."""
    require_finance(request.user)
    form = ExportForm(request.GET or None)
    if not form.is_valid():
        return render(request, "payouts/exports.html", {"form": form})
    try:
        return _file(**form.cleaned_data)
    except ReportRefused as error:
        messages.error(request, str(error))
        return redirect("exports")


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
