"""What customers get: generator models and their training sets, generations and paid downloads."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models

from marketplace.core.model_states import ModelState
from marketplace.generators.base import Backend
from marketplace.models.catalogue import SHA256_HEX_LENGTH, Asset
from marketplace.models.generator_models import MODEL_STATES, ModelCard
from marketplace.models.people import Customer, User
from marketplace.models.prompts import PromptCheck
from marketplace.near_hashes import band_indexes
from marketplace.restrictions import current_restrictions, validate_restrictions, validate_summary
from marketplace.triggers import append_only


class TrainingSet(models.Model):
    """The assets that a generator model was trained on; its membership is final once frozen.

    Groups of members, by a keyword that their contributors declared, can weigh more or less in training.
    """

    name = models.CharField(max_length=200)
    version = models.CharField(max_length=40)
    weights_ppm = models.JSONField(default=dict, help_text="By keyword; what weighs once is 1,000,000.")
    created_at = models.DateTimeField()
    frozen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["name", "version"], name="training_set_name_and_version"),)
        triggers = (
            pgtrigger.Protect(
                name="frozen_for_good",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__frozen_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class TrainingSetMember(models.Model):
    """One asset of a training set."""

    # No index of its own: the planner took it in place of that of both columns while a new set's rows were not counted
    # yet, and then read a whole set for each image that the preview looked up.
    training_set = models.ForeignKey(TrainingSet, on_delete=models.PROTECT, related_name="members", db_index=False)
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="memberships")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["training_set", "asset"], name="member_once"),)
        triggers = (
            *append_only(),
            pgtrigger.Trigger(
                name="no_member_after_freeze",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="added"),
                func="""
                IF EXISTS (SELECT FROM marketplace_trainingset AS t JOIN added ON added.training_set_id = t.id
                           WHERE t.frozen_at IS NOT NULL) THEN
                    RAISE EXCEPTION 'A frozen training set takes no more members: make a new version.';
                END IF;
                RETURN NULL;
                """,
            ),
        )


class GeneratorModel(models.Model):
    """A named, versioned image generator with what a customer should know of it, and how it is run.

    `changed_at` is when something changed that changes what it makes: from then on it is a draft, until it is audited.
    """

    name = models.CharField(max_length=200)
    version = models.CharField(max_length=40)
    backend = models.CharField(max_length=20, choices=[(backend.value, backend.value) for backend in Backend])
    parameters = models.JSONField(default=dict, blank=True, help_text="Passed to the backend with each prompt.")
    provider = models.CharField(max_length=200)
    licence = models.CharField(max_length=200)
    use_restrictions = models.JSONField(
        default=current_restrictions, validators=[validate_restrictions], help_text="A dated list of clauses."
    )
    description = models.TextField()
    data_origin = models.TextField(blank=True, help_text="Where the data comes from that it was trained on.")
    evaluation = models.TextField(blank=True, help_text="What was measured of it, how, and what came out.")
    known_limits = models.TextField(blank=True, help_text="What it does badly or should not be used for.")
    bias_report = models.JSONField(
        null=True, blank=True, validators=[validate_summary], help_text="A summary; figures as whole numbers."
    )
    bias_reported_on = models.DateField(null=True, blank=True)
    training_set = models.ForeignKey(TrainingSet, on_delete=models.PROTECT, null=True, blank=True)
    state = models.CharField(max_length=10, choices=MODEL_STATES, default=ModelState.DRAFT.value, editable=False)
    changed_at = models.DateTimeField(editable=False)
    partner = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="generator_models",
        help_text="Who runs it elsewhere and sends its generations through the API; empty where we run it.",
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["name", "version"], name="generator_model_name_and_version"),
            models.CheckConstraint(
                condition=models.Q(state__in=[state.value for state in ModelState]), name="generator_model_state_known"
            ),
            models.CheckConstraint(
                condition=models.Q(bias_report__isnull=True, bias_reported_on__isnull=True)
                | models.Q(bias_report__isnull=False, bias_reported_on__isnull=False),
                name="bias_report_is_dated",
            ),
        )
        triggers = (
            pgtrigger.Protect(
                name="retired_for_good",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__state=ModelState.RETIRED.value),
            ),
            pgtrigger.Trigger(
                name="a_draft_after_each_change",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("name", "version", "backend", "parameters", "training_set"),
                func="""
                IF NEW.state <> 'draft' OR NEW.changed_at <= OLD.changed_at THEN
                    RAISE EXCEPTION 'Generator model % is a draft again when it is changed: audit it again.', NEW.id;
                END IF;
                RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="on_sale_only_when_audited",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                condition=pgtrigger.Q(new__state=ModelState.ON_SALE.value),
                # As marketplace.core.model_states.why_no_current_audit says, but for the age, which is a setting.
                func="""
                IF NOT EXISTS (SELECT FROM marketplace_trainingset AS t JOIN marketplace_modelaudit AS a
                                   ON a.training_set_id = t.id AND a.generator_model_id = NEW.id
                               WHERE t.id = NEW.training_set_id AND a.audited_at >= t.frozen_at
                                   AND a.audited_at >= NEW.changed_at) THEN
                    RAISE EXCEPTION 'Generator model % cannot be on sale: it needs a frozen training set and a '
                        'replication audit of it that is newer than the last change.', NEW.id;
                END IF;
                RETURN NEW;
                """,
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Generation(models.Model):
    """A generated image, with the training set that its model had when it was made."""

    generator_model = models.ForeignKey(GeneratorModel, on_delete=models.PROTECT)
    training_set = models.ForeignKey(TrainingSet, on_delete=models.PROTECT)
    model_card = models.ForeignKey(
        ModelCard,
        on_delete=models.PROTECT,
        null=True,
        related_name="generations",
        help_text="As it was then; none for generations from before models had cards.",
    )
    prompt = models.TextField()
    prompt_check = models.ForeignKey(
        PromptCheck,
        on_delete=models.PROTECT,
        null=True,
        related_name="generations",
        help_text="None for those from before prompts were checked.",
    )
    seed = models.BigIntegerField()
    must_show_no_people = models.BooleanField(default=False, help_text="It is looked for people before its sale.")
    parameters = models.JSONField(help_text="What the backend was given beside the prompt.")
    file = models.FileField(upload_to="generations", max_length=200, help_text="What the customer is handed.")
    preview = models.FileField(upload_to="previews", max_length=200)
    sha256 = models.CharField(max_length=SHA256_HEX_LENGTH, unique=True)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    generated_at = models.DateTimeField()

    class Meta:
        triggers = (
            *append_only(),
            pgtrigger.Trigger(
                name="prompt_allowed",
                level=pgtrigger.Row,
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                # As marketplace.prompts.checking.require_allowed says.
                func="""
                IF (SELECT COALESCE(
                        (SELECT r.decision FROM marketplace_promptreview AS r
                         WHERE r.prompt_check_id = c.id ORDER BY r.id DESC LIMIT 1),
                        CASE WHEN c.outcome IN ('allow', 'warn') THEN 'cleared' END)
                    FROM marketplace_promptcheck AS c
                    WHERE c.id = NEW.prompt_check_id
                      AND c.sha256 = encode(sha256(convert_to(NEW.prompt, 'UTF8')), 'hex')
                   ) IS DISTINCT FROM 'cleared' THEN
                    RAISE EXCEPTION 'A generation needs a check of its very prompt that allows it.';
                END IF;
                RETURN NEW;
                """,
            ),
        )

    def __str__(self) -> str:
        return f"generation {self.pk}"


class GenerationHash(models.Model):
    """The 64-bit pHash of a generation's preview, by which uploads of it are found.

    An index for each of its bands has all that a search asks for, so that none of the table is read.
    """

    generation = models.OneToOneField(Generation, on_delete=models.PROTECT, related_name="perceptual_hash")
    hash = models.BigIntegerField()
    hashed_at = models.DateTimeField()

    class Meta:
        indexes = band_indexes("hash", "generation_hash", "generation")
        triggers = append_only()


class RemixTruth(models.Model):
    """What the sample generator really mixed into a generation. Attribution must never read it."""

    generation = models.OneToOneField(Generation, on_delete=models.PROTECT)
    asset_ids = ArrayField(models.BigIntegerField())
    weights_ppm = ArrayField(models.IntegerField())

    class Meta:
        triggers = append_only()


class Download(models.Model):
    """A customer's paid licence event of a generation."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="downloads")
    generation = models.ForeignKey(Generation, on_delete=models.PROTECT, related_name="downloads")
    gross_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    downloaded_at = models.DateTimeField(db_index=True)
    idempotency_key = models.CharField(max_length=100, unique=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(gross_minor__gt=0), name="download_is_paid"),
            models.UniqueConstraint(fields=["id", "downloaded_at"], name="download_and_its_time"),
        )
        triggers = (
            *append_only(),
            pgtrigger.Trigger(
                name="only_what_is_for_sale",
                level=pgtrigger.Row,
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                # As marketplace.core.release.sale_state says.
                func="""
                IF (SELECT CASE WHEN d.output_check_id = c.id OR d.decision = 'upheld' THEN d.decision
                                WHEN c.outcome = 'blocked' THEN 'held' ELSE 'cleared' END
                    FROM marketplace_outputcheck AS c LEFT JOIN (
                        marketplace_outputdecision AS d JOIN marketplace_outputcheck AS e ON e.id = d.output_check_id
                    ) ON e.generation_id = c.generation_id
                    WHERE c.generation_id = NEW.generation_id
                    ORDER BY c.id DESC, d.id DESC LIMIT 1) IS DISTINCT FROM 'cleared' THEN
                    RAISE EXCEPTION 'Generation % is not for sale: it must be checked for copies, and cleared by a '
                        'reviewer if it is blocked.', NEW.generation_id;
                END IF;
                RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="only_looked_for_people_where_asked",
                level=pgtrigger.Row,
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                IF EXISTS (SELECT FROM marketplace_generation AS g WHERE g.id = NEW.generation_id
                               AND g.must_show_no_people
                               AND NOT EXISTS (SELECT FROM marketplace_peoplecheck AS p WHERE p.generation_id = g.id))
                THEN
                    RAISE EXCEPTION 'Generation % is not for sale: it must show no people, and was not looked at for '
                        'them yet.', NEW.generation_id;
                END IF;
                RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="only_of_models_on_sale",
                level=pgtrigger.Row,
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                IF (SELECT m.state FROM marketplace_generation AS g JOIN marketplace_generatormodel AS m
                        ON m.id = g.generator_model_id
                    WHERE g.id = NEW.generation_id) IS DISTINCT FROM 'on sale' THEN
                    RAISE EXCEPTION 'Generation % is not for sale: its generator model is not on sale.',
                        NEW.generation_id;
                END IF;
                RETURN NEW;
                """,
            ),
        )

    def __str__(self) -> str:
        return f"download {self.pk}"
