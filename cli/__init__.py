"""The `vibe-checker` command: what a team does on its first day and on every day after."""
