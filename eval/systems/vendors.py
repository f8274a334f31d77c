"""The vendors whose models a benchmark can call: everything that differs by vendor, except the form of a request.

To add a vendor, add its name to `Vendor`, its row to `VENDORS`, two functions to `eval.systems.vendor_clients` (open a
stream, handle an event), its models to prices.toml and its package to the extra `bench` of pyproject.toml.
"""

from dataclasses import dataclass
from typing import Literal

Vendor = Literal["anthropic", "openai", "google"]


@dataclass(frozen=True, slots=True)
class VendorFacts:
    """What is known of a vendor."""

    prefix: str
    """How its model ids begin."""
    package: str
    """On the package index."""
    module: str
    """What the package is imported as."""
    keys: tuple[str, ...]
    """Environment variables that hold a key; one of them must be set."""
    host_variable: str
    """Environment variable with the address to which pages go; the client itself reads it."""
    host: str
    """The address without that variable."""
    errors: tuple[tuple[str, str], ...]
    """What the client and its HTTP library raise: module and name of each exception."""
    concurrency: int = 8
    """Requests in flight."""


VENDORS: dict[Vendor, VendorFacts] = {
    "anthropic": VendorFacts(
        prefix="claude-",
        package="anthropic",
        module="anthropic",
        keys=("ANTHROPIC_API_KEY",),
        host_variable="ANTHROPIC_BASE_URL",
        host="https://api.anthropic.com",
        errors=(("anthropic", "AnthropicError"), ("httpx2", "HTTPError"), ("httpx2", "StreamError")),
    ),
    "openai": VendorFacts(
        prefix="gpt-",
        package="openai",
        module="openai",
        keys=("OPENAI_API_KEY",),
        host_variable="OPENAI_BASE_URL",
        host="https://api.openai.com/v1",
        errors=(("openai", "OpenAIError"), ("httpx2", "HTTPError"), ("httpx2", "StreamError")),
    ),
    "google": VendorFacts(
        prefix="gemini-",
        package="google-genai",
        module="google.genai",
        keys=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        host_variable="GOOGLE_GEMINI_BASE_URL",
        host="https://generativelanguage.googleapis.com",
        errors=(("google.genai.errors", "APIError"), ("httpx", "HTTPError"), ("httpx", "StreamError")),
    ),
}
