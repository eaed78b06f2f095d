"""The page where people read predictions: a function behind an HTTP API, and who may ask it."""

import json
from collections.abc import Mapping

from aws_cdk import Annotations, Duration, RemovalPolicy, Size
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from infra.functions import HEAVY, Functions
from infra.nag import acknowledge, acknowledge_keys
from infra.settings import Settings

# What is published, and what tells of runs. Inputs, models and staging files stay out of reach.
READABLE = [
    "Q*/predictions.jsonl",
    "Q*/concept.json",
    "Q*/classifier.json",
    "runs/*/run.json",
    "runs/*/summary.json",
    "runs/*/results/*",
]
LISTABLE = ["Q*", "runs/*"]
_LOGIN = "/login"
# Tries of a password, over all who try: API Gateway counts them for every copy of the function.
_LOGINS = {"ThrottlingRateLimit": 1, "ThrottlingBurstLimit": 5}


class Website(Construct):
    """Reads the outputs and nothing else; writes nothing."""

    def __init__(self, scope: Construct, *, bucket: s3.IBucket, settings: Settings) -> None:
        super().__init__(scope, "Website")
        self._settings = settings
        self._bucket = bucket
        self._secret = self._page_secret()
        self.function = self._function()
        self._may_read_outputs()
        self.api = self._api()
        if settings.web_auth == "open":
            Annotations.of(self).add_warning_v2(
                "vibe-checker:open-page",
                "web_auth is 'open': whoever has the address can read every prediction. Leave the "
                "setting out, and the page asks for a password.",
            )

    def _function(self) -> lambda_.DockerImageFunction:
        function = Functions(self, environment={"BUCKET": self._bucket.bucket_name}).image(
            "Web",
            # 100,000 predictions take 0.8 GB, a comparison 1.0; here is most of two cores, too.
            memory=HEAVY,
            # The HTTP API waits no longer.
            timeout=Duration.seconds(29),
            storage=Size.gibibytes(2),
            environment=self._environment(),
        )
        if self._secret:
            self._secret.grant_read(function)
        return function

    def _page_secret(self) -> secretsmanager.ISecret | None:
        """The page's password, made at deployment, or what the page itself logs in with."""
        if self._settings.web_auth == "password":
            password = secretsmanager.Secret(
                self,
                "Password",
                description="The password of the Vibe Checker page",
                generate_secret_string=secretsmanager.SecretStringGenerator(
                    password_length=24, exclude_punctuation=True
                ),
            )
            reason = "people share and keep it: it changes when they want, by put-secret-value"
            acknowledge(password, "SMG4", reason)
            return password
        if self._settings.web_auth == "oidc":
            return secretsmanager.Secret.from_secret_name_v2(
                self, "ClientSecret", self._settings.web_oidc_secret_name
            )
        return None

    @property
    def _secret_id(self) -> str:
        """By what Secrets Manager finds it: the ARN of our own, the name of a team's."""
        if self._settings.web_auth == "oidc":
            return self._settings.web_oidc_secret_name
        return self._secret.secret_arn if self._secret else ""

    def _environment(self) -> Mapping[str, str]:
        return {
            "AUTH": self._settings.web_auth,
            "AUTH_SECRET": self._secret_id,
            "OIDC_ISSUER": self._settings.web_oidc_issuer,
            "OIDC_CLIENT_ID": self._settings.web_oidc_client_id,
            "OIDC_ALLOWED": self._settings.web_oidc_allowed,
        }

    def _may_read_outputs(self) -> None:
        self.function.add_to_role_policy(
            iam.PolicyStatement(
                actions=["s3:GetObject", "s3:GetObjectVersion"],
                resources=[self._bucket.arn_for_objects(pattern) for pattern in READABLE],
            )
        )
        acknowledge_keys(self.function, self._bucket, READABLE)
        self.function.add_to_role_policy(
            iam.PolicyStatement(
                actions=["s3:ListBucket", "s3:ListBucketVersions"],
                resources=[self._bucket.bucket_arn],
                conditions={"StringLike": {"s3:prefix": LISTABLE}},
            )
        )

    def _api(self) -> apigateway.HttpApi:
        integration = HttpLambdaIntegration("Web", self.function)
        api = apigateway.HttpApi(self, "Api", create_default_stage=False)
        for path, methods in (
            ("/", [apigateway.HttpMethod.GET]),
            ("/{path+}", [apigateway.HttpMethod.GET]),
            (_LOGIN, [apigateway.HttpMethod.POST]),
        ):
            for route in api.add_routes(path=path, methods=methods, integration=integration):
                acknowledge(route, "APIG4", "the function itself asks who it is: setting web_auth")
        stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=api,
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(rate_limit=50, burst_limit=100),
        )
        resource = stage.node.default_child
        assert isinstance(resource, apigateway.CfnStage)
        # CDK has no words for one route's own limit.
        resource.add_property_override("RouteSettings", {f"POST {_LOGIN}": _LOGINS})
        resource.access_log_settings = self._access_log()
        return api

    def _access_log(self) -> apigateway.CfnStage.AccessLogSettingsProperty:
        """Who asked for what, kept as long as the functions' logs; no words of a search."""
        group = logs.LogGroup(
            self,
            "AccessLog",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=RemovalPolicy.DESTROY,
        )
        names = ("requestId", "identity.sourceIp", "requestTime", "routeKey", "status")
        return apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=group.log_group_arn,
            format=json.dumps({name: f"$context.{name}" for name in names}),
        )

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"{self.api.api_endpoint}/"

    @property
    def login(self) -> str:
        """Who gets in, and how."""
        return {
            "open": "OPEN: whoever has the address can read every prediction (setting web_auth)",
            "oidc": f"by {self._settings.web_oidc_issuer} for {self._settings.web_oidc_allowed}",
            "password": "aws secretsmanager get-secret-value --query SecretString --output text "
            f"--secret-id {self._secret_id}",
        }[self._settings.web_auth]
