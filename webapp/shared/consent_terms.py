"""What a consent to keep films allows, where it is filed and when it ends: the part of the page that asks for it."""

from collections.abc import Mapping
from typing import Any, Final

import gradio as gr

from core.ledger import Consent

#: Of the box that is ticked by those who may keep films.
CONSENT: Final = "I may keep these films: their pictures are stored here, to be read and to train the model."
_SCOPES: Final = [("To be read again", "read"), ("And to train the model", "train"), ("And to be shared", "share")]
_SCOPE_INFO: Final = "Pictures go to the hub only where they may be shared."


class ConsentTerms:
    """The three inputs, folded. inputs: whose values `of` is given among others."""

    def __init__(self, name: str):
        """Lays them out. name: the beginning of their elements' ids."""
        with gr.Accordion("The consent", open=False, elem_id=f"{name}-terms"):
            self._scope = gr.Radio(
                _SCOPES, value="train", label="What it allows", elem_id=f"{name}-scope", info=_SCOPE_INFO
            )
            self._reference = gr.Textbox(
                "",  # what is folded has no value otherwise
                label="Where it is filed (a form's number; no names)",
                max_lines=1,
                elem_id=f"{name}-reference",
            )
            self._ends: Any = gr.DateTime(
                None, label="When it ends, if it does", include_time=False, type="datetime", elem_id=f"{name}-ends"
            )
        self.inputs: Final = frozenset([self._scope, self._reference, self._ends])

    def of(self, values: Mapping[Any, Any]) -> Consent:
        """The consent that stands on the page. values: by component."""
        return Consent(values[self._scope], values[self._reference].strip(), values[self._ends])
