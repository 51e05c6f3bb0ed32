"""``python -m miniwdl_aws_s3_rails``: the same as ``miniwdl-run-s3upload``."""

import sys

from miniwdl_aws_s3_rails.workflow_job.run_s3upload import main

sys.exit(main())
