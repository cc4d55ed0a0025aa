"""What answers: the deterministic stand-in, a function of yours, or a real model through LiteLLM.

`LiteLLMProvider` and `RetryingProvider` are in modules of their own, `fcc.providers.litellm` and
`fcc.providers.retry`, which an offline run does not import.
"""

from fcc.providers.base import (
    Message,
    ModelReply,
    ModelRequest,
    Origin,
    Provider,
    ResponseFormat,
    Role,
    Sampling,
    StreamingProvider,
    Usage,
)
from fcc.providers.deterministic import DeterministicProvider
from fcc.providers.function import FunctionProvider

__all__ = [
    "DeterministicProvider",
    "FunctionProvider",
    "Message",
    "ModelReply",
    "ModelRequest",
    "Origin",
    "Provider",
    "ResponseFormat",
    "Role",
    "Sampling",
    "StreamingProvider",
    "Usage",
]
