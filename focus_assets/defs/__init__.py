"""All that is Dagster: resources, assets, checks, jobs, schedules, sensors. `focus_assets.definitions` wires them."""

__all__: list[str] = []
