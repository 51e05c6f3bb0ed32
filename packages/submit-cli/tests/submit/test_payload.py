import base64
import lzma

from miniwdl_aws_submit_cli.submit.payload import Payload


def test_encoding_is_what_the_workflow_job_decodes() -> None:
    data = b"version 1.0\n" * 500
    text = Payload("x.wdl.zip", data).encode()
    assert lzma.decompress(base64.urlsafe_b64decode(text), format=lzma.FORMAT_ALONE) == data
    assert len(text) < 200
