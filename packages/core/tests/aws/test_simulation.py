from miniwdl_aws_core.aws.permissions import Role, statements
from miniwdl_aws_core.aws.simulation import Place, lacking, questions

PLACE = Place("aws-cn", "123456789012", "cn-north-1", ("task", "spare"), ("staging", "lab"), ("lab",))
BATCH = "arn:aws-cn:batch:cn-north-1:123456789012"


def asked(place=PLACE):
    """Resources by action."""
    found = {}
    for actions, resources in questions(Role.WORKFLOW, place):
        for action in actions:
            found.setdefault(action, []).extend(resources)
    return found


def test_every_action_that_all_setups_need_is_asked_about():
    assert asked().keys() == {action for item in statements(Role.WORKFLOW) if not item.when for action in item.actions}


def test_actions_of_batch_are_asked_about_with_the_resources_that_they_take():
    found = asked()
    queues = [f"{BATCH}:job-queue/task", f"{BATCH}:job-queue/spare"]
    assert found["batch:SubmitJob"] == [*queues, f"{BATCH}:job-definition/miniwdl-task-x:1"]
    assert found["batch:GetJobQueueSnapshot"] == queues
    assert found["batch:TerminateJob"] == [f"{BATCH}:job/00000000-0000-0000-0000-000000000000"]
    assert found["batch:DescribeJobs"] == ["*"]


def test_results_go_into_fewer_buckets_than_inputs_come_from():
    found = asked()
    assert found["s3:PutObject"] == ["arn:aws-cn:s3:::lab/x"]
    assert found["s3:GetObject"] == ["arn:aws-cn:s3:::lab/x", "arn:aws-cn:s3:::staging/x"]
    assert found["s3:ListBucket"] == ["arn:aws-cn:s3:::lab", "arn:aws-cn:s3:::staging"]


def test_buckets_that_nobody_named_are_not_asked_about():
    assert not [action for action in asked(Place("aws", "1" * 12, "x", ("task",))) if action.startswith("s3:")]


class Iam:
    """Allows all but one action, one answer a page."""

    def __init__(self):
        self.requests = []

    def simulate_principal_policy(self, **request):
        self.requests.append(request)
        results = [
            {
                "EvalActionName": action,
                "EvalResourceName": resource,
                "EvalDecision": {"b:No": "implicitDeny", "b:Never": "explicitDeny"}.get(action, "allowed"),
            }
            for action in request["ActionNames"]
            for resource in request["ResourceArns"]
        ]
        here = int(request.get("Marker", 0))
        more = here + 1 < len(results)
        return {"EvaluationResults": results[here : here + 1], "IsTruncated": more, "Marker": str(here + 1)}


def test_what_is_not_allowed_is_found_on_all_pages():
    iam = Iam()
    found = lacking(iam, "arn:role", [(("a:Yes", "b:No"), ("r1", "r2")), (("b:Never",), ("*",))])
    assert found == [("b:No", "r1"), ("b:No", "r2"), ("b:Never", "*")]
    assert {request["PolicySourceArn"] for request in iam.requests} == {"arn:role"}
