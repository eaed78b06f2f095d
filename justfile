# The names that people know from the earlier project, for what `make` and `vibe-checker` do.

# List the recipes
default:
    @{{ just_executable() }} --list

# Make .venv with everything in it, the vibe-checker command too
install-pipeline:
    make install

# Print `export ...` lines of the deployed stack: eval "$(just export-environment-variables-from-infra)"
export-environment-variables-from-infra *options:
    @.venv/bin/vibe-checker env {{ options }}
