"""Lambda functions as local processes, behind the one door that MiniStack knows: `import docker`.

This directory goes on the emulator's PYTHONPATH, and on no other process's, so that its `import
docker` finds the package beside this file and not the real docker-py that other tools install.
"""
