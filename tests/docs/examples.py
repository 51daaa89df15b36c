"""Run the examples of a document, and compare what they print with what the document says.

A fenced block with a line that begins with `$ ` is an example. All examples of a document run in one session:

    $ aws ec2 create-vpc --cidr-block 10.0.0.0/16 --query Vpc.VpcId
    "vpc-0a1b2c"

- bash runs each `$ ` line at a terminal of its own. The folder and the exported variables last until the document ends.
  A line that ends in a backslash continues in the next one.
- `$ cat FILE` creates FILE with the content that is shown, if there is no such file yet.
- Lines such as `(rec) aws ...` or `... [y/N]: y` are typed when the program shows their prompt; `^D` is Ctrl-D.
- `...` stands for any text; alone in a line, for any lines.
- A generated value (`SORTS`) may be another one than the document's, but it is the same one everywhere: after the
  example above, `vpc-0a1b2c` is the real identifier in all later examples, in what is typed too.
- `<!-- not run: REASON -->` in front of a block leaves it out.

`python -m tests.docs.examples docs/cookbook.md` prints the examples of a document with what they print now.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pexpect

from tests import programs

PATIENCE = 180  # seconds: the machine may be busy
SIZE = (50, 400)  # rows and columns: no line of a document is wrapped
BLOCK = re.compile(r"(?P<comment><!-- not run: [^\n]+ -->\n+)?^```\w*\n(?P<text>.*?)^```$", re.M | re.S)
TYPED = re.compile(r"^(\(rec\) |> |.*\[y/N\]: |.*\[a\]ll: )(.*)$")
ESCAPE_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
END_OF_INPUT = "^D"
STATE = ".example-state"  # what the shell of one line leaves to that of the next one

PREFIXES = ("vpc", "subnet", "sg", "sgr", "rtb", "igw", "i", "eni", "vol")
KEY_PREFIXES = ("AKIA", "AIDA", "AROA", "ASIA", "ANPA")
# What services and scripts generate: identifiers, placeholders, UUIDs, seconds since 1970.
SORTS = (
    *(rf"{prefix}-[0-9a-f]{{6,17}}" for prefix in PREFIXES),
    *(rf"{prefix}[A-Z0-9]{{4,17}}" for prefix in KEY_PREFIXES),
    r"<SECRET-[0-9A-F]+>",
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    r"1[0-9]{9}",
)
GENERATED = re.compile(rf"(?<!\w)(?:{'|'.join(SORTS)})(?!\w)")


@dataclass(frozen=True)
class Example:
    """A line that is run, and what it prints; `line` is the number of the line in the document."""

    line: int
    command: str
    output: str


def examples(document: str) -> Iterator[Example]:
    """Yield the examples of a document that are to be run."""
    for block in BLOCK.finditer(document):
        if block["comment"] or not re.search(r"^\$ ", block["text"], re.M):
            continue
        first = document.count("\n", 0, block.start("text")) + 1
        lines = block["text"].splitlines()
        starts = [at for at, line in enumerate(lines) if line.startswith("$ ")]
        assert starts[0] == 0, f"line {first}: the example does not begin with a command"
        for at, end in zip(starts, [*starts[1:], len(lines)], strict=True):
            output = at + 1
            while lines[output - 1].endswith("\\"):
                output += 1
            yield Example(first + at, "\n".join(lines[at:output])[2:], "\n".join(lines[output:end]))


@dataclass
class Runner:
    """Runs examples one after the other in a folder; `values` are the generated values by the document's ones."""

    folder: Path
    environment: Mapping[str, str]
    values: dict[str, str] = field(default_factory=dict)
    code: int = 0

    def run(self, example: Example) -> str:
        """Run an example; return what it printed, with what was typed."""
        words = example.command.split()
        if words[:1] == ["cat"] and len(words) == 2 and not (self.folder / words[1]).exists():
            path = self.folder / words[1]
            path.write_text(example.output + "\n", encoding="utf-8")
            path.chmod(0o755 if example.output.startswith("#!") else 0o644)
        child = pexpect.spawn(
            "bash",
            ["-c", self._script(self._with_values(example.command))],
            cwd=str(self.folder),
            env=dict(self.environment),
            encoding="utf-8",
            dimensions=SIZE,
            timeout=PATIENCE,
        )
        child.delaybeforesend = None  # everything is typed only when it is asked for
        try:
            return self._talk(child, example)
        finally:
            child.close(force=True)
            self.code = child.exitstatus or 0

    def _script(self, command: str) -> str:
        state = shlex.quote(str(self.folder / STATE))
        before = f"[ -e {state} ] && . {state}; (exit {self.code})"
        return f'{before}\n{command}\ncode=$?; {{ export -p; echo "cd $PWD"; }} > {state}; exit $code'

    def _talk(self, child: pexpect.spawn[str], example: Example) -> str:
        shown = ""
        for line in example.output.splitlines():
            typed = TYPED.match(line)
            if typed is None:
                continue
            prompt, answer = map(self._with_values, typed.groups())
            child.expect_exact(prompt)
            shown += str(child.before) + prompt
            if answer == END_OF_INPUT:
                child.sendeof()
            else:
                child.sendline(answer)
        child.expect(pexpect.EOF)
        text = ESCAPE_SEQUENCE.sub("", shown + str(child.before)).replace("\r", "").replace(END_OF_INPUT + "\b\b", "")
        return "\n".join(line.rstrip() for line in text.splitlines())

    def _with_values(self, text: str) -> str:
        return GENERATED.sub(lambda match: self.values.get(match[0], match[0]), text)

    def matches(self, example: Example, printed: str) -> bool:
        """Return whether an example printed what the document says; if so, take the values that it generated."""
        names: dict[str, str] = {}
        pattern = "".join(self._line_pattern(line, names) for line in example.output.splitlines())
        found = re.fullmatch(pattern, printed + "\n" if printed else "")
        if found is not None:
            self.values.update({token: found[name] for token, name in names.items()})
        return found is not None

    def _line_pattern(self, line: str, names: dict[str, str]) -> str:
        """Return the pattern of a document's line; `names` are the groups of values that are new in the example."""
        if line.strip() == "...":
            return r"(?:.*\n)*?"
        line = line.replace(END_OF_INPUT, "").rstrip()
        pieces, end = [], 0
        for token in GENERATED.finditer(line):
            pieces += [_text_pattern(line[end : token.start()]), self._value_pattern(token[0], names)]
            end = token.end()
        return "".join(pieces) + _text_pattern(line[end:]) + r"\n"

    def _value_pattern(self, token: str, names: dict[str, str]) -> str:
        if token in self.values:
            return re.escape(self.values[token])
        if token in names:
            return f"(?P={names[token]})"
        names[token] = f"value{len(names)}"
        sort = next(sort for sort in SORTS if re.fullmatch(sort, token))
        return f"(?P<{names[token]}>{sort})"


def _text_pattern(text: str) -> str:
    return ".*?".join(map(re.escape, text.split("...")))


def main(path: str) -> None:
    """Print the examples of the document at `path` with what they print now."""
    with programs.moto() as server, TemporaryDirectory() as home:
        runner = Runner(Path(home), environment(Path(home), server))
        for example in examples(Path(path).read_text(encoding="utf-8")):
            printed = runner.run(example)
            verdict = "" if runner.matches(example, printed) else f"   # line {example.line} differs"
            print(f"$ {example.command}{verdict}\n{printed}")


def environment(home: Path, server: str) -> dict[str, str]:
    """Return the environment of a person whose `aws` reaches a simulated cloud, with a home of its own."""
    (home / ".aws").mkdir()
    (home / ".inputrc").write_text("set enable-bracketed-paste off\n", encoding="utf-8")
    return {
        "PATH": f"{programs.BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "NO_COLOR": "1",
        "AWS_ENDPOINT_URL": server,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


if __name__ == "__main__":
    main(sys.argv[1])
