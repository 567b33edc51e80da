#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes what g++ says of each wrong program into README.md, wrapped; the words around it stay.

Run from anywhere after a message has changed. A new program needs its `## name.cpp` with a sentence first.
"""
import os
import pathlib
import re
import subprocess
import textwrap

here = pathlib.Path(__file__).parent
include = here.parent.parent / "include"


def message_of(program):
    """The error and its note as g++ prints them, paths as users include them."""
    second = program.read_text().split("\n")[1]
    flags = second.removeprefix("// flags: ").split() if second.startswith("// flags: ") else []
    command = ["g++", "-std=c++20", "-fsyntax-only", "-fno-diagnostics-color", f"-I{include}"]
    result = subprocess.run(
        [*command, *flags, program], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C.UTF-8"}
    )
    said = [
        line.removeprefix(f"{include}/")
        for line in result.stderr.split("\n")
        if ": error:" in line or (": note:" in line and "evaluates to false" in line)
    ]
    assert said, f"g++ says nothing of {program.name}"
    wrapped = [textwrap.wrap(s, 106, subsequent_indent="    ", break_on_hyphens=False) for s in said]
    return "\n".join(line for lines in wrapped for line in lines)


readme = here / "README.md"
head, *entries = re.split(r"(?m)^## ", readme.read_text())
for i, entry in enumerate(entries):
    name = entry.split("\n", 1)[0]
    text = f"```text\n{message_of(here / name)}\n```"
    entries[i] = re.sub(r"```text\n.*?```", lambda _: text, entry, flags=re.S)
readme.write_text(head + "".join("## " + entry for entry in entries))
