"""The prompts: one Markdown file each, with a version, variables and example values for previews."""
