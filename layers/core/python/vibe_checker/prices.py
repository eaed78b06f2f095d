"""What AWS asks, in USD: its published on-demand prices of us-east-1 in November 2026, x86.

Regions differ by up to a third; the free tier, start-ups and /tmp beyond 512 MB are left out.
"""

# https://aws.amazon.com/lambda/pricing: by the GB of 1,024 MiB that a function is given.
LAMBDA_GB_SECOND = 0.0000166667
LAMBDA_REQUEST = 0.20 / 1_000_000
# https://aws.amazon.com/step-functions/pricing: a state entered, retries too.
STATE_TRANSITION = 25.00 / 1_000_000
