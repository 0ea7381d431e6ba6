"""The words that a consent is given under go by the version that is kept with it."""

import hashlib

import gradio as gr

from core.ledger.records import TERMS
from webapp.annotate.parts import Parts
from webapp.queue.upload import NO_CONSENT
from webapp.shared.consent_terms import CONSENT

#: SHA-256 of the words of each version. A new version stands beside the ones before it.
WORDS = {
    "2026-11": "bcd8040c68e37523ae695b9101d048474f6a4ad58af96d193160cfe08b09130e",
    "2026-11-28": "1deb34b3ab7fd429c4f7daf94260d6ad0af9db7a03193c1fd7b58c55a63a92c9",
}


def test_other_words_are_another_version_of_the_terms() -> None:
    with gr.Blocks():
        parts = Parts()
    scope, reference, ends = parts.terms.inputs
    assert isinstance(scope, gr.Radio)
    shown = [CONSENT, NO_CONSENT, parts.consent.label, parts.consent.info, scope.label, scope.info]
    shown += [*(words for words, _ in scope.choices), reference.label, ends.label]
    found = hashlib.sha256("\n".join(map(str, shown)).encode()).hexdigest()
    assert found == WORDS[TERMS], "the words were changed: let TERMS be another version, and add it here"
