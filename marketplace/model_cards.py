"""Cards of generator models: what a customer should know, in the one spelling that is hashed and never changes."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from marketplace.core.canonical import canonical, instant, instant_in_words
from marketplace.core.weights import ONCE_PPM
from marketplace.formats import rate
from marketplace.images import sha256_hex
from marketplace.models import Asset, GeneratorModel, ModelAudit, ModelCard, TrainingSet

FORMAT = "tributary-model-card-1"
PPM = ", in ppm"
"""How a figure of a bias report's summary is named that is one."""

Document = dict[str, Any]


def current_card(model: GeneratorModel, at: datetime) -> ModelCard:
    """The card of the model as it is; recorded when it is first needed in this wording."""
    text = canonical(card_document(model))
    card, _is_new = ModelCard.objects.get_or_create(
        sha256=sha256_hex(text), defaults={"generator_model": model, "text": text.decode("ascii"), "made_at": at}
    )
    return card


def card_document(model: GeneratorModel) -> Document:
    """What the card says of the model as it is."""
    audit = model.audits.select_related("training_set").order_by("-pk").first()
    return {
        "format": FORMAT,
        "model": model.name,
        "version": model.version,
        "provider": model.provider,
        "description": model.description,
        "licence": model.licence,
        "use_restrictions": model.use_restrictions,
        "data_origin": model.data_origin,
        "training_set": training_set_facts(model.training_set) if model.training_set else None,
        "evaluation": model.evaluation,
        "known_limits": model.known_limits,
        "replication_audit": audit_facts(audit) if audit else None,
        "bias_report": bias_facts(model),
    }


def bias_facts(model: GeneratorModel) -> Document | None:
    """What the newest bias report of the model found; None where none was put on its card."""
    if model.bias_report is None:
        return None
    return {"reported_on": f"{model.bias_reported_on}", "summary": model.bias_report}


def training_set_facts(training_set: TrainingSet) -> Document:
    """The set in figures: how many images of how many contributors, and which groups of them weigh more or less."""
    members = Asset.objects.filter(memberships__training_set=training_set)
    return {
        "name": training_set.name,
        "version": training_set.version,
        "frozen_at": instant(training_set.frozen_at) if training_set.frozen_at else None,
        "images": members.count(),
        "contributors": members.values("contributor").distinct().count(),
        "weights": [
            {
                "keyword": keyword,
                "weight_ppm": weight_ppm,
                "images": members.filter(submission__keywords__contains=[keyword]).count(),
            }
            for keyword, weight_ppm in sorted(training_set.weights_ppm.items())
        ],
    }


def audit_facts(audit: ModelAudit) -> Document:
    """What an audit found, with the hash of its report."""
    return {
        "audited_at": instant(audit.audited_at),
        "training_set": str(audit.training_set),
        "generations": audit.generations,
        "near_copies": audit.near_copies,
        "possible_copies": audit.possible_copies,
        "method": audit.method,
        "report_sha256": audit.report_sha256,
    }


def card_sections(card: Document) -> list[tuple[str, list[tuple[str, str]]]]:
    """A card in headings, labels and words, for page and paper."""
    not_said = _("Nothing is said yet.")
    restrictions = card["use_restrictions"]
    return [
        (
            _("Generator model"),
            [
                (_("Model"), f"{card['model']} {card['version']}, {card['provider']}"),
                (_("Description"), card["description"]),
                (_("Licence"), card["licence"]),
                (_("Evaluation"), card["evaluation"] or not_said),
                (_("Known limits"), card["known_limits"] or not_said),
                (_("Replication audit"), audit_in_words(card["replication_audit"])),
                (_("Bias report"), bias_in_words(card["bias_report"])),
            ],
        ),
        (
            _("Training data"),
            [(_("Origin"), card["data_origin"] or not_said), *_training_set_rows(card["training_set"])],
        ),
        (
            _("Use restrictions of %(day)s") % {"day": restrictions["dated_on"]},
            [(clause["id"], clause["text"]) for clause in restrictions["clauses"]],
        ),
    ]


def audit_in_words(audit: Document | None) -> str:
    """What an audit found, in a sentence or two."""
    if audit is None:
        return _("None was made yet.")
    return _(
        "Of %(generations)s generations compared with %(training_set)s at %(time)s, %(near)s held a near copy and "
        "%(possible)s a possible copy of a training image. Method %(method)s; report %(report)s."
    ) % {
        "generations": audit["generations"],
        "training_set": audit["training_set"],
        "time": instant_in_words(audit["audited_at"]),
        "near": audit["near_copies"],
        "possible": audit["possible_copies"],
        "method": audit["method"],
        "report": audit["report_sha256"],
    }


def _training_set_rows(training_set: Document | None) -> list[tuple[str, str]]:
    if training_set is None:
        return [(_("Training set"), _("None yet."))]
    frozen_at = training_set["frozen_at"]
    until = _("frozen at %(time)s") % {"time": instant_in_words(frozen_at)} if frozen_at else _("not frozen yet")
    images = _("%(images)s of %(contributors)s contributors who agreed to training") % training_set
    return [
        (_("Training set"), f"{training_set['name']} {training_set['version']}, {until}"),
        (_("Images"), images),
        *(
            (
                _("Weighted group"),
                _("%(images)s images with the keyword “%(keyword)s” count %(factor)s times in training")
                % {
                    "images": group["images"],
                    "keyword": group["keyword"],
                    "factor": f"{Decimal(group['weight_ppm']) / ONCE_PPM:f}",
                },
            )
            for group in training_set["weights"]
        ),
    ]


def bias_in_words(report: Document | None) -> str:
    """What a bias report found, and the hash of the report."""
    if report is None:
        return _("None was made yet.")
    summary = "; ".join(_figure(name, value) for name, value in report["summary"].items())
    return f"{report['reported_on']}: {summary}"


def _figure(name: str, value: object) -> str:
    """A line of the summary: whole ppm as percent, and all else as it is."""
    if name.endswith(PPM) and isinstance(value, int):
        return f"{name.removesuffix(PPM)}: {rate(value / ONCE_PPM)}"
    return f"{name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
