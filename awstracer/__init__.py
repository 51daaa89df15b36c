"""awstracer: record `aws` commands, and play them again in another place.

`awstrace-rec` runs `aws` lines and writes down every API call that they make; `awstrace-play` runs them again. Between
the two lies one question: which value of a later request came from which earlier response? Follow `vpc-0a1b`, the
identifier that EC2 returned for `aws ec2 create-vpc`, and that `aws ec2 create-subnet --vpc-id vpc-0a1b` sends:

1. Capture. `aws/capture` copies each request and response into a `Call`. `secrets/redactor` replaces the secrets in it
   by placeholders. The `Command` goes to the journal at once, and at the end of the recording to the trace file
   (`trace/journal`, `trace/store`).
2. Derive. `relations/deriver` finds, from the trace alone, that `VpcId` of command 2's request is the value of
   `Vpc.VpcId` in command 1's response: a `Relation` with a source, a target and its evidence.
3. Plan. `plan/planner` compiles the recorded request into a template: the same tree of values, with
   `Reference(command 1, Vpc.VpcId)` in the place of `vpc-0a1b`. Overrides (`-p`) and secrets get leaves of their own. A
   plan is data; nothing is sent.
4. Resolve. `plan/resolver` walks the template of a step and returns the request, each value with its provenance. A dry
   run resolves with the recorded `vpc-0a1b`, a replay with `vpc-7f3c`, which EC2 has returned now.
5. Play. `play/player` sends each request through awscli (`aws/driver`), tries again what is not visible yet, and stops
   at the first failure.
6. Show. `commandline/formatter` writes the request as a command line, `aws ec2 create-subnet --vpc-id vpc-7f3c`, and
   `cli/` prints it, with the derived value in colour.

A package imports only those below it: `cli`; `play` and `record`; `plan`; `relations` and `secrets`; `aws`;
`commandline`; `trace`.
"""

__version__ = "2.0.0"
