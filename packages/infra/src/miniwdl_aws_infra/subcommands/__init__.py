"""The subcommands of ``miniwdl-aws infra``, each in a module of its name, and what several of them do alike."""
