"""Whether a command that failed may succeed a little later, and how long to wait before it is tried again.

What was just created isn't visible everywhere at once. Three questions decide, and all must be answered with
yes: Was it refused for certain, so that nothing has taken effect? Is it an error that passes by itself (`PASSING`)?
Is it about something that this replay has made: what the message names, or else what the request has of the kind
that the error speaks of, or else anything that the command depends on? Nothing is run or waited for here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from awstracer import identifiers
from awstracer.identifiers import MUCH, PROOF
from awstracer.location import Setting
from awstracer.origins import Source
from awstracer.relations import Relation
from awstracer.steps import Step
from awstracer.trace import Call, Path, leaves, lookup

SHORTEST_DELAY = 1.0

READING = re.compile(
    r"(?:BatchGet|BatchDescribe|Check|Count|Decode|Describe|Detect|Discover|Estimate|Filter|Get|Head|List|Lookup|Poll|"
    r"Preview|Query|Scan|Search|Select|Simulate|Test|Validate|Verify|View)(?![a-z])"
)
ENDING = re.compile(
    r"(?:Batch)?(?:Delete|Deregister|Detach|Disable|Disassociate|Release|Remove|Revoke|Stop|Terminate)(?![a-z])"
)
NO_KIND = re.compile(
    r"^AWS\.\w+\.|Invalid|Incorrect|Malformed|Unknown|NoSuch|NonExistent|DoesNotExist|NotFound|InProgress|InUse|"
    r"Resource|Entity|State|Exception|Fault|Error|[^A-Za-z]"
)

ANYTHING = re.compile("")
REFUSED_VALUE = r"Invalid(?:Parameter|Argument|Input|Request)\w*|BadRequestException|ClientException|Validation\w+"


@dataclass(frozen=True)
class Passing:
    """A sort of error that passes by itself.

    reason     in words, for the person who waits
    code       what the whole code is like
    message    what the message has in it
    operation  how the operation's name begins
    about      the kinds of thing that it is about; None for the kind that its code names
    is_named   whether the message itself has to name what this replay has made: the code alone says too little
    """

    reason: str
    code: re.Pattern[str]
    message: re.Pattern[str] = ANYTHING
    operation: re.Pattern[str] = ANYTHING
    about: re.Pattern[str] | None = None
    is_named: bool = False

    def fits(self, call: Call) -> bool:
        """Whether a call's error is of this sort."""
        return (
            call.error is not None
            and self.code.fullmatch(call.error.code) is not None
            and self.message.search(call.error.message) is not None
            and self.operation.match(call.operation) is not None
        )


PASSING = (
    # "Changes that I make are not always immediately visible" (IAM's guide, troubleshooting). Most services find out
    # when they try to assume the role, and say so in words of their own under a general code: Lambda, Firehose, Glue,
    # CodeBuild, CodeDeploy, Bedrock, Cognito, ECS ("Unable to assume role and validate ...", hashicorp/terraform#4375).
    Passing(
        "the role can't be assumed yet",
        re.compile(REFUSED_VALUE + r"|\w*TrustRelationshipException|\w*RoleException"),
        re.compile(
            r"(?i)cannot be assumed|(?:unable to|cannot|can't|could not|required to) assume|"
            r"not authorized to perform:? (?:sts:)?AssumeRole|trust relationship"
        ),
        about=re.compile("role"),
    ),
    # The services' own words, not those of a person's missing permission: Step Functions, and Glue.
    Passing(
        "the role can't be assumed yet",
        re.compile(r"AccessDeniedException"),
        re.compile(r"authorized to assume the provided role|[Ss]ervice is unable to assume"),
        about=re.compile("role"),
    ),
    # Lambda, which tries out what the role of a function may do (VPCs, streams, queues).
    Passing(
        "the role's permissions are not in force yet",
        re.compile(REFUSED_VALUE),
        re.compile(r"execution role does not have permissions|ensure the role can perform"),
        about=re.compile("role"),
    ),
    # EC2's guide, "IAM roles for Amazon EC2"; Auto Scaling and EMR spell it differently.
    Passing(
        "the instance profile is not visible yet",
        re.compile(REFUSED_VALUE),
        re.compile(r"(?i)invalid (?:iam ?)?instance ?profile"),
        about=re.compile("instanceprofile|jobflowrole"),
    ),
    # A policy that speaks of a user or a role made just before: S3, SNS, SQS, KMS.
    Passing(
        "a principal in the policy is not visible yet",
        re.compile(REFUSED_VALUE + r"|MalformedPolicy\w*|InvalidAttributeValue"),
        re.compile(r"(?i)invalid principals?|PrincipalNotFound|invalid value for the parameter policy"),
        about=re.compile("policy|attribute"),
    ),
    # S3's notifications, CloudWatch Logs' subscriptions and Auto Scaling's hooks send a test message first.
    Passing(
        "the destination can't be reached yet",
        re.compile(REFUSED_VALUE),
        re.compile(r"validate the following destination|(?:deliver|publish) test (?:message|notification)"),
    ),
    # EC2's guide, "Eventual consistency", and its like elsewhere. S3 has no code for an answer without a body.
    Passing(
        "what it names is not visible everywhere yet",
        re.compile(r"[\w.]*NotFound(?:Exception|Fault|Error)?|NoSuch\w+|[\w.]*(?:DoesNotExist|NonExistent)\w*"),
    ),
    Passing("what it names is not visible everywhere yet", re.compile("404"), operation=re.compile("HeadBucket")),
    # Codes for whatever is wrong with a value (CloudFormation, Auto Scaling, Lambda): what's missing must be named.
    Passing(
        "what it names is not visible everywhere yet",
        re.compile(r"Invalid(?:Parameter|Argument|Input|Request)\w*|ValidationError"),
        re.compile(r"(?i)(?:does not|doesn't|do not) exist|(?:not|cannot be|could not be) found"),
        is_named=True,
    ),
    # DynamoDB, Kinesis and others have one code for what exists already, for good, and for what is being changed.
    Passing(
        "an earlier change is still in progress",
        re.compile(r"[\w.]*InProgress\w*|ResourceInUse\w*|Concurrent\w*|OperationAborted|PriorRequestNotComplete"),
        re.compile(r"(?is)\A(?!.*already exist)"),
    ),
    Passing(
        "an earlier change is still in progress",
        re.compile(r"\w*Conflict\w*"),
        re.compile(r"(?i)in progress|concurrent|conflicting|state: pending"),
    ),
    # Most things can't be used before they are whole; whoever recorded the trace had looked and waited.
    Passing(
        "what it names is not ready yet",
        re.compile(r"Incorrect\w*State|Invalid\w*State(?:Fault|Exception)?|\w*NotReady\w*|InvalidInstanceID"),
        re.compile(
            r"(?i)pending|creating|provisioning|initiali[sz]ing|modifying|updating|\bnot\b.*\b(?:available|ready|active)"
        ),
    ),
    # What used it takes a while to go: hashicorp/terraform#2532, kubernetes#21147; IAM's DeleteConflict likewise.
    Passing(
        "something that is going still uses it",
        re.compile(r"DependencyViolation|[\w.]*InUse\w*|DeleteConflict\w*"),
        operation=ENDING,
    ),
)


@dataclass(frozen=True)
class Replay:
    """What a replay has done so far: the steps of its plan, and the calls of those that succeeded, by number."""

    steps: Sequence[Step]
    done: Mapping[int, Sequence[Call]]

    @cached_property
    def names(self) -> frozenset[str]:
        """What the things that it has made are called: the names that they were given, and identifiers they got."""
        return frozenset(name for calls in self.done.values() for call in calls for name in names_made(call))

    def holds_ours(self, text: str) -> bool:
        """Whether a string is, or has in it, what something of its making is called."""
        return text in self.names or any(_stands_in(text, name) for name in self._telling)

    def uses_ours(self, step: Step, call: Call, paths: Sequence[Path] | None = None) -> bool:
        """Whether a step's call depends on something of its making; with `paths`, whether what is there does."""
        texts = [text for path, text in _strings(call.request) if paths is None or path in paths]
        if any(self.holds_ours(text) for text in texts):
            return True
        return any(self._is_ours(relation) for relation in self._led_by(step, paths))

    @cached_property
    def _telling(self) -> frozenset[str]:
        return frozenset(name for name in self.names if identifiers.strength(name) >= MUCH)

    def _led_by(self, step: Step, paths: Sequence[Path] | None) -> Iterator[Relation]:
        """The relations that lead to a step, or to certain paths of its request, also by way of what it only read."""
        pending = [
            relation
            for relation in _fed(step)
            if paths is None or any(path[: len(relation.target.path)] == relation.target.path for path in paths)
        ]
        seen: set[int] = set()
        while pending:
            relation = pending.pop()
            yield relation
            source = relation.source
            if isinstance(source, Source) and source.side != "request" and source.command not in seen:
                seen.add(source.command)
                pending += _fed(self.steps[source.command])

    def _is_ours(self, relation: Relation) -> bool:
        """Whether a relation's source is the answer to a command that made something, or asked about such a thing."""
        source, target = relation.source, relation.target
        if isinstance(source, Setting) or source.side == "request":
            return False
        value = lookup(self.steps[target.command].command.request, target.path)
        if isinstance(value, str) and identifiers.is_account(value[slice(*target.span)] if target.span else value):
            return False
        calls = self.done.get(source.command + 1, ())
        asked = (text for call in calls for _, text in _strings(call.request))
        return any(_makes(call) for call in calls) or any(text in self.names for text in asked)


def reason(step: Step, calls: Sequence[Call], replay: Replay) -> str | None:
    """Why a step that failed, with these calls, may succeed later: in words; None if it won't, or mustn't be tried."""
    call = _refused(step, calls)
    if call is None or call.error is None:
        return None
    for passing in PASSING:
        if passing.fits(call) and _is_about_ours(call, passing, step, replay):
            return f"{passing.reason} ({call.error.code})"
    return None


def delays(limit: float) -> Iterator[float]:
    """How long to wait before each further attempt: longer each time, and no more than `limit` seconds in all."""
    left, delay = limit, min(SHORTEST_DELAY, limit)
    while 0 < delay <= left:
        yield delay
        left -= delay
        delay = max(delay, min(2 * delay, left))


def _refused(step: Step, calls: Sequence[Call]) -> Call | None:
    """The call that the service refused, where that is why the command failed and nothing of it has taken effect."""
    words = [step.command.argv[at] for at in step.arguments]
    is_waiter = step.form is None and words[1:2] == ["wait"]
    if not calls or is_waiter or calls[-1].error is None or not calls[-1].error.is_refusal:
        return None
    changed = [call for call in calls if _changes(call) and not (call.error is not None and call.error.is_certain)]
    return None if changed else calls[-1]


def _fed(step: Step) -> list[Relation]:
    """The relations that feed a step, less those in whose place an override stands."""
    return [reference.relation for reference in step.request.references()]


def _changes(call: Call) -> bool:
    return READING.match(call.operation) is None


def _makes(call: Call) -> bool:
    return call.response is not None and _changes(call) and ENDING.match(call.operation) is None


def _is_about_ours(call: Call, passing: Passing, step: Step, replay: Replay) -> bool:
    """Whether it is something of the replay's making that a call's error is about."""
    assert call.error is not None
    message = call.error.message
    asked = [(path, text) for path, text in _strings(call.request) if _may_be_missing(path, text, call)]
    named = [path for path, text in asked if _stands_in(message, text) and passing.about is None]
    if replay.holds_ours(message) or replay.uses_ours(step, call, named):
        return True
    if named or passing.is_named:
        return False
    meant = [path for path, _ in _strings(call.request) if _is_meant(path, call, passing)]
    return replay.uses_ours(step, call, meant or None)


def _may_be_missing(path: Path, text: str, call: Call) -> bool:
    """Whether a string of a request may be what an error names: it says something, and is nothing that is made here."""
    says = identifiers.strength(text)
    tells = says >= MUCH or (says and identifiers.is_name(path, call.operation))
    return bool(tells) and not identifiers.is_account(text) and not _is_own_name(path, call.operation)


def _is_meant(path: Path, call: Call, passing: Passing) -> bool:
    """Whether what is at a path of a request is of the kind that an error is about."""
    kind = identifiers.kind(path, call.operation)
    if passing.about is not None:
        return passing.about.search(kind) is not None
    noun = identifiers.stem_of(NO_KIND.sub("", call.error.code if call.error else ""))
    return bool(noun and kind) and (kind.endswith(noun) or noun.endswith(kind))


def names_made(call: Call) -> Iterator[str]:
    """What the things are called that a call has made: names in its request, and what is new in its response."""
    if not _makes(call):
        return
    asked = {text for _, text in _strings(call.request)}
    yield from (text for path, text in _strings(call.request) if _is_own_name(path, call.operation))
    for _, text in _strings(call.response or {}):
        is_identifier = identifiers.strength(text) is PROOF and not identifiers.is_account(text)
        if is_identifier and text not in asked:
            yield text


def _is_own_name(path: Path, operation: str) -> bool:
    """Whether what is at a path of a request names the thing that the operation makes, and not one that it adds to."""
    is_new = identifiers.is_new(path, operation) and identifiers.is_name(path, operation)
    if len(path) != 1 or not is_new or operation.startswith("Add"):
        return False
    return operation.startswith("Create") or operation.lower().endswith(identifiers.stem_of(str(path[0])))


def _strings(document: object) -> Iterator[tuple[Path, str]]:
    for path, leaf in leaves(document):
        if isinstance(leaf, str) and leaf:
            yield path, leaf


def _stands_in(text: str, word: str) -> bool:
    """Whether a string stands in a text as a word of its own."""
    return word in text and re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) is not None
