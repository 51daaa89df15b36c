"""Decides whether a failed command may succeed a little later, and how long to wait before it is sent again.

A resource that was just created isn't visible everywhere at once (eventual consistency). Three questions decide, and
all of them must be answered with yes:

1. Was the command refused for certain, so that nothing of it has taken effect?
2. Is it an error that passes by itself, one of `TRANSIENT_ERRORS`?
3. Is it about a resource that this replay has created? That is what the message names; or else what the request has of
   the kind that the error is about; or else anything that the command depends on.

`lambda create-function --role arn:aws:iam::1:role/orders` fails with `InvalidParameterValueException: The role defined
for the function cannot be assumed by Lambda`. The error is in the table, and `CreatedResources` knows that command 1 of
this replay created the role `orders`: `retry_reason` returns "the role can't be assumed yet
(InvalidParameterValueException)".

`play/player` sleeps and sends the command again. Which operations create something is `relations/operations`' to tell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from awstracer.plan.model import Step
from awstracer.relations import identifiers
from awstracer.relations.identifiers import Specificity
from awstracer.relations.model import EnvironmentValue, Relation, Source
from awstracer.relations.operations import (
    created_names,
    creates_something,
    is_deletion,
    is_read_only,
    names_created_resource,
)
from awstracer.trace.model import Call
from awstracer.trace.paths import Path, lookup, strings

SHORTEST_DELAY = 1.0  # seconds

NO_KIND = re.compile(
    r"^AWS\.\w+\.|Invalid|Incorrect|Malformed|Unknown|NoSuch|NonExistent|DoesNotExist|NotFound|InProgress|InUse|"
    r"Resource|Entity|State|Exception|Fault|Error|[^A-Za-z]"
)

ANY_TEXT = re.compile("")
ANY_OPERATION = ANY_TEXT.match
HEAD_BUCKET = re.compile("HeadBucket")
REFUSED_VALUE = r"Invalid(?:Parameter|Argument|Input|Request)\w*|BadRequestException|ClientException|Validation\w+"


@dataclass(frozen=True)
class TransientError:
    """A sort of error that passes by itself.

    reason     in words, for the person who waits
    code       matches the whole error code
    message    is found in the message
    operation  returns whether an operation can fail in this way
    about      is found in the kind of resource that the error is about; None for the kind that its code names
    is_named   whether the message itself has to name what this replay created, since the code alone says too little
    """

    reason: str
    code: re.Pattern[str]
    message: re.Pattern[str] = ANY_TEXT
    operation: Callable[[str], object] = ANY_OPERATION
    about: re.Pattern[str] | None = None
    is_named: bool = False

    def matches(self, call: Call) -> bool:
        """Return whether a call failed with an error of this sort."""
        return (
            call.error is not None
            and self.code.fullmatch(call.error.code) is not None
            and self.message.search(call.error.message) is not None
            and bool(self.operation(call.operation))
        )


TRANSIENT_ERRORS = (
    # "Changes that I make are not always immediately visible" (IAM's guide, troubleshooting). Most services find out
    # when they try to assume the role, and say so in words of their own under a general code: Lambda, Firehose, Glue,
    # CodeBuild, CodeDeploy, Bedrock, Cognito, ECS ("Unable to assume role and validate ...", hashicorp/terraform#4375).
    TransientError(
        "the role can't be assumed yet",
        re.compile(REFUSED_VALUE + r"|\w*TrustRelationshipException|\w*RoleException"),
        re.compile(
            r"(?i)cannot be assumed|(?:unable to|cannot|can't|could not|required to) assume|"
            r"not authorized to perform:? (?:sts:)?AssumeRole|trust relationship"
        ),
        about=re.compile("role"),
    ),
    # Step Functions and Glue. Other AccessDeniedExceptions are about a permission that the person lacks.
    TransientError(
        "the role can't be assumed yet",
        re.compile(r"AccessDeniedException"),
        re.compile(r"authorized to assume the provided role|[Ss]ervice is unable to assume"),
        about=re.compile("role"),
    ),
    # Lambda tries out what the role of a function may do (VPCs, streams, queues).
    TransientError(
        "the role's permissions are not in force yet",
        re.compile(REFUSED_VALUE),
        re.compile(r"execution role does not have permissions|ensure the role can perform"),
        about=re.compile("role"),
    ),
    # EC2's guide, "IAM roles for Amazon EC2"; Auto Scaling and EMR use other words.
    TransientError(
        "the instance profile is not visible yet",
        re.compile(REFUSED_VALUE),
        re.compile(r"(?i)invalid (?:iam ?)?instance ?profile"),
        about=re.compile("instanceprofile|jobflowrole"),
    ),
    # S3, SNS, SQS, KMS: a policy that names a user or a role which was created just before.
    TransientError(
        "a principal in the policy is not visible yet",
        re.compile(REFUSED_VALUE + r"|MalformedPolicy\w*|InvalidAttributeValue"),
        re.compile(r"(?i)invalid principals?|PrincipalNotFound|invalid value for the parameter policy"),
        about=re.compile("policy|attribute"),
    ),
    # S3's notifications, CloudWatch Logs' subscriptions and Auto Scaling's hooks send a test message first.
    TransientError(
        "the destination can't be reached yet",
        re.compile(REFUSED_VALUE),
        re.compile(r"validate the following destination|(?:deliver|publish) test (?:message|notification)"),
    ),
    # EC2's guide, "Eventual consistency"; other services have the like. A response to HEAD has no body to hold a code.
    TransientError(
        "what it names is not visible everywhere yet",
        re.compile(r"[\w.]*NotFound(?:Exception|Fault|Error)?|NoSuch\w+|[\w.]*(?:DoesNotExist|NonExistent)\w*"),
    ),
    TransientError("what it names is not visible everywhere yet", re.compile("404"), operation=HEAD_BUCKET.fullmatch),
    # CloudFormation, Auto Scaling, Lambda: the code says only that some value is wrong, so the message must name it.
    TransientError(
        "what it names is not visible everywhere yet",
        re.compile(r"Invalid(?:Parameter|Argument|Input|Request)\w*|ValidationError"),
        re.compile(r"(?i)(?:does not|doesn't|do not) exist|(?:not|cannot be|could not be) found"),
        is_named=True,
    ),
    # DynamoDB, Kinesis and others use one code for what exists already (permanent) and what is being changed.
    TransientError(
        "an earlier change is still in progress",
        re.compile(r"[\w.]*InProgress\w*|ResourceInUse\w*|Concurrent\w*|OperationAborted|PriorRequestNotComplete"),
        re.compile(r"(?is)\A(?!.*already exist)"),
    ),
    TransientError(
        "an earlier change is still in progress",
        re.compile(r"\w*Conflict\w*"),
        re.compile(r"(?i)in progress|concurrent|conflicting|state: pending"),
    ),
    # Most resources can't be used before they are ready. Whoever recorded the trace had waited for that by hand.
    TransientError(
        "what it names is not ready yet",
        re.compile(r"Incorrect\w*State|Invalid\w*State(?:Fault|Exception)?|\w*NotReady\w*|InvalidInstanceID"),
        re.compile(
            r"(?i)pending|creating|provisioning|initiali[sz]ing|modifying|updating|\bnot\b.*\b(?:available|ready|active)"
        ),
    ),
    # What used the resource takes a while to be deleted: hashicorp/terraform#2532, kubernetes#21147; so in IAM.
    TransientError(
        "something that is going still uses it",
        re.compile(r"DependencyViolation|[\w.]*InUse\w*|DeleteConflict\w*"),
        operation=is_deletion,
    ),
)


@dataclass(frozen=True)
class CreatedResources:
    """What a replay has created so far.

    steps   all steps of its plan
    done    the calls of the steps that succeeded, by the steps' numbers
    """

    steps: Sequence[Step]
    done: Mapping[int, Sequence[Call]]

    @cached_property
    def names(self) -> frozenset[str]:
        """What the created resources are called: the names that they were given, and the identifiers that they got."""
        return frozenset(name for calls in self.done.values() for call in calls for name in created_names(call))

    @cached_property
    def _specific_names(self) -> frozenset[str]:
        return frozenset(name for name in self.names if identifiers.specificity(name) >= Specificity.STRONG)

    def are_named_in(self, text: str) -> bool:
        """Return whether a text is the name of a created resource, or has a specific one as a word in it."""
        return text in self.names or any(_has_word(text, name) for name in self._specific_names)

    def are_used_by(self, step: Step, call: Call, paths: Sequence[Path] | None = None) -> bool:
        """Return whether a step's call depends on a created resource; with `paths`, whether the values there do."""
        texts = [text for path, text in strings(call.request) if paths is None or path in paths]
        if any(self.are_named_in(text) for text in texts):
            return True
        return any(self._is_source_created(relation) for relation in self._relations_to(step, paths))

    def _relations_to(self, step: Step, paths: Sequence[Path] | None) -> Iterator[Relation]:
        """Yield the relations that lead to a step's request, or to paths in it, also through commands that only read.

        A subnet's id from `describe-subnets --filters Name=vpc-id,Values=vpc-0a` leads to the VPC in this way.
        """
        pending = [
            relation
            for relation in _sources(step)
            if paths is None or any(path[: len(relation.target.path)] == relation.target.path for path in paths)
        ]
        seen: set[int] = set()
        while pending:
            relation = pending.pop()
            yield relation
            source = relation.source
            if isinstance(source, Source) and source.section != "request" and source.command not in seen:
                seen.add(source.command)
                pending += _sources(self.steps[source.command])

    def _is_source_created(self, relation: Relation) -> bool:
        """Return whether a relation's source is a response to a command that created something, or asked for such."""
        source, target = relation.source, relation.target
        if isinstance(source, EnvironmentValue) or source.section == "request":
            return False
        value = lookup(self.steps[target.command].command.request, target.path)
        if isinstance(value, str) and identifiers.is_account(value[slice(*target.span)] if target.span else value):
            return False
        calls = self.done.get(source.command + 1, ())
        requested = (text for call in calls for _, text in strings(call.request))
        return any(creates_something(call) for call in calls) or any(text in self.names for text in requested)


def retry_reason(step: Step, calls: Sequence[Call], created: CreatedResources) -> str | None:
    """Return in words why a step that failed with these calls may succeed later; None if it must not be sent again."""
    call = _refused_call(step, calls)
    if call is None or call.error is None:
        return None
    for transient in TRANSIENT_ERRORS:
        if transient.matches(call) and _is_about_created(call, transient, step, created):
            return f"{transient.reason} ({call.error.code})"
    return None


def retry_delays(limit: float) -> Iterator[float]:
    """Yield the seconds to wait before each further attempt: longer each time, no more than `limit` in all."""
    left, delay = limit, min(SHORTEST_DELAY, limit)
    while 0 < delay <= left:
        yield delay
        left -= delay
        delay = max(delay, min(2 * delay, left))


def _refused_call(step: Step, calls: Sequence[Call]) -> Call | None:
    """Return the call that made the command fail, if the service refused it and the command has changed nothing."""
    words = [step.command.argv[at] for at in step.arguments]
    is_waiter = step.operation_command is None and words[1:2] == ["wait"]
    if not calls or is_waiter or calls[-1].error is None or not calls[-1].error.is_refusal:
        return None
    return None if any(map(_may_have_changed, calls)) else calls[-1]


def _may_have_changed(call: Call) -> bool:
    return not is_read_only(call.operation) and not (call.error is not None and call.error.is_certain)


def _sources(step: Step) -> list[Relation]:
    """Return the relations that lead to a step's request, without those that an override replaces."""
    return [reference.relation for reference in step.request.references()]


def _is_about_created(call: Call, transient: TransientError, step: Step, created: CreatedResources) -> bool:
    """Return whether a call's error is about a resource that this replay has created."""
    assert call.error is not None
    message = call.error.message
    candidates = [path for path, text in strings(call.request) if _may_be_missing(path, text, call)]
    named = [path for path in candidates if transient.about is None and _has_word(message, lookup(call.request, path))]
    if created.are_named_in(message) or created.are_used_by(step, call, named):
        return True
    if named or transient.is_named:
        return False
    of_kind = [path for path, _ in strings(call.request) if _is_of_kind(path, call, transient)]
    return created.are_used_by(step, call, of_kind or None)


def _may_be_missing(path: Path, text: str, call: Call) -> bool:
    """Return whether a string of a request may name what an error says is missing, and not what is created here."""
    strength = identifiers.specificity(text)
    is_telling = strength >= Specificity.STRONG or (strength and identifiers.is_resource_name(path, call.operation))
    is_foreign = not identifiers.is_account(text) and not names_created_resource(path, call.operation)
    return bool(is_telling) and is_foreign


def _is_of_kind(path: Path, call: Call, transient: TransientError) -> bool:
    """Return whether a request has at a path a resource of the kind that the error is about."""
    kind = identifiers.resource_type(path, call.operation)
    if transient.about is not None:
        return transient.about.search(kind) is not None
    noun = identifiers.normalize_type(NO_KIND.sub("", call.error.code if call.error else ""))
    return bool(noun and kind) and (kind.endswith(noun) or noun.endswith(kind))


def _has_word(text: str, word: str) -> bool:
    """Return whether a string stands in a text as a word of its own."""
    return word in text and re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) is not None
