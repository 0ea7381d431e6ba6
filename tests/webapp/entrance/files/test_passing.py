"""Files that are sent come with their senders' names, also in a session for which gradio has built the component anew."""

from pathlib import Path

from gradio.data_classes import FileData, ListFiles

from core.intake import SentFile
from webapp.entrance.files import passing


def test_files_have_the_names_that_they_came_under_however_often_the_component_is_built() -> None:
    first = passing.sent_files(label="Films", file_count="multiple")
    again = type(first)(**first.constructor_args)
    sent = FileData(path="/in/upload", orig_name="a/Zoë (1).dcm")
    for component in (first, again):
        assert component.preprocess(None) == []
        assert component.preprocess(sent) == [SentFile(Path("/in/upload"), "Zoë (1).dcm")]
        assert component.preprocess(ListFiles([sent, sent])) == [SentFile(Path("/in/upload"), "Zoë (1).dcm")] * 2
        assert (component.get_block_name(), component.file_count) == ("file", "multiple")
    assert not Path(passing.__file__).with_suffix(".pyi").exists()
