"""What Python callers import: thin words for scripts and notebooks, over the engine that Dagster and `focus` use."""

from __future__ import annotations

from focus_assets.api.client import ClientOptions, OAuthClient, RateLimiter, Response, RESTClient
from focus_assets.api.database import DatabaseClient
from focus_assets.api.errors import ErrorHandler
from focus_assets.api.extraction import Answers, APIExtractor, IncrementalExtractor
from focus_assets.api.fetching import DataFetcher, Stored
from focus_assets.api.loading import DatabaseLoader, Loaded
from focus_assets.api.transforming import ResponseTransformer

__all__ = [
    "APIExtractor",
    "Answers",
    "ClientOptions",
    "DataFetcher",
    "DatabaseClient",
    "DatabaseLoader",
    "ErrorHandler",
    "IncrementalExtractor",
    "Loaded",
    "OAuthClient",
    "RESTClient",
    "RateLimiter",
    "Response",
    "ResponseTransformer",
    "Stored",
]
