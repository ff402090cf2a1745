"""What is recorded of a generator model over time: audits, cards as they were shown, and its changes of state."""

from django.db import models

from marketplace.core.model_states import ModelState
from marketplace.models.catalogue import SHA256_HEX_LENGTH
from marketplace.models.people import User
from marketplace.triggers import append_only

MODEL_STATES = [(state.value, state.value) for state in ModelState]


class ModelAudit(models.Model):
    """What a replication audit found of a model that was trained on one set, as of one day; the newest one counts."""

    generator_model = models.ForeignKey("GeneratorModel", on_delete=models.PROTECT, related_name="audits")
    training_set = models.ForeignKey("TrainingSet", on_delete=models.PROTECT, related_name="+")
    generations = models.PositiveIntegerField(help_text="So many of its generations were compared with the set.")
    near_copies = models.PositiveIntegerField()
    possible_copies = models.PositiveIntegerField()
    method = models.CharField(max_length=200)
    report_sha256 = models.CharField(max_length=SHA256_HEX_LENGTH)
    audited_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(
                    generations__gte=models.F("near_copies") + models.F("possible_copies"), generations__gt=0
                ),
                name="audit_counts_its_generations",
            ),
        )
        triggers = append_only()

    def __str__(self) -> str:
        return f"audit of generator model {self.generator_model_id} at {self.audited_at:%Y-%m-%d}"


class ModelCard(models.Model):
    """A generator model's card as it was at some time: one row for each wording, kept as the text that is hashed."""

    generator_model = models.ForeignKey("GeneratorModel", on_delete=models.PROTECT, related_name="cards")
    sha256 = models.CharField(max_length=SHA256_HEX_LENGTH, unique=True)
    text = models.TextField(help_text="Canonical JSON.")
    made_at = models.DateTimeField()

    class Meta:
        triggers = append_only()

    def __str__(self) -> str:
        return f"card {self.sha256[:12]}"


class ModelStateChange(models.Model):
    """That a generator model came into a state, when, and by whom: by nobody where an audit or a change did it."""

    generator_model = models.ForeignKey("GeneratorModel", on_delete=models.PROTECT, related_name="state_changes")
    state = models.CharField(max_length=10, choices=MODEL_STATES)
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(state__in=[state.value for state in ModelState]), name="model_state_change_known"
            ),
        )
        triggers = append_only()

    def __str__(self) -> str:
        return f"generator model {self.generator_model_id}: {self.state}"
