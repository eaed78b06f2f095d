"""The errors of docker-py that MiniStack catches, under docker-py's names."""


class DockerException(Exception):
    """Root of docker-py's errors."""


class APIError(DockerException):
    """The engine refused."""


class NotFound(APIError):
    """No container, network or volume of that name."""


class ImageNotFound(NotFound):
    """No image of that name."""
