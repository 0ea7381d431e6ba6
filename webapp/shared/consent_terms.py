"""What a consent to keep films allows, where it is filed and when it ends: the part of the page that asks for it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import gradio as gr

from core.ledger import Consent, Scope, consent_given

#: What somebody who brings in many films ticks. Other words here, or on the Annotate tab, make another version of the terms:
#: see core.ledger.records.TERMS.
CONSENT: Final = "I may keep these films: their pictures are stored here, to be read and to train the model."
_SCOPES: Final = [("To be read again", "read"), ("And to train the model", "train"), ("And to be shared", "share")]
_SCOPE_INFO: Final = "Pictures go to the hub only where they may be shared."
#: What the inputs hold before anything is said.
_NO_TERMS_YET: Final[tuple[Scope, str, None]] = ("train", "", None)


class ConsentTerms:
    """The three inputs, folded away. inputs: those of the scope, the reference and the end, in this order."""

    def __init__(self, name: str):
        """Lays them out. name: the beginning of their elements' ids."""
        with gr.Accordion("The consent", open=False, elem_id=f"{name}-terms"):
            self._scope = gr.Radio(
                _SCOPES, value=_NO_TERMS_YET[0], label="What it allows", elem_id=f"{name}-scope", info=_SCOPE_INFO
            )
            self._reference = gr.Textbox(
                "",  # otherwise it has no value while folded away
                label="Where it is filed (a form's number; no names)",
                max_lines=1,
                elem_id=f"{name}-reference",
            )
            self._ends: Any = gr.DateTime(
                None, label="When it ends, if it does", include_time=False, type="datetime", elem_id=f"{name}-ends"
            )
        self.inputs: Final = (self._scope, self._reference, self._ends)

    def unsaid(self) -> dict[gr.components.Component, Any]:
        """The inputs as before anything is said."""
        return dict(zip(self.inputs, _NO_TERMS_YET, strict=True))

    def of(self, values: Mapping[Any, Any]) -> Consent:
        """The consent that stands on the page. values: by component."""
        return consent_of(*(values[one] for one in self.inputs))


def consent_of(scope: Scope, reference: str, ends: datetime | None) -> Consent:
    """The inputs' values as a consent. Raises core.errors.BoneGradeError where it cannot be one."""
    return consent_given(scope, reference, ends)
