"""What a command imports and reads before its first request, done once: `forks` forks from here."""

import datasketch  # noqa: F401 - half of what a run imports
import jinja2  # noqa: F401 - imported by the report
import jsonschema  # noqa: F401 - imported by the first schema
import openai  # noqa: F401 - imported by the first request
import polars  # noqa: F401 - it has no thread pool before its first query
import uvloop  # noqa: F401 - imported by the first loop

import distill.cli.app
import distill.cli.live.panel
import distill.cli.text.run
import distill.cli.verbs.run
import distill.pipeline.run  # noqa: F401 - one line of many of the package
from distill.text import tokens

tokens.count("The vocabulary is read.")
