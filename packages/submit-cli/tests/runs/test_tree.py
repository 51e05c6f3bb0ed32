from miniwdl_aws_submit_cli.runs.calls import Call, Try
from miniwdl_aws_submit_cli.runs.tree import FEW, KEPT, draw


def call(path: str, status: str = "SUCCEEDED", tries: int = 1, reason: str = "", exit_code: int | None = None) -> Call:
    started = None if status == "RUNNABLE" else 1000
    made = []
    for number in range(1, tries + 1):
        state = status if number == tries else "FAILED"
        job_id = f"{path.split('/')[0].removeprefix('call-')}#{number}"
        made.append(Try(job_id, number, state, "task", number, started, 13_000, exit_code, reason, None))
    return Call(path, "t", tuple(made))


def test_a_tree() -> None:
    calls = [
        call("call-sub-1/call-t", exit_code=0),
        call("call-sub-0/call-t", "FAILED", tries=2, reason="Host EC2 (i-1) terminated.", exit_code=143),
        call("call-last", "RUNNABLE", reason="UNDETERMINED - blocked"),
    ]
    assert draw(calls, 0, {"last#1": 3}) == [
        "├─ sub-0",
        "│  └─ t   failed     12s  exit 143  try 2  task  sub-0#2  Host EC2 (i-1) terminated.",
        "├─ sub-1",
        "│  └─ t   succeeded  12s  exit 0  task  sub-1#1",
        "└─ last   runnable   task  position 3  last#1  UNDETERMINED - blocked",
    ]


def test_shards_stand_in_the_order_of_their_numbers() -> None:
    drawn = draw([call(f"call-b-{n}") for n in (10, 9, 1)] + [call("call-a")], 0, {})
    assert [line.split()[1] for line in drawn] == ["b-1", "b-9", "b-10", "a"]


def test_many_that_succeeded_are_folded_and_others_are_not() -> None:
    calls = [call(f"call-t-{n}", "FAILED" if n == 50 else "SUCCEEDED") for n in range(100)]
    drawn = draw(calls, 0, {})
    assert len(drawn) == KEPT + 2
    assert any("t-50 " in line for line in drawn)
    assert drawn[-1].endswith(f"and {99 - KEPT} more that succeeded")
    assert len(draw(calls, 0, {}, everything=True)) == 100
    assert len(draw(calls[:FEW], 0, {})) == FEW
