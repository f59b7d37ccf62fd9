"""What rules ask of an effective configuration, whoever says it: the file, a run flag, a compose service, a label."""
