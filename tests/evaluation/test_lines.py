"""A file is read to its end or refused with the line that is wrong."""

from pathlib import Path

import pytest

from app.errors import InvalidInputError
from app.evaluation.lines import Dialogue, LabelledMessage, MessageLine, QuestionLine, read_lines
from app.models.enums import ChannelType

GOOD = b'{"id": "a", "channel": "sms", "text": "hi"}'


def file_of(folder: Path, content: bytes) -> Path:
    file = folder / "lines.jsonl"
    file.write_bytes(content)
    return file


def test_lines_are_read_in_order_and_empty_ones_passed_over(tmp_path: Path) -> None:
    other = '{"id": "b", "channel": "email", "text": "grüß\\u200b Gott", "prev_outgoing": "Hi?", "more": [1]}'.encode()
    file = file_of(tmp_path, b"\xef\xbb\xbf" + GOOD + b"\r\n\n   \n" + other)
    first, second = read_lines(file, MessageLine)
    assert (first.id, first.channel, first.text, first.prev_outgoing) == ("a", ChannelType.SMS, "hi", None)
    assert (second.text, second.prev_outgoing) == ("grüß\u200b Gott", "Hi?")


def test_separators_inside_a_text_do_not_end_a_line(tmp_path: Path) -> None:
    file = file_of(tmp_path, '{"id": "a", "channel": "sms", "text": "one\u2028two\u0085three"}'.encode())
    [line] = read_lines(file, MessageLine)
    assert line.text == "one\u2028two\u0085three"


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    assert read_lines(file_of(tmp_path, b"\n\n"), MessageLine) == []


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (b"{", "not JSON"),
        (b"not json", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b"\xff\xfe", "not UTF-8"),
        (b'{"channel": "sms", "text": "hi"}', "id: Field required"),
        (b'{"id": "", "channel": "sms", "text": "hi"}', "id: String should have at least 1"),
        (b'{"id": 7, "channel": "sms", "text": "hi"}', "id: Input should be a valid string"),
        (b'{"id": "b", "channel": "fax", "text": "hi"}', "channel: "),
        (b'{"id": "b", "channel": "sms"}', "text: Field required"),
        (b'{"id": "b", "channel": "sms", "text": null}', "text: "),
        (b'{"id": "b", "channel": "sms", "text": 5}', "text: "),
        (b'{"id": "b", "channel": "sms", "text": "\\ud800"}', "text: "),
        (b'{"id": "b", "channel": "sms", "text": "hi", "prev_outgoing": ["x"]}', "prev_outgoing: "),
        (GOOD, 'the id "a" stands on line 1 already'),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, bad: bytes, words: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read_lines(file_of(tmp_path, GOOD + b"\n\n" + bad + b"\n"), MessageLine)
    assert "line 3" in refused.value.detail
    assert words in refused.value.detail


def test_a_refusal_does_not_repeat_what_a_patient_wrote(tmp_path: Path) -> None:
    bad = b'{"id": "b", "channel": "my secret illness", "text": ["my secret illness"]}'
    with pytest.raises(InvalidInputError) as refused:
        read_lines(file_of(tmp_path, bad), MessageLine)
    assert "secret" not in refused.value.detail


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    for file in (tmp_path / "none.jsonl", tmp_path):
        with pytest.raises(InvalidInputError, match=str(file)):
            read_lines(file, QuestionLine)


def test_labels_must_be_labels(tmp_path: Path) -> None:
    bad = b'{"id": "a", "channel": "sms", "text": "hi", "intent": "BUY", "intents": [], "handoff": "yes"}'
    with pytest.raises(InvalidInputError) as refused:
        read_lines(file_of(tmp_path, bad), LabelledMessage)
    for field in ("intent: ", "intents: ", "handoff: "):
        assert field in refused.value.detail


def test_a_step_must_be_known(tmp_path: Path) -> None:
    end = b'"expected": {"status": "RE_ENGAGED", "sent": [], "opted_out": false, "handoff": false}'
    bad = b'{"id": "a", "channel": "sms", "campaign": "RECALL", "steps": [{"patient": []}, {"waits": 3}], ' + end + b"}"
    with pytest.raises(InvalidInputError, match="line 1"):
        read_lines(file_of(tmp_path, bad), Dialogue)
