"""What a finding means, in a sentence for whoever asked."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from marketplace.core.prompts import EntryKind, Finding, HarmClass, PromptState

REASONS: dict[str, Promise] = {
    EntryKind.STYLE: _("%(term)s does not want pictures made in their style, and we keep to that."),
    EntryKind.TRADE_MARK: _("%(term)s is a trade mark: you may need its owner's permission to use the picture."),
    EntryKind.PERSON: _("%(term)s is a real person: a reviewer looks whether the picture would do them wrong."),
    EntryKind.POLICY: _("%(term)s is not generated here: our policy excludes it."),
    HarmClass.MINORS: _("It may ask for sexual content that involves minors."),
    HarmClass.SEXUAL: _("It asks for sexual content, which is not generated here."),
    HarmClass.VIOLENCE: _("It may ask for graphic violence: a reviewer looks at what it is for."),
    HarmClass.HATE: _("It may ask for hate against people: a reviewer looks at what it is for."),
    HarmClass.SELF_HARM: _("It may show or encourage self-harm: a reviewer looks at what it is for."),
    HarmClass.WEAPONS: _("It asks for instructions for making weapons, which are not generated here."),
    HarmClass.IMPERSONATION: _("It may ask for something that deceives people about who or what it shows."),
}
WHAT_NEXT: dict[PromptState, Promise] = {
    PromptState.ALLOWED: _("Nothing stands in the way of generating it."),
    PromptState.WARNED: _("It can be generated. Read the warning: what you may do with the picture is yours to clear."),
    PromptState.WAITING: _("A reviewer decides whether it can be generated. You read here how, and why."),
    PromptState.REFUSED: _("It is not generated. If you think that we misread it, contest it: a reviewer looks at it."),
    PromptState.CONTESTED: _("A reviewer who has not decided on it before decides. You read here how, and why."),
    PromptState.CLEARED: _("It can be generated, as long as no other term or class is found in it."),
    PromptState.REFUSED_FOR_GOOD: _("A reviewer who was new to it refused it too. That is final."),
}


def reason_of(finding: Finding) -> str:
    """The sentence; `term` is the register's."""
    return str(REASONS[finding.about]) % {"term": finding.term}
