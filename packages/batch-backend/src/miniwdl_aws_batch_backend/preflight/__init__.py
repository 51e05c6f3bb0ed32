"""What ``miniwdl-aws doctor`` looks at for this distribution: queues, their hosts, images, and tasks."""
