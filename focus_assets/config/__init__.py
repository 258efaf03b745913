"""Every knob, as models; the environment is read here and nowhere else."""

from focus_assets.config.auth import ApiKeyAuth, Auth, BasicAuth, BearerAuth, FocusAuth, NoAuth, OAuth2Auth
from focus_assets.config.brokers import Broker, Kafka
from focus_assets.config.destination import Destination
from focus_assets.config.discovered import DiscoveredSource
from focus_assets.config.document import Alerts, Concurrency, Config, Document, Schedules, SourceSettings
from focus_assets.config.editor import json_schema
from focus_assets.config.exchange import ExchangeSource
from focus_assets.config.limits import RateLimit, Retry, Timeouts
from focus_assets.config.load import load_config
from focus_assets.config.rest import RestResource, RestSource
from focus_assets.config.sending import Sending
from focus_assets.config.source import BadRows
from focus_assets.config.writeback import Writeback

__all__ = [
    "Alerts",
    "ApiKeyAuth",
    "Auth",
    "BadRows",
    "BasicAuth",
    "BearerAuth",
    "Broker",
    "Concurrency",
    "Config",
    "Destination",
    "DiscoveredSource",
    "Document",
    "ExchangeSource",
    "FocusAuth",
    "Kafka",
    "NoAuth",
    "OAuth2Auth",
    "RateLimit",
    "RestResource",
    "RestSource",
    "Retry",
    "Schedules",
    "Sending",
    "SourceSettings",
    "Timeouts",
    "Writeback",
    "json_schema",
    "load_config",
]
