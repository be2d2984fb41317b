"""Measures how well messages are read and answered, on labelled files, through the code that serves patients."""
