"""What a consent to keep films allows, where it is filed and when it ends: the part of the page that asks for it."""

from datetime import datetime
from typing import Any, Final

import gradio as gr

from core.ledger import Consent, Scope

_SCOPES: Final = [("To be read again", "read"), ("And to train the model", "train"), ("And to be shared", "share")]
_SCOPE_INFO: Final = "Pictures go to the hub only where they may be shared."
#: What somebody ticks who brings in many films. Other words here, or on the Annotate tab, are another version of the terms:
#: see core.ledger.records.TERMS.
CONSENT: Final = "I may keep these films: their pictures are stored here, to be read and to train the model."
#: What the inputs hold before anything is said.
NO_TERMS_YET: Final[tuple[Scope, str, None]] = ("train", "", None)


def build_consent_terms(name: str) -> list[gr.components.Component]:
    """Lays out the three inputs for `consent_terms`, folded. name: the beginning of their elements' ids."""
    with gr.Accordion("The consent", open=False, elem_id=f"{name}-terms"):
        scope = gr.Radio(
            _SCOPES, value=NO_TERMS_YET[0], label="What it allows", elem_id=f"{name}-scope", info=_SCOPE_INFO
        )
        reference = gr.Textbox(
            "",  # what is folded has no value otherwise
            label="Where it is filed (a form's number; no names)",
            max_lines=1,
            elem_id=f"{name}-reference",
        )
        ends: Any = gr.DateTime(
            None, label="When it ends, if it does", include_time=False, type="datetime", elem_id=f"{name}-ends"
        )
    return [scope, reference, ends]


def consent_terms(scope: Scope, reference: str, ends: datetime | None) -> Consent:
    """The inputs' values as a consent."""
    return Consent(scope, reference.strip(), ends)
