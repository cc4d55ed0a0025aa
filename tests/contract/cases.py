"""What the contract asks every provider."""

from __future__ import annotations

from fcc.providers.base import Message, ModelRequest, Sampling

REQUEST = ModelRequest(
    messages=(
        Message("system", "You are a careful release engineer."),
        Message("user", "Write the smallest Kubernetes Deployment for a service called shop."),
    ),
    sampling=Sampling(temperature=0.0, max_tokens=200, seed=1),
    call_id="build/0/0/0/0",
)
