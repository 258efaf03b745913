"""What the bench's rows are called."""

from __future__ import annotations

SERVICE, RESOURCE, COUNTRY = "retail", "promotions", "DE"
COLUMNS = (
    *("id", "country", "sku", "name", "quantity", "price", "pct", "active", "start_date", "end_date"),
    *("attributes", "created_at", "updated_at"),
)
