"""Prompts are files with variables: complete, versioned, previewable, and every patient's word fenced in."""

import re
from importlib.resources import files as package_files

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.domain.prompt_marks import mark_of, shows_mark
from app.llm.prompts import files
from app.llm.prompts.files import PromptError

every_prompt = pytest.mark.parametrize("name", files.NAMES)
WRITTEN_OUTSIDE = {"text", "previous_outgoing", "question", "articles", "initial_inquiry", "first_name", "conversation"}


def chairside(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["prompt", *arguments])
    return result.exit_code, " ".join(result.output.split())


class TestFiles:
    def test_every_file_is_a_prompt(self) -> None:
        found = {entry.name.removesuffix(".md") for entry in package_files("app.llm.prompts").iterdir()}
        assert {name for name in found if not name.endswith(".py") and name != "__pycache__"} == set(files.NAMES)

    @every_prompt
    def test_has_a_version_a_purpose_and_an_example_for_each_variable(self, name: str) -> None:
        prompt = files.load(name)
        used = set(re.findall(r"\{\{ (\w+) \}\}", prompt.instructions + prompt.input)) - {"mark"}
        assert prompt.version >= 1
        assert prompt.purpose
        assert used == set(prompt.example)

    @every_prompt
    def test_what_was_written_outside_stands_in_a_fence_and_nowhere_else(self, name: str) -> None:
        prompt = files.load(name)
        outside = WRITTEN_OUTSIDE & set(prompt.example)
        assert outside
        secrets = {variable: f"outside-{variable}" for variable in outside}
        shown = files.preview(name, secrets)
        fenced = re.findall(rf"<<<{shown.mark}\n(.*?)\n{shown.mark}>>>", shown.text, re.DOTALL)
        for secret in secrets.values():
            assert secret in fenced
            assert secret not in shown.instructions

    @every_prompt
    def test_a_variable_without_a_value_is_an_error(self, name: str) -> None:
        prompt = files.load(name)
        for variable in prompt.example:
            values = {key: value for key, value in prompt.example.items() if key != variable}
            with pytest.raises(PromptError, match=variable):
                files.render(name, values)

    @every_prompt
    def test_a_patients_template_is_only_text(self, name: str) -> None:
        prompt = files.load(name)
        shown = files.render(name, dict.fromkeys(prompt.example, "{{ mark }}{% raw %}{{ 7 * 7 }}"))
        assert "{{ 7 * 7 }}" in shown.instructions + shown.text

    @every_prompt
    def test_the_mark_is_new_each_time(self, name: str) -> None:
        marks = {files.preview(name, {}).mark for _ in range(20)}
        assert len(marks) == 20


class TestMarks:
    @pytest.mark.parametrize(
        "text",
        ["see chs-mark-0123456789ab", "CHS MARK 0123", "chs_mark_abcd1", "chs--mark: 12ab", "chs-mark-0123\n456"],
    )
    def test_are_known_again_when_they_were_changed(self, text: str) -> None:
        assert shows_mark(text)

    @pytest.mark.parametrize("text", ["", "Mark will see you at 10", "chs", "remarks 0123", "our marks"])
    def test_are_not_seen_where_there_are_none(self, text: str) -> None:
        assert not shows_mark(text)

    def test_a_mark_shows_itself(self) -> None:
        assert shows_mark(mark_of("0123456789ab"))


class TestCommand:
    def test_lists_every_prompt(self) -> None:
        code, output = chairside("list")
        assert code == 0
        assert all(name in output for name in files.NAMES)

    @every_prompt
    def test_shows_what_a_model_would_get(self, name: str) -> None:
        code, output = chairside("show", name, "--var", "clinic_name=Hill Dental")
        assert code == 0
        assert "Hill Dental" in output
        assert "Willow Street Dental, a dental" not in output

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (["show", "poem"], "There is no prompt `poem`."),
            (["show", "answer", "--var", "colour=red"], "has no variable colour"),
            (["show", "answer", "--var", "tone"], "--var takes NAME=VALUE"),
        ],
    )
    def test_what_does_not_exist_is_one_sentence(self, arguments: list[str], sentence: str) -> None:
        code, output = chairside(*arguments)
        assert code == 1
        assert sentence in output
