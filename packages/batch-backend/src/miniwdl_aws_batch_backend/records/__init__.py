"""What this backend records for reports: each try of a task, and the hosts on which they ran."""
