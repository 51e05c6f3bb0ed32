"""
Follow CloudWatch log streams of AWS Batch jobs within a request budget.

For use as a library::

    from miniwdl_aws_cwlogs.log_source import LogSource, shared_budget
    from miniwdl_aws_cwlogs.follower import FixedStreams, Followed, Follower
    from miniwdl_aws_cwlogs.stream import LogStream

    stream = LogStream(LogSource.connect(region="eu-west-1"), "/aws/batch/job", "my-definition/default/0123")
    followed = Followed(stream, job_ended=lambda: True)
    for event in Follower(shared_budget()).events(FixedStreams([followed])):
        print(event.message)

This module itself exports nothing: the plugin beside it is loaded by every command of the project, botocore by few.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
